"""The WASI adapter between a guest and the host: requests that the guest sends, call by call."""

import pytest
from scripted_host import Script
from scripted_lab import ScriptedLab

pytestmark = pytest.mark.anyio

CREATED = b"o201\rx-a\n\xc3\xa4\r"
GET = b"GET\rhttp\rexample.com\r/a?b\r"


async def test_a_request_without_a_body_crosses_in_one_call(lab: ScriptedLab) -> None:
    await lab.serve("/out?http://example.com/a?b", Script(responses=[CREATED]))
    assert lab.host.arguments("start") == [b"58\r" + GET + b"\r5000000000\r5000000000\r\rx-lab\n1\r"]


async def test_the_response_comes_back_as_it_is_read(lab: ScriptedLab) -> None:
    reads = [b"rhello ", b"p", b"b/w==", b"e"]
    names = await lab.serve("/out?http://example.com/a?b", Script(responses=[b"p", CREATED], reads=reads))
    assert names[:4] == ["request", "start", "response", "response"]
    assert lab.host.arguments("respond-head") == [b"201\rx-a\n\xc3\xa4\r"]
    assert lab.host.arguments("respond-chunk") == [b"rhello ", b"b/w=="]
    assert lab.host.arguments("close") == [16]


async def test_trailers_of_a_response_reach_the_guest(lab: ScriptedLab) -> None:
    await lab.serve("/out?http://example.com/", Script(responses=[CREATED], reads=[b"rbody", b"ex-sum\n7\r"]))
    assert lab.host.arguments("respond-end") == [b"x-sum\n7\r"]


@pytest.mark.parametrize(
    ("code", "seen"),
    [
        (b"HTTP-request-denied", "ErrorCode::HttpRequestDenied"),
        (b"connection-refused", "ErrorCode::ConnectionRefused"),
        (b"HTTP-response-timeout", "ErrorCode::HttpResponseTimeout"),
        (b"DNS-error\nNXDOMAIN\n7", 'DnsErrorPayload { rcode: Some("NXDOMAIN"), info-code: Some(7) }'),
        (b"TLS-alert-received\n40\n", "TlsAlertReceivedPayload { alert-id: Some(40), alert-message: None }"),
        (
            b"HTTP-request-header-size\nx-big\n",
            'Some(FieldSizePayload { field-name: Some("x-big"), field-size: None })',
        ),
        (b"internal-error\nit broke", 'ErrorCode::InternalError(Some("it broke"))'),
        (b"no-such-code", 'ErrorCode::InternalError(Some("no-such-code"))'),
    ],
)
async def test_a_failure_is_what_the_response_comes_to(lab: ScriptedLab, code: bytes, seen: str) -> None:
    names = await lab.serve("/out?http://example.com/", Script(responses=[b"x" + code]))
    assert names == ["request", "start", "response", "close", "respond"]
    assert seen in lab.body()


async def test_a_response_that_breaks_off_is_an_error_of_its_stream(lab: ScriptedLab) -> None:
    reads = [b"rsome", b"xHTTP-response-timeout"]
    await lab.serve("/out?http://example.com/", Script(responses=[CREATED], reads=reads))
    assert b"failed: Some(ErrorCode::HttpResponseTimeout)" in lab.host.arguments("log")[0]
    assert lab.host.arguments("respond-fail") == [b"HTTP-response-incomplete"]


@pytest.mark.parametrize("target", ["/out-post?http://example.com/a?b", "/out-early?http://example.com/a?b"])
async def test_a_body_that_is_finished_in_time_crosses_with_its_head(lab: ScriptedLab, target: str) -> None:
    names = await lab.serve(target, Script(start=b"early", responses=[CREATED]))
    assert names[1:3] == ["start", "response"]
    (request,) = lab.host.arguments("start")
    assert request.endswith(b"\rexample.com\r/a?b\r\r\r\r\rx-lab\n1\rearly")


async def test_a_body_that_comes_slowly_is_streamed(lab: ScriptedLab) -> None:
    script = Script(body=[b"rone", b"p", b"b/w==", b"p", b"rthree"], responses=[CREATED])
    await lab.serve("/out-stream?http://example.com/a?b", script)
    (request,) = lab.host.arguments("start")
    assert request.endswith(b"/a?b\rs\r\r\r\rx-lab\n1\rone")
    assert lab.host.arguments("write") == [b"b/w==", b"rthree"]
    assert lab.host.arguments("finish") == [b""]


async def test_a_long_body_is_streamed(lab: ScriptedLab) -> None:
    await lab.serve("/out-post?http://example.com/", Script(start=b"x" * 150_000, responses=[CREATED]))
    (request,) = lab.host.arguments("start")
    assert b"\rs\r" in request
    assert len(request) > 65536
    assert [len(chunk) - 1 for chunk in lab.host.arguments("write")] == [65536, 150_000 - 2 * 65536]


async def test_a_body_that_is_dropped_before_it_is_sent_sends_nothing(lab: ScriptedLab) -> None:
    assert await lab.serve("/out-unfinished?http://example.com/") == ["request", "respond"]
    assert lab.body() == "Err(ErrorCode::HttpProtocolError)"


async def test_what_nobody_wants_any_more_is_closed(lab: ScriptedLab) -> None:
    await lab.serve("/out-drop?http://example.com/", Script(responses=[CREATED], reads=[b"rmuch more"]))
    assert [call for call in lab.host.calls if call[0] in ("start", "close")][1] == ("close", 16)
    assert lab.host.arguments("close") == [16, 18]
    assert lab.body() == "dropped after Ok(1)"


async def test_two_requests_are_under_way_at_once(lab: ScriptedLab) -> None:
    names = await lab.serve("/out-two?http://example.com/", Script(responses=[CREATED, CREATED]))
    assert names == ["request", "start", "start", "response", "close", "response", "close", "respond"]
    assert lab.body() == "[Ok(201), Ok(201)]"


async def test_a_request_that_cannot_be_sent_is_refused(lab: ScriptedLab) -> None:
    assert await lab.serve("/out-invalid") == ["request", "respond"]
    refused = "[Err(ErrorCode::HttpProtocolError), Err(ErrorCode::HttpRequestBodySize(Some(0)))]"
    assert lab.body() == f"[Err(()), Err(()), Err(()), Err(()), Err(())] {refused}"


async def test_a_request_to_the_application_itself_has_no_authority(lab: ScriptedLab) -> None:
    await lab.serve("/out?/of-my-own", Script(responses=[CREATED]))
    assert b"\rGET\r\r\r/of-my-own\r\r" in lab.host.arguments("start")[0]

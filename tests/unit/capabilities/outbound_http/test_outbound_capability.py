"""`whorl:host/http-client`, called as an adapter calls it, by an instance without a guest: requests and responses."""

import pytest
from http_client_calls import FakeInstance, Guest, started

from whorl.capabilities.outbound_http.memory_client import MemoryResponse
from whorl.capabilities.outbound_http.messages import OutboundError, OutboundRequest, OutboundResponse

pytestmark = pytest.mark.anyio


async def test_a_request_with_its_body_is_answered(instance: FakeInstance) -> None:
    guest = Guest(instance)
    task = guest.start(started(method="POST", body=b"h\xc3\xa9llo"))
    assert guest.call("response", task) == b"p"
    assert await guest.response(task) == b"o200\rx-host\npeer.test\r"
    assert await guest.read_all(task) == ("hé".encode() + b"llo", b"e")


async def test_a_body_that_is_not_text_crosses_as_base64(instance: FakeInstance) -> None:
    guest = Guest(instance)
    task = guest.start(started(method="POST", flags="b", body=b"/w=="))
    await guest.response(task)
    assert await guest.read(task) == b"b/w=="


async def test_fields_of_the_connection_are_hidden_and_names_are_lower_case(instance: FakeInstance) -> None:
    async def answer(_request: OutboundRequest) -> OutboundResponse:
        return MemoryResponse(200, [(b"Keep-Alive", b"5"), (b"Transfer-Encoding", b"chunked"), (b"X-A", b"\xe9")])

    guest = Guest(instance, answer)
    assert await guest.response(guest.start(started())) == "o200\rx-a\né\r".encode()


async def test_trailers_go_both_ways(instance: FakeInstance) -> None:
    sent: list[object] = []

    async def answer(request: OutboundRequest) -> OutboundResponse:
        assert not isinstance(request.body, bytes)
        while await request.body():
            pass
        sent.extend(request.trailers())
        return MemoryResponse(200, trailers=[(b"X-Sum", b"7")])

    guest = Guest(instance, answer)
    task = guest.start(started(method="POST", flags="s", body=b"x"))
    guest.call("finish", task, b"x-a\nb\r")
    await guest.response(task)
    assert await guest.read(task) == b"ex-sum\n7\r"
    assert sent == [(b"x-a", b"b")]


async def test_a_failure_is_what_response_answers(instance: FakeInstance) -> None:
    async def answer(_request: OutboundRequest) -> OutboundResponse:
        raise OutboundError("DNS-error", "address not available")

    guest = Guest(instance, answer)
    assert await guest.response(guest.start(started())) == b"xDNS-error\naddress not available\n"


async def test_an_unexpected_failure_of_the_host_is_an_internal_error(
    instance: FakeInstance, caplog: pytest.LogCaptureFixture
) -> None:
    async def answer(_request: OutboundRequest) -> OutboundResponse:
        raise ZeroDivisionError

    guest = Guest(instance, answer)
    assert (await guest.response(guest.start(started()))).startswith(b"xinternal-error\n")
    assert "ZeroDivisionError" in caplog.text


async def test_timeouts_of_the_guest_reach_the_client_in_seconds(instance: FakeInstance) -> None:
    seen: list[float | None] = []

    async def answer(request: OutboundRequest) -> OutboundResponse:
        seen.extend((request.connect_timeout, request.first_byte_timeout, request.between_bytes_timeout))
        return MemoryResponse(200)

    guest = Guest(instance, answer)
    await guest.response(guest.start(started(timeouts="1000000000\r\r250000000")))
    assert seen == [1.0, 600.0, 0.25]

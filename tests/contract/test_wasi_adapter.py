"""The WASI adapter between a guest and the host: what crosses for what a guest does, call by call."""

import pytest
from scripted_host import Script
from scripted_lab import ScriptedLab

from whorl.engine.traps import Trap

pytestmark = pytest.mark.anyio

HEAD = ["respond-head", "respond-chunk"]


@pytest.mark.parametrize(
    "target",
    ["/hello", "/hello-sdk", "/early-finish", "/no-body", "/big?4000", "/bytes?1000", "/zeroes", "/status?404"],
)
async def test_what_is_answered_before_anything_waits_takes_two_calls(lab: ScriptedLab, target: str) -> None:
    assert await lab.serve(target) == ["request", "respond"]
    assert lab.instance.host_calls == 2


async def test_a_response_crosses_with_its_fields_and_its_body(lab: ScriptedLab) -> None:
    await lab.serve("/hello")
    assert lab.host.arguments("respond") == [b"r200\rcontent-type\ntext/plain\r\rhello"]


async def test_a_response_of_bytes_crosses_as_base64(lab: ScriptedLab) -> None:
    await lab.serve("/bytes?3")
    assert lab.host.arguments("respond") == [b"b200\r\rgIeO"]


async def test_the_response_is_pushed_before_the_guest_goes_on_working(lab: ScriptedLab) -> None:
    assert await lab.serve("/after?5") == ["request", "respond", "monotonic-now", "log"]


async def test_what_is_written_is_sent_before_the_guest_waits(lab: ScriptedLab) -> None:
    sleep = "monotonic-now"
    expected = ["request", sleep, *HEAD, sleep, "respond-chunk", "respond-end"]
    assert await lab.serve("/stream?2") == expected


async def test_each_flush_of_a_streaming_guest_is_a_chunk(lab: ScriptedLab) -> None:
    assert await lab.serve("/flush?3") == ["request", *HEAD, "respond-chunk", "respond-chunk", "respond-end"]
    assert lab.host.arguments("respond-chunk") == [b"rchunk 0\n", b"rchunk 1\n", b"rchunk 2\n"]


async def test_a_long_body_is_sent_in_pieces_of_64_kib(lab: ScriptedLab) -> None:
    await lab.serve("/big?200000")
    assert [len(chunk) - 1 for chunk in lab.host.arguments("respond-chunk")] == [65536, 65536, 65536, 3392]


async def test_a_guest_waits_while_the_client_is_behind(lab: ScriptedLab) -> None:
    names = await lab.serve("/bytes?200000", Script(welcome=[False, True, False]))
    assert names == ["request", *HEAD, *["respond-chunk"] * 3, "respond-end"]
    assert lab.instance.host_calls - len(names) >= 2


@pytest.mark.parametrize("size", [100, 65537, 1 << 20])
async def test_a_guest_that_does_not_ask_may_write_up_to_a_mebibyte(lab: ScriptedLab, size: int) -> None:
    await lab.serve(f"/unasked?{size}")
    assert not lab.host.arguments("respond-fail")
    with pytest.raises(Trap):
        await lab.serve(f"/unasked?{(1 << 20) + 1}")


async def test_trailers_follow_the_body(lab: ScriptedLab) -> None:
    assert await lab.serve("/trailers") == ["request", *HEAD, "respond-end"]
    assert lab.host.arguments("respond-end") == [b"x-sum\n42\r"]


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ("/error", b"internal-error\nas asked"),
        ("/none", b"internal-error\nthe handler returned without setting a response"),
        ("/drop-outparam", b"internal-error\nthe handler returned without setting a response"),
        ("/unfinished", b"HTTP-response-incomplete"),
        ("/leak", b"HTTP-response-incomplete"),
        ("/short", b"HTTP-response-body-size\n5"),
        ("/long", b"HTTP-response-body-size\n8"),
    ],
)
async def test_what_is_no_whole_response_fails_with_a_code(lab: ScriptedLab, target: str, code: bytes) -> None:
    names = await lab.serve(target)
    assert "respond" not in names
    assert lab.host.arguments("respond-fail") == [code]


@pytest.mark.parametrize("status", [100, 199, 999])
async def test_which_statuses_can_be_sent_is_left_to_the_host(lab: ScriptedLab, status: int) -> None:
    await lab.serve(f"/status?{status}")
    assert lab.host.arguments("respond") == [b"r%d\r\r" % status]


async def test_a_body_that_breaks_off_after_its_head_fails(lab: ScriptedLab) -> None:
    assert await lab.serve("/unfinished-late") == ["request", "monotonic-now", *HEAD, "respond-fail"]


@pytest.mark.parametrize(
    ("target", "rule"),
    [
        ("/over-permit", b"more than `check-write` permits"),
        ("/drop-order", b"before its `output-stream`"),
        ("/poll-empty", b"an empty list"),
        ("/too-many-headers", b"more than 128 KiB"),
    ],
)
async def test_a_broken_rule_traps_and_says_which(lab: ScriptedLab, target: str, rule: bytes) -> None:
    with pytest.raises(Trap):
        await lab.serve(target)
    (_, stream, line) = lab.host.calls[-1]
    assert stream == 2
    assert rule in line


async def test_the_code_of_an_exit_is_reported_before_the_trap(lab: ScriptedLab) -> None:
    with pytest.raises(Trap):
        await lab.serve("/exit?3")
    assert lab.host.calls[-2:] == [("log", 2, b"rbye"), ("exit", 3)]


async def test_a_wait_for_nothing_does_not_hang(lab: ScriptedLab) -> None:
    with pytest.raises(Trap, match="waits for nothing"):
        await lab.serve("/poll-nothing")


async def test_lines_are_logged_when_they_end(lab: ScriptedLab) -> None:
    await lab.serve("/stdout")
    assert lab.host.arguments("log") == [b"rone line\n", b"rand another\n", b"rhalf a line"]


async def test_a_request_body_is_read_as_it_comes(lab: ScriptedLab) -> None:
    names = await lab.serve("/late", Script(start=b"12", body=[b"rab", b"p", b"b/w==", b"e"]))
    assert names == ["request", *["body-read"] * 4, "respond"]
    assert lab.body() == "5 bytes in 3 reads"


async def test_a_request_body_that_breaks_off_is_an_error_of_its_stream(lab: ScriptedLab) -> None:
    await lab.serve("/late", Script(body=[b"rab", b"xconnection-terminated"]))
    assert lab.body() == "failed: Some(ErrorCode::ConnectionTerminated); connection-terminated"


@pytest.mark.parametrize(
    ("end", "seen"),
    [(b"e", "none"), (b"ex-sum\n42\r", '[("x-sum", [52, 50])]'), (b"xconnection-terminated", "Terminated")],
)
async def test_request_trailers_come_with_the_end(lab: ScriptedLab, end: bytes, seen: str) -> None:
    await lab.serve("/request-trailers", Script(body=[b"rab", b"p", end]))
    assert seen in lab.body()


async def test_handles_of_an_earlier_request_read_nothing_of_a_later_one(lab: ScriptedLab) -> None:
    await lab.serve("/keep", Script(body=[b"rfirst"]))
    assert await lab.serve("/stale-handles", Script(body=[b"rsecond"])) == ["request", "respond"]
    assert "read: failed: Some(ErrorCode::ConnectionTerminated)" in lab.body()
    assert 'write: Err("closed")' in lab.body()


async def test_randomness_of_one_request_is_not_kept_for_the_next(lab: ScriptedLab) -> None:
    await lab.serve("/random")
    assert lab.host.arguments("bytes") == [64, 200, 600, 65536, 4464, 256]
    await lab.serve("/random")
    assert lab.host.arguments("bytes")[0] == 64


async def test_the_environment_is_asked_for_once(lab: ScriptedLab) -> None:
    assert "environment" in await lab.serve("/env")
    assert lab.body() == "A=1\nB="
    assert "environment" not in await lab.serve("/env")

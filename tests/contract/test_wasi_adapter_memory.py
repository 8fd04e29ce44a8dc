"""The WASI adapter where the host reaches its memory: which bodies cross by address, and what follows them."""

from collections.abc import AsyncIterator, Iterator

import pytest
from scripted_host import Script, ScriptedHost
from scripted_lab import ScriptedLab, linked_lab, scripted_lab

from whorl.engine.byte_queues import ENDED
from whorl.engine.components import LinkedComponent

pytestmark = pytest.mark.anyio

READ, INTO = "body-read", "body-into"
LONG = bytes(range(256)) * 20


@pytest.fixture(scope="module")
def linked(lab_host: ScriptedHost) -> Iterator[LinkedComponent]:
    """Give the lab guest, linked to a scripted host that finds its adapter's memory."""
    with linked_lab(lab_host, is_memory_found=True) as linked:
        yield linked


@pytest.fixture
async def lab(linked: LinkedComponent, lab_host: ScriptedHost) -> AsyncIterator[ScriptedLab]:
    """Give an instance of the lab guest over the scripted host."""
    async with scripted_lab(linked, lab_host) as lab:
        yield lab


async def test_a_long_body_takes_three_calls(lab: ScriptedLab) -> None:
    for others in (1, 0):  # `memory.locate`, once for an instance
        lab.instance.host_calls = 0
        names = await lab.serve("/late", Script(is_long=True, filled=[(LONG, ENDED)]))
        assert names == ["request", INTO, "respond"]
        assert lab.instance.host_calls == len(names) + others
        assert lab.body().startswith(f"{len(LONG)} bytes")


async def test_a_body_may_turn_out_to_be_long(lab: ScriptedLab) -> None:
    names = await lab.serve("/late", Script(start=b"ab", body=[b"m", b"rcd"], filled=[(LONG, 0)]))
    assert names == ["request", READ, INTO, INTO, READ, INTO, READ, "respond"]
    assert lab.body().startswith(f"{len(LONG) + 4} bytes")


async def test_a_long_body_that_is_all_taken_may_go_on(lab: ScriptedLab) -> None:
    script = Script(is_long=True, filled=[(LONG, 0), (LONG, 0), (b"", 0), (LONG, ENDED)], body=[b"p"])
    assert await lab.serve("/late", script) == ["request", INTO, INTO, INTO, READ, INTO, "respond"]
    assert lab.body().startswith(f"{3 * len(LONG)} bytes")


@pytest.mark.parametrize(
    ("end", "seen"),
    [(b"e", "none"), (b"ex-sum\n42\r", '[("x-sum", [52, 50])]'), (b"xconnection-terminated", "Terminated")],
)
async def test_trailers_and_breaks_come_behind_a_long_body(lab: ScriptedLab, end: bytes, seen: str) -> None:
    script = Script(is_long=True, filled=[(LONG, 0)], body=[b"p", end])
    assert await lab.serve("/request-trailers", script) == ["request", INTO, INTO, READ, INTO, READ, "respond"]
    assert seen in lab.body()


async def test_a_body_that_has_ended_has_no_trailers(lab: ScriptedLab) -> None:
    script = Script(is_long=True, filled=[(LONG, ENDED)])
    assert await lab.serve("/request-trailers", script) == ["request", INTO, "respond"]
    assert "none" in lab.body()


async def test_what_a_host_says_beyond_what_it_was_asked_for_is_not_believed(lab: ScriptedLab) -> None:
    script = Script(is_long=True, filled=[(LONG, 1 << 30)], body=[b"e"])
    await lab.serve("/late", script)
    size, _, rest = lab.body().partition(" bytes")
    assert rest
    assert len(LONG) <= int(size) <= 1 << 20


@pytest.mark.parametrize("size", [4095, 4096, 60_000])
async def test_long_responses_that_are_whole_cross_by_address(lab: ScriptedLab, size: int) -> None:
    names = await lab.serve(f"/big?{size}")
    assert names == ["request", "respond" if size < 4096 else "respond-from"]
    assert len(lab.host.arguments(names[-1])[-1]) >= size


async def test_long_pieces_of_responses_cross_by_address(lab: ScriptedLab) -> None:
    names = await lab.serve("/big?200000")
    assert names[:2] == ["request", "respond-head"]
    pieces = lab.host.arguments("respond-chunk-from") + [data[1:] for data in lab.host.arguments("respond-chunk")]
    assert [len(piece) for piece in pieces] == [65536, 65536, 65536, 3392]


async def test_a_guest_waits_while_the_client_is_behind_with_long_pieces(lab: ScriptedLab) -> None:
    names = await lab.serve("/bytes?200000", Script(welcome=[False, True, False]))
    assert names[-1] == "respond-end"
    assert lab.instance.host_calls - len(names) >= 2


async def test_a_long_request_of_the_guest_and_its_answer_cross_by_address(lab: ScriptedLab) -> None:
    script = Script(start=b"x" * 5000, responses=[b"o200\r"], reads=[b"m"], filled=[(LONG, ENDED)], method=b"POST")
    names = await lab.serve("/out-post?http://up.test/", script)
    assert "start-from" in names or "write-from" in names
    assert "read-into" in names

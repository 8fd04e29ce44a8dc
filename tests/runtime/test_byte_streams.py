"""Bodies by address, and bytes of streams as strings: the same bytes arrive, and none that a guest may not see."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from live_server import GUESTS, Live, manifest, serving

from whorl.engine.memories import Memories, Prober

pytestmark = pytest.mark.anyio

SIZES = [0, 1, 4095, 4096, 4097, 65_535, 65_536, 65_537, 200_000, 1 << 20]
TIGHT = "reuse = 1000\nmax_instances = 4"


def memories_of(live: Live) -> Memories:
    (pool,) = live.trigger.pools.values()
    return pool.linked.engine.memories


@pytest.fixture(params=["found", "hidden"])
async def live(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Live]:
    """Serve the lab where memories can be found, and where the system does not let a process look."""
    if request.param == "hidden":
        monkeypatch.setattr(Prober, "working", lambda: None)
    lines = 'allowed_outbound_hosts = ["http://self"]'
    async with serving(manifest(tmp_path, GUESTS / "lab.wasm", lines, TIGHT)) as served:
        yield served
        assert memories_of(served).are_found == (request.param == "found")
        assert (memories_of(served).located > 0) == (request.param == "found")


@pytest.mark.parametrize("kind", ["text", "random"])
async def test_bodies_of_any_size_come_back(live: Live, kind: str) -> None:
    for size in SIZES:
        body = b"\xc3\xa9" * (size // 2) if kind == "text" else os.urandom(size)
        for path in ("/echo", "/splice"):
            assert (await live.client.post(path, content=body)).content == body


async def test_bodies_go_out_and_come_in_by_requests_of_the_guest(live: Live) -> None:
    for size in SIZES[:-1]:  # the guest reads nothing before it has sent everything
        body = os.urandom(size)
        target = "/out-post?http://self.alt/echo"
        answer = await live.client.post(target, content=body)
        assert answer.content == body, size


@pytest.mark.parametrize("first", [1, 2, 255, 4096])
async def test_pieces_may_begin_at_odd_addresses(live: Live, first: int) -> None:
    pattern = bytes(number % 251 for number in range(100_001))
    assert (await live.client.get(f"/pieces?100000,{first}")).content == pattern[1:]
    assert (await live.client.post("/echo", content=b"x" * 5000)).content == b"x" * 5000


async def test_small_bodies_are_not_worth_looking_for_the_memory(lab: Live) -> None:
    for path in ("/hello", "/big?4000"):
        assert (await lab.client.get(path)).status_code == 200
    assert (await lab.client.post("/echo", content=b"x" * 4000)).status_code == 200
    assert memories_of(lab).located == 0


async def test_an_instance_is_looked_for_once(reused_lab: Live) -> None:
    for _ in range(5):
        assert len((await reused_lab.client.get("/big?100000")).content) == 100_000
    assert memories_of(reused_lab).located == 1


async def test_the_places_of_closed_instances_are_found_again(lab: Live) -> None:
    for _ in range(30):
        assert len((await lab.client.get("/big?100000")).content) == 100_000
    memories = memories_of(lab)
    assert memories.located == 30
    assert memories.probes < 60


PAGES = 1 << 32


@pytest.mark.parametrize(
    ("address", "size"),
    [
        (0, PAGES - 1),
        (1, PAGES - 1),
        (0, 1 << 31),
        (1, (1 << 31) - 1),
        (0, (1 << 31) - 1),
        (PAGES - 1, 1),
        (PAGES - 2, 1),
        (PAGES - 1, 0),
        (PAGES - 1, 2),
        (PAGES - 4096, 8192),
        (100_000_000, 1),
    ],
)
async def test_what_is_not_in_a_guests_memory_cannot_be_written(lab: Live, address: int, size: int) -> None:
    assert (await lab.client.get(f"/raw-write?{address},{size}")).status_code == 500
    assert (await lab.client.get("/big?100000")).status_code == 200


@pytest.mark.parametrize("address", [0, 1, 2, 1_048_576, 1_048_577])
async def test_what_is_in_a_guests_memory_may_be_written_from_anywhere(lab: Live, address: int) -> None:
    whole = (await lab.client.get(f"/raw-write?{address & ~1},4097")).content
    piece = (await lab.client.get(f"/raw-write?{address},4096")).content
    assert len(piece) == 4096
    assert piece == whole[address & 1 :][:4096]


@pytest.mark.parametrize("address", [PAGES - 12, PAGES - 4, 100_000_000, 1, 2, 3])
async def test_a_result_cannot_be_written_outside_of_a_guests_memory(lab: Live, address: int) -> None:
    assert (await lab.client.post(f"/raw-read?{address},10", content=b"0123456789")).status_code == 500
    assert (await lab.client.post("/raw-read?0,10", content=b"0123456789")).text == "10 bytes"


async def test_guests_that_trap_and_clients_that_leave_in_mid_body_leave_nothing(lab: Live) -> None:
    body = os.urandom(1 << 20)
    memories = memories_of(lab)

    async def echo() -> None:
        assert (await lab.client.post("/echo", content=body)).content == body

    async def trap() -> None:
        target = "/raw-write?0,2147483648"
        assert (await lab.client.post(target, content=body)).status_code == 500

    async def leave() -> None:
        with contextlib.suppress(httpx.HTTPError, TimeoutError):
            async with asyncio.timeout(0.02), lab.client.stream("POST", "/echo", content=body) as answer:
                async for _ in answer.aiter_raw():
                    return

    async def give_up() -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.005):
                await echo()

    for _ in range(12):
        await asyncio.gather(*[each() for each in (echo, trap, leave, give_up) for _ in range(4)])
    assert memories.located >= 48
    (pool,) = lab.trigger.pools.values()
    for _ in range(1000):
        if not pool.in_use and not memories.live:
            break
        await asyncio.sleep(0.01)
    assert (pool.in_use, memories.live) == (0, 0)

"""Long answers of key-value stores: whoever asks for one gets it whole, and nobody else waits for it."""

import asyncio
from pathlib import Path

import httpx
import pytest
from live_server import client_of
from shelves import PROMPT, database, shelves, timed

from whorl.capabilities.key_value.sqlite import SqliteBackend

pytestmark = pytest.mark.anyio

COUNT = 300_000


def fill(folder: Path, count: int) -> int:
    """Put keys into the store, and return the sum of their lengths."""
    keys = [b"key-%d" % number for number in range(count)]
    with SqliteBackend.open(database(folder), "process") as backend:
        backend.store("default").set_many((key, b"value") for key in keys)
    return sum(map(len, keys))


async def test_others_are_answered_while_a_guest_lists_many_keys(tmp_path: Path) -> None:
    """Another component, health, and writes to the same store."""
    length = await asyncio.to_thread(fill, tmp_path, COUNT)
    async with shelves(tmp_path) as live:
        listing = asyncio.create_task(timed(live, "/one/keys"))
        served = 0
        while not listing.done():
            for target in ("/two/hello", "/.well-known/spin/health", "/two/set?key-7", "/two/get?key-7"):
                assert (await timed(live, target))[1] < PROMPT
                served += 1
        assert (await listing)[0] == f"{COUNT} {length}"
        assert served > 8


async def test_many_values_are_given_whole(tmp_path: Path) -> None:
    await asyncio.to_thread(fill, tmp_path, 20_000)
    async with shelves(tmp_path) as live:
        reading = asyncio.create_task(timed(live, "/one/get-many?20001"))
        assert (await timed(live, "/two/hello"))[1] < PROMPT
        assert (await reading)[0] == "20000 100000"


async def test_several_guests_list_at_once(tmp_path: Path) -> None:
    length = await asyncio.to_thread(fill, tmp_path, 30_000)
    async with shelves(tmp_path) as live:
        answers = await asyncio.gather(*(timed(live, f"/{name}/keys") for name in ("one", "two", "one")))
    assert {text for text, _ in answers} == {f"30000 {length}"}


async def test_a_guest_that_is_cancelled_while_it_lists_leaves_nothing(tmp_path: Path) -> None:
    await asyncio.to_thread(fill, tmp_path, COUNT)
    async with shelves(tmp_path) as live:
        async with client_of(live.address) as client:
            with pytest.raises(httpx.ReadTimeout):
                await client.get("/one/keys", timeout=0.1)
        async with asyncio.timeout(5):
            while live.trigger.pools["one"].in_use:  # noqa: ASYNC110 - no event
                await asyncio.sleep(0.01)
        assert (await timed(live, "/two/set?key"))[0] == "set"

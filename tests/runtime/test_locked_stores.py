"""What goes on while another process holds the lock of a store."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from live_server import Live, client_of
from shelves import PROMPT, database, shelves, timed

pytestmark = pytest.mark.anyio

HOLDER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.readline()
"""


@contextmanager
def held(path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Let another process hold SQLite's lock of writers, until it is told to stop or the block ends."""
    command = [sys.executable, "-c", HOLDER, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == b"held\n"
            yield holder
        finally:
            holder.kill()


async def test_nobody_else_waits_while_a_guest_waits_for_the_lock_of_another_process(tmp_path: Path) -> None:
    """Health, reads, other components and other requests of the same one are served; the write succeeds afterwards."""
    async with shelves(tmp_path) as live:
        assert (await live.client.get("/one/set?before")).text == "set"
        with held(database(tmp_path)) as holder:
            writing = asyncio.create_task(timed(live, "/one/set?key"))
            until = time.monotonic() + 3
            while time.monotonic() < until:
                for target, expected in (
                    ("/.well-known/spin/health", "OK"),
                    ("/one/get?before", "value"),
                    ("/two/get?key", "none"),
                    ("/two/keys", "1 6"),
                    ("/two/hello", "hello"),
                ):
                    text, took = await timed(live, target)
                    assert text == expected
                    assert took < PROMPT
            assert not writing.done()
            holder.kill()
            text, took = await writing
        assert (text, took > 3) == ("set", True)
        assert (await live.client.get("/two/get?key")).text == "value"


@pytest.mark.parametrize(
    "target", ["set?k", "delete?before", "increment?n", "swap?before", "set-many?3", "delete-many?3"]
)
async def test_every_write_waits_for_the_lock_and_is_done_once(tmp_path: Path, target: str) -> None:
    async with shelves(tmp_path) as live:
        await live.client.get("/one/set?before")
        with held(database(tmp_path)) as holder:
            writing = asyncio.create_task(timed(live, f"/one/{target}"))
            await asyncio.sleep(0.3)
            assert not writing.done()
            holder.kill()
            text, _ = await writing
        assert text in {"set", "deleted", "1", "swapped"}


async def test_many_guests_that_wait_are_all_served_in_the_end(tmp_path: Path) -> None:
    async with shelves(tmp_path) as live:
        with held(database(tmp_path)) as holder:
            writing = [asyncio.create_task(timed(live, f"/{n}/increment?n")) for n in ("one", "two") * 15]
            await asyncio.sleep(0.5)
            assert (await timed(live, "/.well-known/spin/health"))[1] < PROMPT
            holder.kill()
            sums = [int(text) for text, _ in await asyncio.gather(*writing)]
        assert sorted(sums) == list(range(1, 31))


async def test_a_lock_that_is_held_for_too_long_is_an_error_value(tmp_path: Path) -> None:
    async with shelves(tmp_path) as live:
        with held(database(tmp_path)):
            text, took = await timed(live, "/one/set?key")
        assert text == "database is locked: another program has not let go of it for 10 s"
        assert 9 < took < 15
        assert (await live.client.get("/one/get?key")).text == "none"


async def test_a_guest_that_is_cancelled_while_it_waits_for_the_lock_leaves_nothing(tmp_path: Path) -> None:
    """Its client goes away; when the lock is free nothing is written, no task runs on, and the store takes writes."""
    async with shelves(tmp_path) as live:
        tasks = len(asyncio.all_tasks())
        with held(database(tmp_path)):
            async with client_of(live.address) as client:
                with pytest.raises(httpx.ReadTimeout):
                    await client.get("/one/set?key", timeout=0.5)
            async with asyncio.timeout(5):
                while len(asyncio.all_tasks()) > tasks or live.trigger.pools["one"].in_use:  # noqa: ASYNC110 - no event
                    await asyncio.sleep(0.01)
        await asyncio.sleep(0.2)
        assert (await live.client.get("/two/get?key")).text == "none"
        assert (await live.client.get("/two/set?other")).text == "set"


async def test_the_limit_of_a_request_counts_while_it_waits_for_a_lock(tmp_path: Path) -> None:
    async with shelves(tmp_path, 'timeout = "500ms"') as live:
        with held(database(tmp_path)):
            response = await live.client.get("/one/set?key")
            assert response.status_code == 504
        assert (await live.client.get("/one/get?key")).text == "none"


async def test_a_lock_that_its_holder_dies_with_is_free(tmp_path: Path) -> None:
    async with shelves(tmp_path) as live:
        with held(database(tmp_path)) as holder:
            os.kill(holder.pid, signal.SIGKILL)
            assert (await timed(live, "/one/set?key"))[0] == "set"


async def test_a_call_that_finds_no_lock_is_one_call_of_the_host(tmp_path: Path) -> None:
    """A reused guest answers `/hello` with two; opening and the call itself are one each."""
    async with shelves(tmp_path, "reuse = 1000\nmax_instances = 1\nwarm = 1") as live:
        for _ in range(2):  # with the third call the memory of the instance's bridge is looked for, once
            await live.client.get("/one/set?key")
        counts = {target: await host_calls(live, target) for target in ("hello", "get?key", "set?key", "keys")}
    assert counts == {"hello": 2, "get?key": 4, "set?key": 4, "keys": 4}


async def host_calls(live: Live, target: str) -> int:
    """Return how often the only instance of component `one` calls the host for a request."""
    (instance,) = live.trigger.pools["one"].linked.instances.values()
    before = instance.host_calls
    await live.client.get(f"/one/{target}")
    return instance.host_calls - before

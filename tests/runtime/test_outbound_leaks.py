"""Guests that let go of requests, and clients that leave while a guest waits for an upstream: nothing stays open."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from live_server import GUESTS, Live, manifest, serving
from open_files import open_descriptors
from scripted_peers import playing, read_request

pytestmark = pytest.mark.anyio

_DROPS = 600
_CLIENTS = 300


@pytest.fixture
async def free(tmp_path: Path) -> AsyncIterator[Live]:
    """Serve a lab guest that may send requests to any place over HTTP, many at once."""
    hosts = 'allowed_outbound_hosts = ["http://*:*"]'
    path = manifest(tmp_path, GUESTS / "lab.wasm", hosts, "warm = 2\nmax_instances = 64\nqueue = 1000")
    async with serving(path) as live:
        yield live


class Upstream:
    """Answers each request shortly and keeps the connection, or never answers; knows how many are open."""

    def __init__(self, *, answers: bool = True) -> None:
        self.requests = 0
        self.open = 0
        self._answers = answers

    async def script(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        try:
            while True:
                await read_request(reader)
                self.requests += 1
                if self._answers:
                    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nsmall")
        finally:
            self.open -= 1


async def until(holds: Callable[[], bool]) -> None:
    """Wait for a condition to hold; 10 s at most."""
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110 - it watches what sets no event
            await asyncio.sleep(0.01)


async def test_responses_that_are_dropped_unread_leave_no_connection(free: Live) -> None:
    """Each request of the client makes the guest drop one request and the response of another: beyond any pool."""
    upstream = Upstream()
    async with playing(upstream.script) as authority:
        await free.client.get(f"/out-drop?http://{authority}/")
        for _ in range(_DROPS):
            response = await free.client.get(f"/out-drop?http://{authority}/")
            assert response.text == "dropped after Ok(1)"
        assert (await free.client.get(f"/out?http://{authority}/")).text == "small"
        await until(lambda: upstream.open <= 64)
    assert upstream.requests > _DROPS


async def test_clients_that_leave_while_their_guests_wait_leave_no_socket(free: Live) -> None:
    upstream = Upstream(answers=False)

    async def leave(url: str, delay: float) -> None:
        reader, writer = await asyncio.open_connection(free.address.host, free.address.port)
        writer.write(f"GET /out?{url} HTTP/1.1\r\nhost: a\r\n\r\n".encode())
        await asyncio.sleep(delay)
        writer.transport.abort()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
        del reader

    async with playing(upstream.script) as authority:
        url = f"http://{authority}/"
        await leave(url, 0.5)
        await until(lambda: not free.trigger.pools["lab"].in_use and not upstream.open)
        before = open_descriptors()
        for start in range(0, _CLIENTS, 50):
            await asyncio.gather(*[leave(url, number % 10 * 0.04) for number in range(start, start + 50)])
        await until(lambda: not free.trigger.pools["lab"].in_use)
        await until(lambda: upstream.open == 0)
        await until(lambda: open_descriptors() == before)
    assert upstream.requests > _CLIENTS // 4

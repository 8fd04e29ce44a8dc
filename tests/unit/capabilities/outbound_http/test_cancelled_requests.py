"""Whoever is cancelled in the middle of an outgoing request leaves nothing: wherever it waits, on either event loop."""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from typing import Any

import pytest
from open_files import open_descriptors
from scripted_peers import Script, read_request

from whorl.capabilities.outbound_http.messages import OutboundRequest
from whorl.capabilities.outbound_http.network_client import NetworkClient, NetworkOptions

pytestmark = pytest.mark.anyio

PeerMaker = Callable[..., Awaitable[str]]
_MOST_STEPS = 2000


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    return "asyncio", {"use_uvloop": request.param}


def answering(fields: bytes) -> Script:
    """Answer each request in three pieces, with trailers."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await read_request(reader)
            for piece in (b"HTTP/1.1 200 OK\r\n" + fields, b"transfer-encoding: chunked\r\n\r\n3\r\none\r\n"):
                writer.write(piece)
                await asyncio.sleep(0)
            writer.write(b"3\r\ntwo\r\n0\r\nx-sum: 6\r\n\r\n")
            if fields:
                return

    return script


@dataclass(frozen=True)
class Case:
    """How a request is sent."""

    authority: str
    tls: ssl.SSLContext | None
    streamed: bool
    reading: bool

    def request(self) -> OutboundRequest:
        pieces = iter([b"some ", b"body"])

        async def read() -> bytes:
            await asyncio.sleep(0)
            return next(pieces, b"")

        scheme = "https" if self.tls else "http"
        return OutboundRequest("POST", scheme, self.authority, "/", body=read if self.streamed else b"some body")

    async def exchange(self, client: NetworkClient) -> bytes:
        """Send a request and let go of its response, as whoever sends one for a guest does."""
        response = await client.send(self.request())
        body = b""
        try:
            while self.reading and (data := await response.read(65536)):
                body += data
        finally:
            await response.aclose()
        return body


async def descriptors_settle(expected: int) -> int:
    """Return how many descriptors are open, as soon as it is what is expected; after 5 s in any case."""
    for _ in range(500):
        # Counted once, for a resolver whose caller was cancelled opens and closes files for a while.
        found = open_descriptors()
        if found == expected:
            break
        await asyncio.sleep(0.01)
    return found


async def completed_within(steps: int, task: asyncio.Task[Any]) -> bool:
    """Cancel `task` after so many turns of the loop; tell whether it had completed by then."""
    for _ in range(steps):
        if task.done():
            break
        await asyncio.sleep(0)
    completed = task.done()
    task.cancel()
    await asyncio.wait([task])
    return completed


@pytest.mark.parametrize("fields", [b"", b"connection: close\r\n"], ids=["kept", "closed"])
@pytest.mark.parametrize("reading", [True, False], ids=["read", "dropped"])
@pytest.mark.parametrize("streamed", [True, False], ids=["streamed", "whole"])
@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
async def test_a_request_can_be_cancelled_at_each_turn_of_the_loop(
    scripted_peer: PeerMaker,
    server_tls: ssl.SSLContext,
    client_tls: ssl.SSLContext,
    *,
    secure: bool,
    streamed: bool,
    reading: bool,
    fields: bytes,
) -> None:
    authority = await scripted_peer(answering(fields), tls=server_tls if secure else None)
    case = Case(authority, client_tls if secure else None, streamed, reading)
    before = open_descriptors()
    for steps in range(_MOST_STEPS):
        client = NetworkClient(NetworkOptions(tls=client_tls))
        completed = await completed_within(steps, asyncio.create_task(case.exchange(client)))
        assert (client.open_connections, client.waiting) == (client.idle_connections, 0)
        assert await case.exchange(client) == (b"onetwo" if reading else b"")
        assert (client.open_connections, client.waiting) == (client.idle_connections, 0)
        await client.aclose()
        assert client.open_connections == 0
        assert await descriptors_settle(before) == before
        if completed:
            return
    pytest.fail("the request did not come to an end")


async def test_the_body_of_a_request_that_is_cancelled_is_no_longer_made(scripted_peer: PeerMaker) -> None:
    reading, stopped = asyncio.Event(), asyncio.Event()

    async def body() -> bytes:
        reading.set()
        try:
            await asyncio.sleep(60)
        finally:
            stopped.set()
        return b""

    client = NetworkClient()
    request = OutboundRequest("POST", "http", await scripted_peer(answering(b"")), "/", body=body)
    sending = asyncio.create_task(client.send(request))
    await reading.wait()
    sending.cancel()
    await asyncio.wait_for(stopped.wait(), 1)
    assert client.open_connections == 0


async def test_connecting_to_a_peer_that_does_not_accept_can_be_cancelled() -> None:
    with closing(socket.socket()) as full, ExitStack() as fillers:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _ in range(4):
            filler = fillers.enter_context(closing(socket.socket()))
            filler.settimeout(0)
            filler.connect_ex(full.getsockname())
        before = open_descriptors()
        client = NetworkClient()
        request = OutboundRequest("GET", "http", f"127.0.0.1:{full.getsockname()[1]}", "/")
        for steps in range(20):
            assert not await completed_within(steps, asyncio.create_task(client.send(request)))
            assert client.open_connections == 0
            assert await descriptors_settle(before) == before


async def test_resolving_a_name_can_be_cancelled(scripted_peer: PeerMaker) -> None:
    authority = await scripted_peer(answering(b""))
    port = authority.rpartition(":")[2]
    client = NetworkClient()
    await Case(authority, None, streamed=False, reading=True).exchange(client)
    before = open_descriptors()
    for steps in range(0, 60, 3):
        sending = asyncio.create_task(client.send(OutboundRequest("GET", "http", f"localhost:{port}", "/")))
        if await completed_within(steps, sending) and not sending.cancelled() and sending.exception() is None:
            await sending.result().aclose()
        assert client.open_connections == client.idle_connections == 1
        assert await descriptors_settle(before) == before
    await client.aclose()


async def test_a_client_that_is_closed_ends_what_is_under_way(
    scripted_peer: PeerMaker, server_tls: ssl.SSLContext, client_tls: ssl.SSLContext
) -> None:
    authority = await scripted_peer(answering(b""), tls=server_tls)
    case = Case(authority, client_tls, streamed=True, reading=True)
    before = open_descriptors()
    for steps in range(_MOST_STEPS):
        client = NetworkClient(NetworkOptions(tls=client_tls))
        task = asyncio.create_task(case.exchange(client))
        for _ in range(steps):
            await asyncio.sleep(0)
        completed = task.done()
        await client.aclose()
        await asyncio.wait([task], timeout=5)
        assert task.done()
        assert client.open_connections == 0
        assert await descriptors_settle(before) == before
        if completed:
            assert task.result() == b"onetwo"
            return
        assert task.exception() is not None or task.result() == b"onetwo"  # all of it had come already
    pytest.fail("the request did not come to an end")

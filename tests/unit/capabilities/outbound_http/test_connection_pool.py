"""Connections of a client: how many, which are used again, and who gets the next when there are no more."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from scripted_peers import Script, read_request

from whorl.capabilities.outbound_http.connection_pool import PoolLimits
from whorl.capabilities.outbound_http.messages import OutboundError, OutboundRequest, OutboundResponse
from whorl.capabilities.outbound_http.network_client import NetworkClient, NetworkOptions

pytestmark = pytest.mark.anyio

PeerMaker = Callable[..., Awaitable[str]]
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


@asynccontextmanager
async def limited(limits: PoolLimits) -> AsyncIterator[NetworkClient]:
    """Give a client that is closed in the end, with nothing left."""
    client = NetworkClient(NetworkOptions(limits))
    yield client
    await client.aclose()
    assert (client.open_connections, client.idle_connections, client.waiting) == (0, 0, 0)


class Keeping:
    """Answers each request and keeps the connection; counts them."""

    def __init__(self) -> None:
        self.connections = 0
        self.open = 0

    async def script(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open += 1
        try:
            while True:
                await read_request(reader)
                writer.write(OK)
        finally:
            self.open -= 1


def saying(*pieces: bytes) -> Script:
    """Answer the first request with `pieces`, each in a turn of its own, and stay."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        for piece in pieces:
            writer.write(piece)
            await asyncio.sleep(0.02)
        await reader.read()

    return script


async def begin(client: NetworkClient, authority: str, connect_timeout: float | None = None) -> OutboundResponse:
    return await client.send(OutboundRequest("GET", "http", authority, "/", connect_timeout=connect_timeout))


async def ask(client: NetworkClient, authority: str) -> bytes:
    response = await begin(client, authority)
    body = b""
    while data := await response.read(100):
        body += data
    return body


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not holds():  # noqa: ASYNC110 - it watches what sets no event
            await asyncio.sleep(0.005)


async def test_a_connection_is_kept_and_used_again(scripted_peer: PeerMaker) -> None:
    peer = Keeping()
    authority = await scripted_peer(peer.script)
    async with limited(PoolLimits()) as client:
        for _ in range(3):
            assert await ask(client, authority) == b"ok"
            assert (client.open_connections, client.idle_connections) == (1, 1)
    assert peer.connections == 1


async def test_a_response_that_is_not_read_costs_its_connection(scripted_peer: PeerMaker) -> None:
    peer = Keeping()
    authority = await scripted_peer(peer.script)
    async with limited(PoolLimits()) as client:
        response = await begin(client, authority)
        assert client.open_connections == 1
        await response.aclose()
        assert client.open_connections == 0
        await until(lambda: not peer.open)


async def test_requests_beyond_the_limit_fail_in_bounded_time(scripted_peer: PeerMaker) -> None:
    authority = await scripted_peer(Keeping().script)
    async with limited(PoolLimits(connections=2, patience=0.2)) as client:
        held = [await begin(client, authority) for _ in range(2)]
        for connect_timeout, least in ((None, 0.2), (600.0, 0.2), (0.05, 0.05)):
            begun = time.monotonic()
            with pytest.raises(OutboundError) as failure:
                await begin(client, authority, connect_timeout)
            assert failure.value.code == "connection-limit-reached"
            assert least <= time.monotonic() - begun < least + 0.15
        assert (client.open_connections, client.waiting) == (2, 0)
        for response in held:
            await response.aclose()
        assert await ask(client, authority) == b"ok"


@pytest.mark.parametrize("reading", [True, False])
async def test_a_waiter_gets_the_place_that_becomes_free(
    scripted_peer: PeerMaker,
    *,
    reading: bool,
) -> None:
    """One to the same peer gets the connection itself, if it can be used again."""
    peer = Keeping()
    authority = await scripted_peer(peer.script)
    async with limited(PoolLimits(connections=1)) as client:
        held = await begin(client, authority)
        waiting = [asyncio.create_task(ask(client, authority)) for _ in range(3)]
        await until(lambda: client.waiting == 3)
        if reading:
            while await held.read(100):
                pass
        await held.aclose()
        assert await asyncio.gather(*waiting) == [b"ok"] * 3
        assert client.open_connections == client.idle_connections == 1
    assert peer.connections == (1 if reading else 2)


async def test_a_waiter_for_another_peer_gets_the_place_too(scripted_peer: PeerMaker) -> None:
    first, second = await scripted_peer(Keeping().script), await scripted_peer(Keeping().script)
    async with limited(PoolLimits(connections=1)) as client:
        held = await begin(client, first)
        waiting = asyncio.create_task(ask(client, second))
        await until(lambda: client.waiting == 1)
        assert await held.read(100) == b"ok"
        assert await held.read(100) == b""
        assert await waiting == b"ok"


async def test_those_who_wait_are_served_in_their_order(scripted_peer: PeerMaker) -> None:
    authority = await scripted_peer(Keeping().script)
    served: list[int] = []
    async with limited(PoolLimits(connections=1)) as client:

        async def visit(number: int) -> None:
            await ask(client, authority)
            served.append(number)

        held = await begin(client, authority)
        waiting = [asyncio.create_task(visit(number)) for number in range(5)]
        await until(lambda: client.waiting == 5)
        await held.aclose()
        waiting.append(asyncio.create_task(visit(5)))
        await asyncio.gather(*waiting)
    assert served == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
@pytest.mark.parametrize("reading", [True, False])
async def test_a_waiter_that_is_cancelled_hands_its_turn_on(
    scripted_peer: PeerMaker,
    *,
    reading: bool,
    turns: int,
) -> None:
    authority = await scripted_peer(Keeping().script)
    async with limited(PoolLimits(connections=1)) as client:
        held = await begin(client, authority)
        first, second = (asyncio.create_task(ask(client, authority)) for _ in range(2))
        await until(lambda: client.waiting == 2)
        if reading:
            while await held.read(100):
                pass
        await held.aclose()
        for _ in range(turns):
            await asyncio.sleep(0)
        first.cancel()
        assert await asyncio.wait_for(second, 1) == b"ok"
        assert client.open_connections == client.idle_connections == 1


async def test_a_waiter_that_is_cancelled_before_its_turn_is_passed_over(scripted_peer: PeerMaker) -> None:
    authority = await scripted_peer(Keeping().script)
    async with limited(PoolLimits(connections=1)) as client:
        held = await begin(client, authority)
        first, second = (asyncio.create_task(ask(client, authority)) for _ in range(2))
        await until(lambda: client.waiting == 2)
        first.cancel()
        await held.aclose()
        assert await asyncio.wait_for(second, 1) == b"ok"


async def test_connecting_in_vain_gives_the_place_back(scripted_peer: PeerMaker) -> None:
    authority = await scripted_peer(Keeping().script)
    async with limited(PoolLimits(connections=1)) as client:
        for _ in range(3):
            with pytest.raises(OutboundError):
                await ask(client, "127.0.0.1:1")
            assert client.open_connections == 0
        assert await ask(client, authority) == b"ok"


async def test_a_resting_connection_makes_room_for_another_peer(scripted_peer: PeerMaker) -> None:
    peers = [Keeping() for _ in range(3)]
    authorities = [await scripted_peer(peer.script) for peer in peers]
    async with limited(PoolLimits(connections=2)) as client:
        for authority in authorities:
            assert await ask(client, authority) == b"ok"
        await until(lambda: [peer.open for peer in peers] == [0, 1, 1])
        assert client.open_connections == 2


async def test_no_more_connections_rest_than_permitted(scripted_peer: PeerMaker) -> None:
    peer = Keeping()
    authority = await scripted_peer(peer.script)
    async with limited(PoolLimits(idle=2)) as client:
        await asyncio.gather(*[ask(client, authority) for _ in range(5)])
        assert client.open_connections == client.idle_connections == 2
        await until(lambda: peer.open == 2)


async def test_a_connection_is_kept_for_a_limited_time(scripted_peer: PeerMaker) -> None:
    peer = Keeping()
    authority = await scripted_peer(peer.script)
    async with limited(PoolLimits(idle_timeout=0.2)) as client:
        await ask(client, authority)
        await asyncio.sleep(0.1)
        await asyncio.gather(ask(client, authority), ask(client, authority))
        await asyncio.sleep(0.15)
        assert client.idle_connections == 2
        await until(lambda: client.open_connections == 0)
        await until(lambda: peer.open == 0)


@pytest.mark.parametrize("more", [b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nbad", b"x", b"\r\n"])
@pytest.mark.parametrize("at_once", [True, False])
async def test_a_connection_on_which_more_comes_than_the_response_is_not_used_again(
    scripted_peer: PeerMaker,
    *,
    more: bytes,
    at_once: bool,
) -> None:
    """Neither with the response nor later; else the next request would get what it did not ask for."""
    authority = await scripted_peer(saying(OK + more) if at_once else saying(OK, more))
    async with limited(PoolLimits()) as client:
        for _ in range(3):
            assert await ask(client, authority) == b"ok"
            if not at_once:
                assert client.idle_connections == 1
                await until(lambda: client.idle_connections == 0)
            assert client.open_connections == 0


async def test_a_connection_that_the_peer_closes_while_it_rests_is_dropped_at_once(scripted_peer: PeerMaker) -> None:
    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(OK)
        await asyncio.sleep(0.02)

    authority = await scripted_peer(once)
    async with limited(PoolLimits()) as client:
        assert await ask(client, authority) == b"ok"
        assert client.idle_connections == 1
        await until(lambda: client.open_connections == 0)


async def test_closing_a_client_ends_those_who_wait(scripted_peer: PeerMaker) -> None:
    authority = await scripted_peer(Keeping().script)
    async with limited(PoolLimits(connections=1)) as client:
        held = await begin(client, authority)
        waiting = asyncio.create_task(ask(client, authority))
        await until(lambda: client.waiting == 1)
        await client.aclose()
        with pytest.raises(OutboundError) as failure:
            await waiting
        assert failure.value.code == "connection-terminated"
        await held.aclose()
        with pytest.raises(OutboundError):
            await ask(client, authority)

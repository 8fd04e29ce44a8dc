"""What every client behind the seam does, whether it goes over the network or stays in the process."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import uvicorn

from whorl.capabilities.outbound_http.client import HttpClient
from whorl.capabilities.outbound_http.memory_client import Answer, MemoryHttpClient, MemoryResponse
from whorl.capabilities.outbound_http.messages import OutboundError, OutboundRequest, OutboundResponse
from whorl.capabilities.outbound_http.network_client import NetworkClient

pytestmark = pytest.mark.anyio

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


@dataclass
class Peer:
    """A client and the authority at which `answer` answers."""

    client: HttpClient
    authority: str
    requests: list[OutboundRequest] = field(default_factory=list)

    async def send(self, method: str = "GET", target: str = "/", **fields: Any) -> OutboundResponse:
        return await self.client.send(OutboundRequest(method, "http", self.authority, target, **fields))


PeerMaker = Callable[[Answer], Awaitable[Peer]]


@asynccontextmanager
async def memory_peer(answer: Answer) -> AsyncIterator[Peer]:
    yield Peer(MemoryHttpClient(answer), "peer.test")


@asynccontextmanager
async def network_peer(answer: Answer) -> AsyncIterator[Peer]:
    async def app(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        await serve(answer, scope, receive, send)

    config = uvicorn.Config(
        app, port=0, lifespan="off", log_config=None, server_header=False, date_header=False, access_log=False
    )
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    config.load()
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    port = server.servers[0].sockets[0].getsockname()[1]
    ticks = asyncio.create_task(server.main_loop())
    client = NetworkClient()
    try:
        yield Peer(client, f"127.0.0.1:{port}")
    finally:
        await client.aclose()
        server.should_exit = server.force_exit = True
        await ticks
        await server.shutdown()


async def serve(answer: Answer, scope: dict[str, Any], receive: Receive, send: Send) -> None:
    more = True

    async def read() -> bytes:
        nonlocal more
        while more:
            message = await receive()
            more = message.get("more_body", False)
            if message.get("body"):
                return bytes(message["body"])
        return b""

    headers = scope["headers"]
    authority = dict(headers)[b"host"].decode()
    target = (scope["raw_path"] + (b"?" + scope["query_string"] if scope["query_string"] else b"")).decode()
    response = await answer(OutboundRequest(scope["method"], "http", authority, target, headers, read))
    await send({"type": "http.response.start", "status": response.status, "headers": response.headers})
    try:
        while data := await response.read(65536):
            await send({"type": "http.response.body", "body": data, "more_body": True})
    finally:
        await response.aclose()
    await send({"type": "http.response.body", "body": b""})


@pytest.fixture(params=[memory_peer, network_peer], ids=["memory", "network"])
async def peer(request: pytest.FixtureRequest) -> AsyncIterator[PeerMaker]:
    async with AsyncExitStack() as stack:

        async def make(answer: Answer) -> Peer:
            return await stack.enter_async_context(request.param(answer))

        yield make


async def read_all(response: OutboundResponse, limit: int = 65536) -> bytes:
    chunks = []
    while data := await response.read(limit):
        assert len(data) <= limit
        chunks.append(data)
    await response.aclose()
    return b"".join(chunks)


async def body_of(request: OutboundRequest) -> AsyncIterator[bytes]:
    if isinstance(request.body, bytes):
        yield request.body
        return
    while chunk := await request.body():
        yield chunk


async def echo(request: OutboundRequest) -> OutboundResponse:
    return MemoryResponse(200, [(b"x-method", request.method.encode())], body_of(request))


def reader(*chunks: bytes) -> Callable[[], Awaitable[bytes]]:
    rest = iter(chunks)

    async def read() -> bytes:
        await asyncio.sleep(0)
        return next(rest, b"")

    return read


async def test_status_fields_and_body_arrive_as_they_were_sent(peer: PeerMaker) -> None:
    async def answer(request: OutboundRequest) -> OutboundResponse:
        assert (request.method, request.target) == ("PATCH", "/a%20b/%C3%A9?q=%22&r=a|b")
        assert (b"x-one", b"\xe9") in request.headers
        return MemoryResponse(418, [(b"x-two", b"a"), (b"x-two", b"\xff b"), (b"content-length", b"3")], b"tea")

    there = await peer(answer)
    response = await there.send("PATCH", "/a%20b/%C3%A9?q=%22&r=a|b", headers=[(b"x-one", b"\xe9")])
    assert response.status == 418
    assert [value for name, value in response.headers if name == b"x-two"] == [b"a", b"\xff b"]
    assert await read_all(response) == b"tea"


async def test_nothing_is_added_but_what_frames_the_message(peer: PeerMaker) -> None:
    seen: list[bytes] = []

    async def answer(request: OutboundRequest) -> OutboundResponse:
        seen.extend(name for name, _ in request.headers)
        return MemoryResponse(204)

    there = await peer(answer)
    await read_all(await there.send())
    assert set(seen) <= {b"host"}


@pytest.mark.parametrize("size", [0, 1, 100_000, 3_000_000])
async def test_a_whole_body_is_echoed(peer: PeerMaker, size: int) -> None:
    there = await peer(echo)
    body = bytes(range(256)) * (size // 256) + b"z" * (size % 256)
    response = await there.send("POST", body=body)
    assert await read_all(response) == body


async def test_a_body_in_chunks_is_echoed(peer: PeerMaker) -> None:
    there = await peer(echo)
    response = await there.send("POST", body=reader(b"one ", b"two ", b"three"))
    assert await read_all(response) == b"one two three"


async def test_a_body_in_chunks_with_a_declared_length_is_echoed(peer: PeerMaker) -> None:
    there = await peer(echo)
    response = await there.send("POST", body=reader(b"abc", b"def"), headers=[(b"content-length", b"6")])
    assert await read_all(response) == b"abcdef"


async def test_the_response_is_read_while_the_request_is_still_being_made(peer: PeerMaker) -> None:
    questions: asyncio.Queue[bytes] = asyncio.Queue()
    there = await peer(echo)
    await questions.put(b"first")
    response = await there.send("POST", body=questions.get)
    assert await response.read(100) == b"first"
    await questions.put(b"second")
    assert await response.read(100) == b"second"
    await questions.put(b"")
    assert await response.read(100) == b""
    await response.aclose()


async def test_a_large_echo_does_not_deadlock(peer: PeerMaker) -> None:
    there = await peer(echo)
    response = await there.send("POST", body=reader(*[b"x" * 65536] * 256))
    assert len(await read_all(response)) == 256 * 65536


async def test_a_peer_may_answer_without_reading_the_body(peer: PeerMaker) -> None:
    async def answer(_request: OutboundRequest) -> OutboundResponse:
        return MemoryResponse(413, [(b"content-length", b"3")], b"no!")

    there = await peer(answer)
    response = await there.send("POST", body=reader(*[b"x" * 65536] * 64))
    assert response.status == 413
    assert await read_all(response) == b"no!"


async def test_reads_are_no_larger_than_asked_for(peer: PeerMaker) -> None:
    there = await peer(echo)
    response = await there.send("POST", body=b"0123456789")
    assert await read_all(response, limit=3) == b"0123456789"


async def test_redirects_are_not_followed(peer: PeerMaker) -> None:
    async def answer(_request: OutboundRequest) -> OutboundResponse:
        return MemoryResponse(302, [(b"location", b"/elsewhere"), (b"content-length", b"0")])

    response = await (await peer(answer)).send()
    assert response.status == 302
    await response.aclose()


async def test_encoded_bodies_are_not_decoded(peer: PeerMaker) -> None:
    packed = gzip.compress(b"hello" * 100)

    async def answer(_request: OutboundRequest) -> OutboundResponse:
        return MemoryResponse(200, [(b"content-encoding", b"gzip")], packed)

    assert await read_all(await (await peer(answer)).send()) == packed


async def test_cookies_are_not_kept(peer: PeerMaker) -> None:
    seen: list[bytes] = []

    async def answer(request: OutboundRequest) -> OutboundResponse:
        seen.extend(name for name, _ in request.headers if name == b"cookie")
        return MemoryResponse(200, [(b"set-cookie", b"a=b"), (b"content-length", b"0")])

    there = await peer(answer)
    for _ in range(2):
        await read_all(await there.send())
    assert seen == []


async def test_a_late_head_is_a_read_timeout(peer: PeerMaker) -> None:
    async def answer(_request: OutboundRequest) -> OutboundResponse:
        await asyncio.sleep(60)
        return MemoryResponse(200)

    there = await peer(answer)
    with pytest.raises(OutboundError) as failure:
        await there.send(first_byte_timeout=0.05)
    assert failure.value.code == "connection-read-timeout"


async def test_a_body_that_pauses_too_long_is_a_read_timeout(peer: PeerMaker) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b"some"
        await asyncio.sleep(60)

    async def answer(_request: OutboundRequest) -> OutboundResponse:
        return MemoryResponse(200, body=body())

    response = await (await peer(answer)).send(between_bytes_timeout=0.05)
    assert await response.read(100) == b"some"
    with pytest.raises(OutboundError) as failure:
        await response.read(100)
    assert failure.value.code == "connection-read-timeout"
    await response.aclose()


async def test_closing_a_response_twice_is_allowed(peer: PeerMaker) -> None:
    there = await peer(echo)
    response = await there.send("POST", body=b"unread" * 100_000)
    await response.aclose()
    await response.aclose()


async def test_cancelling_a_request_ends_it(peer: PeerMaker) -> None:
    begun = asyncio.Event()

    async def answer(_request: OutboundRequest) -> OutboundResponse:
        begun.set()
        await asyncio.sleep(60)
        return MemoryResponse(200)

    there = await peer(answer)
    sending = asyncio.create_task(there.send("POST", body=reader(b"a")))
    await begun.wait()
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending


async def test_requests_run_side_by_side(peer: PeerMaker) -> None:
    meeting = asyncio.Barrier(20)

    async def answer(request: OutboundRequest) -> OutboundResponse:
        await meeting.wait()
        return MemoryResponse(200, body=request.target.encode())

    there = await peer(answer)

    async def visit(number: int) -> bytes:
        return await read_all(await there.send(target=f"/{number}"))

    assert await asyncio.gather(*map(visit, range(20))) == [b"/%d" % number for number in range(20)]

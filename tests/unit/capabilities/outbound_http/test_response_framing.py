"""Responses as peers send them: trailers, informational heads, bombs, bodies in odd pieces, slow and early peers."""

import asyncio
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from http_client_calls import FakeInstance, Guest, started
from scripted_peers import Script, read_request

from whorl.capabilities.outbound_http.connections import UNREAD_LIMIT
from whorl.capabilities.outbound_http.conversations import Conversation
from whorl.capabilities.outbound_http.messages import OutboundError, OutboundRequest, OutboundResponse
from whorl.capabilities.outbound_http.network_client import NetworkClient, NetworkOptions

pytestmark = pytest.mark.anyio

PeerMaker = Callable[..., Awaitable[str]]
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
_LOOP_READS = 256 * 1024


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    return "asyncio", {"use_uvloop": request.param}


@pytest.fixture
async def client(client_tls: ssl.SSLContext) -> AsyncIterator[NetworkClient]:
    client = NetworkClient(NetworkOptions(tls=client_tls))
    yield client
    assert client.open_connections == client.idle_connections
    await client.aclose()


def answering(answer: bytes, piece: int = 1 << 20) -> Script:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        for start in range(0, len(answer), piece):
            writer.write(answer[start : start + piece])
            await asyncio.sleep(0)
        await reader.read()

    return script


def repeating(head: bytes, piece: bytes) -> tuple[Script, list[int]]:
    """Answer with `head` and then `piece` for ever; the list holds how many bytes the peer got rid of."""
    sent = [0]

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(head)
        while True:
            writer.write(piece)
            await writer.drain()
            sent[0] += len(piece)
            await asyncio.sleep(0)

    return script, sent


def get(authority: str, scheme: str = "http", **fields: Any) -> OutboundRequest:
    return OutboundRequest("GET", scheme, authority, "/", **fields)


async def read_all(response: OutboundResponse) -> bytes:
    body = b""
    try:
        while data := await response.read(65536):
            body += data
    finally:
        await response.aclose()
    return body


async def failure_of(client: NetworkClient, authority: str) -> str:
    with pytest.raises(OutboundError) as raised:
        await read_all(await client.send(get(authority)))
    return raised.value.code


@pytest.mark.parametrize("piece", [1, 7, 1000])
async def test_trailers_of_a_response_are_given(client: NetworkClient, scripted_peer: PeerMaker, piece: int) -> None:
    answer = CHUNKED + b"3\r\none\r\n3;ext=1\r\ntwo\r\n0\r\nX-Sum: 6\r\nx-sum: 7\r\n\r\n"
    response = await client.send(get(await scripted_peer(answering(answer, piece))))
    assert await read_all(response) == b"onetwo"
    assert response.trailers == [(b"X-Sum", b"6"), (b"x-sum", b"7")]
    assert client.idle_connections == 1


async def test_trailers_that_may_not_be_any_are_dropped(client: NetworkClient, scripted_peer: PeerMaker) -> None:
    names = [b"Content-Length", b"transfer-encoding", b"Trailer", b"host", b"connection", b"set-cookie", b"TE"]
    values = {b"transfer-encoding": b"chunked"}
    lines = b"".join(b"%b: %b\r\n" % (name, values.get(name, b"5")) for name in names)
    authority = await scripted_peer(answering(CHUNKED + b"0\r\n" + lines + b"grpc-status: 0\r\n\r\n"))
    response = await client.send(get(authority))
    assert await read_all(response) == b""
    assert response.trailers == [(b"grpc-status", b"0")]


async def test_trailers_reach_the_guest(
    client: NetworkClient, scripted_peer: PeerMaker, instance: FakeInstance
) -> None:
    authority = await scripted_peer(answering(CHUNKED + b"3\r\none\r\n0\r\nX-Sum: 6\r\nhost: a\r\n\r\n"))
    guest = Guest(instance, client.send, allowed="http://*:*")
    task = guest.start(started(authority=authority))
    assert (await guest.response(task)).startswith(b"o200\r")
    assert await guest.read_all(task) == (b"one", b"ex-sum\n6\r")


@pytest.mark.parametrize("piece", [5, 1000])
async def test_informational_heads_come_before_the_response(
    client: NetworkClient, scripted_peer: PeerMaker, piece: int
) -> None:
    heads = b"HTTP/1.1 100 Continue\r\n\r\n" + b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n" * 3
    authority = await scripted_peer(answering(heads + b"HTTP/1.1 201 OK\r\ncontent-length: 2\r\n\r\nok", piece))
    response = await client.send(get(authority))
    assert response.status == 201
    assert await read_all(response) == b"ok"


@pytest.mark.parametrize(
    ("head", "piece", "code"),
    [
        (b"HTTP/1.1 200 OK\r\n", b"x: " + b"y" * 1000 + b"\r\n", "HTTP-response-header-section-size"),
        (b"HTTP/1.1 200 OK\r\nx: ", b"y" * 1000, "HTTP-response-header-section-size"),
        (b"HTTP/1.1 200 OK\r\n", b"a:\r\n" * 10, "HTTP-response-header-section-size"),
        (b"", b"HTTP/1.1 103 Early Hints\r\n\r\n", "HTTP-protocol-error"),
        (CHUNKED + b"0\r\n", b"x: " + b"y" * 1000 + b"\r\n", "HTTP-response-trailer-section-size"),
    ],
)
async def test_fields_without_end_are_refused_before_they_are_many(
    client: NetworkClient, scripted_peer: PeerMaker, head: bytes, piece: bytes, code: str
) -> None:
    script, sent = repeating(head, piece)
    assert await failure_of(client, await scripted_peer(script)) == code
    assert sent[0] < 4 * _LOOP_READS
    assert client.open_connections == 0


async def test_a_head_of_very_many_lines_is_refused(client: NetworkClient, scripted_peer: PeerMaker) -> None:
    script, sent = repeating(b"HTTP/1.1 200 OK\r\n", b"a:\r\n")
    assert await failure_of(client, await scripted_peer(script)) == "HTTP-response-header-section-size"
    assert sent[0] < 10_000


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (CHUNKED + b"4\r\nfour\r\n", "HTTP-response-incomplete"),
        (CHUNKED + b"8\r\nfour", "HTTP-response-incomplete"),
        (CHUNKED + b"4\r\nfour\r\n0\r\nx-su", "HTTP-response-incomplete"),
        (CHUNKED + b"4\r\nfour\r\nz\r\n", "HTTP-protocol-error"),
        (CHUNKED + b"4\r\nfour\r\n0\r\nnonsense\r\n\r\n", "HTTP-protocol-error"),
    ],
)
async def test_a_body_that_breaks_off_gives_what_came_before(
    client: NetworkClient, scripted_peer: PeerMaker, answer: bytes, code: str
) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(answer)

    response = await client.send(get(await scripted_peer(script)))
    assert await response.read(65536) == b"four"
    for _ in range(2):
        with pytest.raises(OutboundError) as raised:
            await response.read(65536)
        assert raised.value.code == code
    await response.aclose()
    assert client.open_connections == 0


async def test_a_body_without_length_ends_with_its_connection(client: NetworkClient, scripted_peer: PeerMaker) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.0 200 OK\r\n\r\n" + b"x" * 100_000)

    assert await read_all(await client.send(get(await scripted_peer(script)))) == b"x" * 100_000
    assert client.open_connections == 0


async def test_a_body_in_chunks_of_a_byte_does_not_hold_up_the_loop(
    client: NetworkClient, scripted_peer: PeerMaker
) -> None:
    authority = await scripted_peer(answering(CHUNKED + b"1\r\nx\r\n" * 20_000 + b"0\r\n\r\n"))
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    counting = asyncio.create_task(count())
    assert await read_all(await client.send(get(authority))) == b"x" * 20_000
    counting.cancel()
    assert turns > 40


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
async def test_what_a_peer_sends_is_read_no_faster_than_it_is_taken(
    client: NetworkClient, scripted_peer: PeerMaker, server_tls: ssl.SSLContext, *, secure: bool
) -> None:
    size, done = 32 << 20, asyncio.Event()

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % size)
        for _ in range(size >> 16):
            writer.write(b"x" * 65536)
            await writer.drain()
        done.set()
        await reader.read()

    authority = await scripted_peer(script, tls=server_tls if secure else None)
    response = await client.send(get(authority, "https" if secure else "http"))
    (connection,) = client._pool._open
    most = 0
    for _ in range(20):
        await asyncio.sleep(0.01)
        most = max(most, connection._unread_size)
    assert not done.is_set()
    received = 0
    while data := await response.read(65536):
        received += len(data)
        most = max(most, connection._unread_size)
    assert received == size
    assert 0 < most <= UNREAD_LIMIT + _LOOP_READS * (2 if secure else 1)


async def test_a_body_is_made_no_faster_than_the_peer_takes_it(client: NetworkClient, scripted_peer: PeerMaker) -> None:
    made, total = 0, 512
    reading = asyncio.Event()

    async def body() -> bytes:
        nonlocal made
        made += made < total
        return b"x" * 65536 if made < total else b""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await reading.wait()
        while await reader.read(1 << 20) and not reader.at_eof():
            if made == total:
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")

    authority = await scripted_peer(script)
    sending = asyncio.create_task(client.send(OutboundRequest("POST", "http", authority, "/", body=body)))
    await asyncio.sleep(0.3)
    assert made < total // 2
    reading.set()
    assert await read_all(await sending) == b""


@pytest.mark.parametrize("gap", [True, False], ids=["with-pauses", "at-once"])
async def test_an_answer_counts_although_the_peer_has_stopped_to_read(
    client: NetworkClient, scripted_peer: PeerMaker, *, gap: bool
) -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 Too Large\r\ncontent-length: 3\r\nconnection: close\r\n\r\nno!")

    authority = await scripted_peer(refuse)
    for _ in range(50):
        chunks = iter([b"x" * 65536] * 200)

        async def body(chunks: Any = chunks) -> bytes:
            if gap:
                await asyncio.sleep(0)
            return next(chunks, b"")

        response = await client.send(OutboundRequest("POST", "http", authority, "/", body=body))
        assert response.status == 413
        assert await read_all(response) == b"no!"
        assert client.open_connections == 0


async def test_an_answer_counts_although_the_peer_has_closed_the_connection(client: NetworkClient) -> None:
    """The peer has a thread of its own: its answer and its end come while the client writes."""

    def refuse(listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                assert b"\r\n\r\n" in connection.recv(4096)
                connection.sendall(b"HTTP/1.1 413 Too Large\r\ncontent-length: 3\r\n\r\nno!")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        peer = threading.Thread(target=refuse, args=(listener,), daemon=True)
        peer.start()
        authority = f"127.0.0.1:{listener.getsockname()[1]}"
        for _ in range(200):
            chunks = iter([b"x" * 65536] * 100)

            async def body(chunks: Any = chunks) -> bytes:
                return next(chunks, b"")

            response = await client.send(OutboundRequest("POST", "http", authority, "/", body=body))
            assert response.status == 413
            assert await read_all(response) == b"no!"
        listener.shutdown(socket.SHUT_RDWR)
        await asyncio.to_thread(peer.join)


async def test_a_connection_on_which_a_body_is_still_on_its_way_is_not_used_again(
    client: NetworkClient, scripted_peer: PeerMaker
) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
        await asyncio.sleep(60)

    authority = await scripted_peer(script)
    response = await client.send(OutboundRequest("POST", "http", authority, "/", body=b"x" * (16 << 20)))
    assert await read_all(response) == b"ok"
    assert client.open_connections == 0


async def test_a_body_is_no_longer_made_when_its_peer_has_gone(client: NetworkClient, scripted_peer: PeerMaker) -> None:
    """Although nobody reads the response, which would tell."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(CHUNKED)
        await asyncio.sleep(0.1)
        writer.transport.abort()

    async def body() -> bytes:
        return b"x" * 65536

    authority = await scripted_peer(script)
    response = await client.send(OutboundRequest("POST", "http", authority, "/", body=body))
    assert isinstance(response, Conversation)
    assert response._writing is not None
    await asyncio.wait([response._writing], timeout=2)
    assert response._writing.done()
    await response.aclose()


async def test_a_response_that_is_over_before_its_request_ends_both(
    client: NetworkClient, scripted_peer: PeerMaker
) -> None:
    closed, stopped = asyncio.Event(), asyncio.Event()

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
        await reader.read()
        closed.set()

    async def body() -> bytes:
        try:
            await asyncio.sleep(60)
        finally:
            stopped.set()
        return b""

    authority = await scripted_peer(script)
    response = await client.send(OutboundRequest("POST", "http", authority, "/", body=body))
    assert await response.read(100) == b"ok"
    assert await response.read(100) == b""
    assert client.open_connections == 0
    await asyncio.wait_for(closed.wait(), 1)
    await asyncio.wait_for(stopped.wait(), 1)


async def test_a_body_that_cannot_be_made_fails_its_request(client: NetworkClient, scripted_peer: PeerMaker) -> None:
    async def body() -> bytes:
        raise OutboundError("HTTP-request-body-size", "5")

    async def script(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read()
        await reader.read()

    authority = await scripted_peer(script)
    with pytest.raises(OutboundError) as raised:
        await client.send(OutboundRequest("POST", "http", authority, "/", body=body))
    assert raised.value.encode() == b"HTTP-request-body-size\n5"
    assert client.open_connections == 0

"""Requests over real sockets to peers that misbehave: each failure is the error code that wasi:http has for it."""

import asyncio
import gc
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing
from typing import Any

import pytest
from open_files import open_descriptors
from scripted_peers import Script

from whorl.capabilities.outbound_http.connection_pool import PoolLimits
from whorl.capabilities.outbound_http.messages import OutboundError, OutboundRequest, OutboundResponse
from whorl.capabilities.outbound_http.network_client import NetworkClient, NetworkOptions

pytestmark = pytest.mark.anyio

PeerMaker = Callable[..., Awaitable[str]]
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


@pytest.fixture
async def client() -> AsyncIterator[NetworkClient]:
    client = NetworkClient()
    yield client
    await client.aclose()


def answering(*pieces: bytes, pause: float = 0) -> Script:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        await asyncio.sleep(pause)

    return script


def get(authority: str, scheme: str = "http", **fields: Any) -> OutboundRequest:
    return OutboundRequest("GET", scheme, authority, "/", **fields)


async def read_all(response: OutboundResponse) -> bytes:
    body = b""
    while data := await response.read(65536):
        body += data
    await response.aclose()
    return body


async def failure_of(client: NetworkClient, request: OutboundRequest) -> OutboundError:
    """Return the error with which `request` comes to nothing, in its head or its body."""
    with pytest.raises(OutboundError) as raised:
        await read_all(await client.send(request))
    return raised.value


def unused_port() -> int:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


async def test_a_port_that_nobody_listens_on_refuses(client: NetworkClient) -> None:
    assert (await failure_of(client, get(f"127.0.0.1:{unused_port()}"))).code == "connection-refused"


async def test_a_name_that_does_not_exist_is_a_dns_error(client: NetworkClient) -> None:
    error = await failure_of(client, get("nobody.invalid"))
    assert error.encode() == b"DNS-error\naddress not available\n0"


async def test_a_peer_that_does_not_accept_is_a_connection_timeout(client: NetworkClient) -> None:
    with closing(socket.socket()) as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.settimeout(0)
            filler.connect_ex(address)
        request = get(f"127.0.0.1:{address[1]}", connect_timeout=0.1)
        assert (await failure_of(client, request)).code == "connection-timeout"
        for filler in fillers:
            filler.close()


async def test_a_tls_handshake_that_never_ends_is_a_connection_timeout(
    client: NetworkClient, scripted_peer: PeerMaker
) -> None:
    async def silence(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(60)

    request = get(await scripted_peer(silence), "https", connect_timeout=0.1)
    assert (await failure_of(client, request)).code == "connection-timeout"


async def test_tls_against_a_plain_port_is_a_tls_protocol_error(
    client: NetworkClient, scripted_peer: PeerMaker
) -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(OK)

    assert (await failure_of(client, get(await scripted_peer(plain), "https"))).code == "TLS-protocol-error"


async def test_a_certificate_that_nobody_vouches_for_is_a_certificate_error(
    client: NetworkClient, scripted_peer: PeerMaker, server_tls: ssl.SSLContext
) -> None:
    authority = await scripted_peer(answering(OK), tls=server_tls)
    assert (await failure_of(client, get(authority, "https"))).code == "TLS-certificate-error"


async def test_a_peer_that_is_not_the_one_its_certificate_names_is_a_certificate_error(
    scripted_peer: PeerMaker, server_tls: ssl.SSLContext, client_tls: ssl.SSLContext
) -> None:
    authority = await scripted_peer(answering(OK), tls=server_tls, host="127.0.0.2")
    client = NetworkClient(NetworkOptions(tls=client_tls))
    assert (await failure_of(client, get(authority, "https"))).code == "TLS-certificate-error"
    await client.aclose()


async def test_a_trusted_peer_is_reached_over_tls(
    scripted_peer: PeerMaker, server_tls: ssl.SSLContext, client_tls: ssl.SSLContext
) -> None:
    authority = await scripted_peer(answering(OK), tls=server_tls)
    client = NetworkClient(NetworkOptions(tls=client_tls))
    assert await read_all(await client.send(get(authority, "https"))) == b"ok"
    await client.aclose()


async def test_a_tls_alert_is_reported_as_one(client: NetworkClient, scripted_peer: PeerMaker) -> None:
    async def alert(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(b"\x15\x03\x01\x00\x02\x02\x28")  # fatal, handshake_failure
        await reader.read()

    error = await failure_of(client, get(await scripted_peer(alert), "https"))
    assert error.encode() == b"TLS-alert-received\n\nsslv3 alert handshake failure"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (b"", "connection-terminated"),
        (b"HTTP/1.1 200 OK\r\nconte", "connection-terminated"),
        (b"nonsense\r\n\r\n", "HTTP-protocol-error"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n", "HTTP-protocol-error"),
        (b"HTTP/1.1 200 OK\r\n" + b"x: " + b"y" * 300_000, "HTTP-response-header-section-size"),
        (b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n", "HTTP-protocol-error"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nfour", "HTTP-response-incomplete"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nfour\r\n", "HTTP-response-incomplete"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", "HTTP-protocol-error"),
    ],
)
async def test_what_is_not_proper_http_is_an_error(
    client: NetworkClient, scripted_peer: PeerMaker, answer: bytes, code: str
) -> None:
    authority = await scripted_peer(answering(answer))
    assert (await failure_of(client, get(authority))).code == code


async def test_a_peer_that_resets_the_connection_has_terminated_it(
    client: NetworkClient, scripted_peer: PeerMaker
) -> None:
    async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        writer.transport.abort()

    assert (await failure_of(client, get(await scripted_peer(reset)))).code == "connection-terminated"


async def test_a_head_that_trickles_in_does_not_outlast_the_first_byte_timeout(
    client: NetworkClient, scripted_peer: PeerMaker
) -> None:
    async def trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n")
        for number in range(1000):
            writer.write(b"x-%d: y\r\n" % number)
            await writer.drain()
            await asyncio.sleep(0.02)

    request = get(await scripted_peer(trickle), first_byte_timeout=0.2)
    assert (await failure_of(client, request)).code == "connection-read-timeout"


async def test_a_body_that_trickles_in_meets_the_between_bytes_timeout(
    client: NetworkClient, scripted_peer: PeerMaker
) -> None:
    async def trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n")
        for _ in range(20):
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.02)

    request = get(await scripted_peer(trickle), between_bytes_timeout=0.3)
    assert await read_all(await client.send(request)) == b"x" * 20


async def test_no_free_connection_in_time_is_the_connection_limit(scripted_peer: PeerMaker) -> None:
    client = NetworkClient(NetworkOptions(PoolLimits(connections=1)))
    authority = await scripted_peer(answering(b"HTTP/1.1 200 OK\r\n\r\n", pause=60))
    first = await client.send(get(authority))
    assert (await failure_of(client, get(authority, connect_timeout=0.05))).code == "connection-limit-reached"
    await first.aclose()
    await client.aclose()


async def test_a_connection_is_used_again(client: NetworkClient, scripted_peer: PeerMaker) -> None:
    connections = []

    async def keep(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(1)
        while True:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(OK)

    authority = await scripted_peer(keep)
    for _ in range(3):
        assert await read_all(await client.send(get(authority))) == b"ok"
    assert len(connections) == 1


async def test_a_kept_connection_that_the_peer_closes_is_replaced(
    client: NetworkClient, scripted_peer: PeerMaker
) -> None:
    connections = []

    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(1)
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK)
        await reader.readuntil(b"\r\n\r\n")

    authority = await scripted_peer(once)
    assert await read_all(await client.send(get(authority))) == b"ok"
    assert await read_all(await client.send(get(authority))) == b"ok"
    assert len(connections) == 2


async def test_the_request_is_written_as_it_is(client: NetworkClient, scripted_peer: PeerMaker) -> None:
    heads = []

    async def record(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(OK)

    authority = await scripted_peer(record)
    request = OutboundRequest("DELETE", "http", authority, '/x?a="b"&c=|', [(b"X-One", b"1"), (b"x-one", b"2")])
    await read_all(await client.send(request))
    assert heads == [f'DELETE /x?a="b"&c=| HTTP/1.1\r\nhost: {authority}\r\nX-One: 1\r\nx-one: 2\r\n\r\n'.encode()]


async def test_trailers_of_a_streamed_body_are_sent(client: NetworkClient, scripted_peer: PeerMaker) -> None:
    bodies = []

    async def record(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        bodies.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(OK)

    chunks = iter([b"body"])

    async def read() -> bytes:
        return next(chunks, b"")

    request = OutboundRequest(
        "POST", "http", await scripted_peer(record), "/", body=read, trailers=lambda: [(b"x-sum", b"9")]
    )
    await read_all(await client.send(request))
    assert bodies == [b"4\r\nbody\r\n0\r\nx-sum: 9\r\n\r\n"]


async def test_nobody_reads_on_from_the_body_of_a_request_whose_response_is_closed(
    client: NetworkClient, scripted_peer: PeerMaker
) -> None:
    reading = asyncio.Event()
    ended = asyncio.Event()

    async def read() -> bytes:
        reading.set()
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()
        return b""

    authority = await scripted_peer(answering(OK, pause=60))
    response = await client.send(OutboundRequest("POST", "http", authority, "/", body=read))
    await reading.wait()
    await response.aclose()
    await asyncio.wait_for(ended.wait(), 1)


async def test_no_descriptor_stays_open(scripted_peer: PeerMaker) -> None:
    authority = await scripted_peer(answering(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\nabc", pause=60))
    before = open_descriptors()
    client = NetworkClient()
    for _ in range(5):
        response = await client.send(get(authority))
        assert await response.read(10) == b"abc"
        reading = asyncio.create_task(response.read(10))
        await asyncio.sleep(0)
        reading.cancel()
        await asyncio.wait([reading])
        await response.aclose()
    await client.aclose()
    gc.collect()
    for _ in range(100):
        await asyncio.sleep(0.01)
        if open_descriptors() - before <= 5:  # the peer's ends stay open
            break
    assert open_descriptors() - before <= 5

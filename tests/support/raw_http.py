"""A client that says exactly the bytes it is told to, and reads what comes back as strictly as h11 does."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import Enum
from typing import Self

import h11

from whorl.server.sockets import ListenAddress

PATIENCE = 5.0
"""Seconds after which a server that says nothing is taken to hang."""

_PAUSE = 0.01
_TURNS = 2
_PIECE = 1 << 16
RESET_ON_CLOSE = struct.pack("ii", 1, 0)
"""The `SO_LINGER` of a socket whose closing is no farewell."""


class Delivery(Enum):
    """How the bytes of a message are spread over packets."""

    WHOLE = "whole"
    SPLIT = "split"
    BYTEWISE = "bytewise"


@dataclass(frozen=True, slots=True)
class Response:
    """What came back for one request.

    Attributes:
        status: of the final response.
        headers: names in lower case, in order.
        body: without its transfer coding.
        trailers: what followed the body.
        informational: statuses of the responses before the final one.
        is_complete: False: the server closed the connection before the end.
        http_version: as the status line says it.
    """

    status: int
    headers: tuple[tuple[bytes, bytes], ...] = ()
    body: bytes = b""
    trailers: tuple[tuple[bytes, bytes], ...] = ()
    informational: tuple[int, ...] = ()
    is_complete: bool = True
    http_version: bytes = b"1.1"

    def values(self, name: bytes) -> list[bytes]:
        """Return the values of the header fields called `name`."""
        return [value for field, value in self.headers if field == name]


class RawClient:
    """One connection: bytes out, responses in. `connected` makes it.

    Attributes:
        received: everything that has come.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._parser = h11.Connection(h11.CLIENT, max_incomplete_event_size=1 << 20)
        self._is_at_end = False
        self.received = bytearray()

    @classmethod
    async def open(cls, address: ListenAddress, receive_buffer: int | None = None) -> Self:
        """Connect to `address`; a small `receive_buffer` (bytes) lets the server notice a client that does not read."""
        connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        connection.setblocking(False)  # noqa: FBT003 - the standard library has it so
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if receive_buffer is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        await asyncio.get_running_loop().sock_connect(connection, (address.host, address.port))
        return cls(connection)

    async def send(self, data: bytes) -> bool:
        """Send `data`; tell whether the server still takes any."""
        try:
            async with asyncio.timeout(PATIENCE):
                await asyncio.get_running_loop().sock_sendall(self._socket, data)
        except (BrokenPipeError, ConnectionResetError):
            return False
        return True

    async def deliver(self, message: bytes, delivery: Delivery) -> None:
        """Send `message` in the given way, as far as the server takes it."""
        if delivery is Delivery.WHOLE:
            await self.send(message)
        elif delivery is Delivery.SPLIT:
            end = message.find(b"\r\n\r\n") + 4
            cut = end if 4 <= end < len(message) else len(message) // 2
            await self.send(message[:cut])
            await asyncio.sleep(_PAUSE)
            await self.send(message[cut:])
        else:
            for at in range(len(message)):
                if not await self.send(message[at : at + 1]):
                    return
                for _ in range(_TURNS):
                    await asyncio.sleep(0)

    async def response(self, method: bytes = b"GET") -> Response | None:
        """Return the response to the next request, which was of `method`; None: the server closed in place of it.

        Raises:
            h11.RemoteProtocolError: what came is no response.
            TimeoutError: nothing came.
        """
        parser = self._parser
        if parser.our_state is h11.DONE:
            parser.start_next_cycle()
        parser.send(h11.Request(method=method, target="/", headers=[("host", "localhost")]))
        parser.send(h11.EndOfMessage())
        head: h11.Response | None = None
        informational: list[int] = []
        body = b""
        while True:
            try:
                event = parser.next_event()
            except h11.RemoteProtocolError:
                if not self._is_at_end:
                    raise
                return None if head is None else _response(head, body, informational, is_complete=False)
            if event is h11.NEED_DATA:
                await self._more()
            elif isinstance(event, h11.InformationalResponse):
                informational.append(event.status_code)
            elif isinstance(event, h11.Response):
                head = event
            elif isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.EndOfMessage) and head is not None:
                return _response(head, body, informational, tuple(event.headers))
            else:
                return None if head is None else _response(head, body, informational, is_complete=False)

    async def wait_for(self, text: bytes) -> None:
        """Take in what comes, for `response` to read, until `text` has come."""
        while text not in self.received:
            if not await self._more():
                raise AssertionError(f"the server closed before {text!r}: {bytes(self.received)!r}")

    async def rest(self) -> bytes:
        """Return what comes, beyond what `response` has used, until the server closes."""
        while await self._more():
            pass
        return self._parser.trailing_data[0]

    def finish(self) -> None:
        """Say that nothing more will be sent, and go on reading."""
        self._socket.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """Break the connection off without a farewell."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        self._socket.close()

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    async def _more(self) -> bool:
        """Take in what comes next; tell whether it is not the end."""
        if self._is_at_end:
            return False
        try:
            async with asyncio.timeout(PATIENCE):
                data = await asyncio.get_running_loop().sock_recv(self._socket, _PIECE)
        except ConnectionResetError:
            data = b""
        self._is_at_end = not data
        self.received += data
        self._parser.receive_data(data)
        return bool(data)


def _response(
    head: h11.Response,
    body: bytes,
    informational: list[int],
    trailers: tuple[tuple[bytes, bytes], ...] = (),
    *,
    is_complete: bool = True,
) -> Response:
    return Response(
        head.status_code,
        tuple((bytes(name), bytes(value)) for name, value in head.headers),
        bytes(body),
        tuple((bytes(name), bytes(value)) for name, value in trailers),
        tuple(informational),
        is_complete,
        bytes(head.http_version),
    )


@asynccontextmanager
async def connected(address: ListenAddress, receive_buffer: int | None = None) -> AsyncIterator[RawClient]:
    """Open a connection for the length of the block."""
    client = await RawClient.open(address, receive_buffer)
    try:
        yield client
    finally:
        client.close()


def request(
    target: bytes = b"/hello",
    *lines: bytes,
    method: bytes = b"GET",
    version: bytes = b"HTTP/1.1",
    host: bytes | None = b"localhost",
    body: bytes = b"",
) -> bytes:
    """Return the bytes of a request: each of `lines` is a header line without its end; the length is not added."""
    fields = (() if host is None else (b"Host: " + host,)) + lines
    return b"\r\n".join((b"%b %b %b" % (method, target, version), *fields, b"", body))


def post(target: bytes, body: bytes, *lines: bytes, version: bytes = b"HTTP/1.1") -> bytes:
    """Return the bytes of a POST whose body has its length said."""
    return request(target, b"Content-Length: %d" % len(body), *lines, method=b"POST", version=version, body=body)


def chunked(target: bytes, coded: bytes, *lines: bytes) -> bytes:
    """Return the bytes of a POST whose body is `coded` in chunks, well or badly."""
    return request(target, b"Transfer-Encoding: chunked", *lines, method=b"POST", body=coded)


def chunk(data: bytes) -> bytes:
    """Return `data` as one chunk."""
    return b"%x\r\n%b\r\n" % (len(data), data)


LAST_CHUNK = b"0\r\n\r\n"
PROBE = request(b"/hello", b"Connection: close")
"""A plain request that a server which is well answers with `hello`, and then closes."""

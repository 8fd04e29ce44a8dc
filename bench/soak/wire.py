"""HTTP/1.1 on plain streams, for both sides of the soak: no more of it than these clients and this upstream need."""

import asyncio
import socket
import struct
from dataclasses import dataclass
from types import TracebackType
from typing import Self

_NO_LINGER = struct.pack("ii", 1, 0)


class UnexpectedError(Exception):
    """The other side answered what it should not."""


@dataclass(frozen=True, slots=True)
class Head:
    """The first line and the fields of a message, names in lower case."""

    line: str
    fields: dict[str, str]

    @property
    def status(self) -> int:
        """The status of a response."""
        return int(self.line.split(" ")[1])

    @property
    def target(self) -> str:
        """The target of a request."""
        return self.line.split(" ")[1]


async def read_head(reader: asyncio.StreamReader) -> Head:
    """Return the next head.

    Raises:
        asyncio.IncompleteReadError: the connection ended before or within it.
    """
    text = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    line, *lines = text.split("\r\n")[:-2]
    pairs = (each.partition(":") for each in lines)
    return Head(line, {name.lower(): value.strip() for name, _, value in pairs})


async def read_body(reader: asyncio.StreamReader, head: Head) -> bytes:
    """Return the body behind `head`: as long as it says, or in chunks; none when it says nothing.

    Raises:
        asyncio.IncompleteReadError: the connection ended within it.
    """
    if head.fields.get("transfer-encoding") != "chunked":
        return await reader.readexactly(int(head.fields.get("content-length", "0")))
    body = bytearray()
    while size := int(await _line(reader), 16):
        body += await reader.readexactly(size)
        await _line(reader)
    while await _line(reader):
        pass
    return bytes(body)


async def _line(reader: asyncio.StreamReader) -> bytes:
    return (await reader.readuntil(b"\r\n")).rstrip(b"\r\n")


def request(target: str, body: bytes | None = None, fields: str = "", length: int | None = None) -> bytes:
    """Return a GET, or a POST when there is a body or a `length` for one that follows."""
    method = "GET" if body is None and length is None else "POST"
    if method == "POST":
        fields += f"content-length: {len(body or b'') if length is None else length}\r\n"
    return f"{method} {target} HTTP/1.1\r\nhost: localhost\r\n{fields}\r\n".encode() + (body or b"")


@dataclass(slots=True)
class Client:
    """A connection to the server under test; close it by leaving its block, by `close`, or by `reset`."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @classmethod
    async def connect(cls, port: int, receive_buffer: int | None = None) -> Self:
        """Connect; a small `receive_buffer` (bytes) makes the server feel that nothing is read."""
        connection = socket.socket()
        try:
            connection.setblocking(False)  # noqa: FBT003 - the standard library's own
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if receive_buffer is not None:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
            await asyncio.get_running_loop().sock_connect(connection, ("127.0.0.1", port))
            return cls(*await asyncio.open_connection(sock=connection, limit=receive_buffer or 1 << 16))
        except BaseException:
            connection.close()
            raise

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def send(self, data: bytes) -> None:
        """Send `data`, waiting while the server takes none."""
        self.writer.write(data)
        await self.writer.drain()

    async def response(self) -> tuple[int, bytes]:
        """Return status and body of the next response.

        Raises:
            asyncio.IncompleteReadError: it is cut off.
        """
        head = await read_head(self.reader)
        body = b"" if head.status in {100, 204, 304} else await read_body(self.reader, head)
        return head.status, body

    async def expect(self, status: int, body: bytes | None = None) -> None:
        """Read the next response, which must be this one.

        Raises:
            UnexpectedError: it is another.
        """
        got, content = await self.response()
        if got != status or (body is not None and content != body):
            raise UnexpectedError(f"expected {status}, got {got} {content[:60]!r}")

    def close(self) -> None:
        """Close in order."""
        self.writer.close()

    def reset(self) -> None:
        """Leave at once, so that the server gets a reset."""
        connection = self.writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        self.writer.transport.abort()

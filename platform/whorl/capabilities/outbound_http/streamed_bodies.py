"""Sending a request's body while its response is already being read, which httpx by itself does not do.

Theory of operation: httpcore sends head and body, then reads the response; when writing fails it goes on to read,
because a peer may have answered early. A body that is still being made says that writing failed as soon as the head is
out, and a task of its own writes the body to the connection, framed as the head announced. Such a connection serves one
request: httpcore does not know that the body was completed, and closes it with the response.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable

import httpcore
import httpx

from whorl.capabilities.outbound_http.messages import BodyReader, OutboundRequest
from whorl.types import Header


class StreamedBody(httpx.AsyncByteStream):
    """The body of one request, written beside the response. `connected` must be called before the head is sent."""

    def __init__(self, request: OutboundRequest, read: BodyReader) -> None:
        self._request = request
        self._read = read
        self._chunked = not any(name.lower() == b"content-length" for name, _ in request.headers)
        self._connection: httpcore.AsyncNetworkStream | None = None
        self._writer: asyncio.Task[None] | None = None

    def connected(self, connection: httpcore.AsyncNetworkStream) -> None:
        """Say which connection the body goes to."""
        self._connection = connection

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if self._connection is None:
            raise RuntimeError("the head of a streamed request was sent over an unknown connection")
        self._writer = asyncio.create_task(self._write(self._connection))
        raise httpcore.WriteError("the body is written beside the response")

    async def stop(self) -> None:
        """Stop writing."""
        if self._writer is not None:
            self._writer.cancel()
            await asyncio.wait([self._writer])

    async def _write(self, connection: httpcore.AsyncNetworkStream) -> None:
        try:
            while chunk := await self._read():
                await connection.write(b"%x\r\n%b\r\n" % (len(chunk), chunk) if self._chunked else chunk)
            if self._chunked:
                await connection.write(_last_chunk(self._request.trailers()))
        except httpcore.NetworkError:
            return  # the peer has heard enough; its response, or the lack of it, is what counts


def _last_chunk(trailers: Iterable[Header]) -> bytes:
    return b"0\r\n%b\r\n" % b"".join([b"%b: %b\r\n" % field for field in trailers])

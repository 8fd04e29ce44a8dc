"""One request and its response on one connection, by h11, which keeps to the rules of HTTP/1.1 and knows trailers.

Theory of operation: the head is written at once, and a body that is at hand with it. A body that is still being made is
written by a task beside the reading of the response. The connection goes back to the pool in the moment in which the
response's end is read, if the request has been sent to its end too and nothing else is on the way; in every other case
`close` gives it up. Neither waits, so a conversation can be cancelled wherever it waits.
"""

import asyncio

import h11

from whorl.capabilities.outbound_http.connection_pool import ConnectionPool
from whorl.capabilities.outbound_http.connections import Connection
from whorl.capabilities.outbound_http.failures import http_failure
from whorl.capabilities.outbound_http.messages import BodyReader, OutboundError, OutboundRequest
from whorl.types import Headers

HEAD_LIMIT = 100 * 1024
"""Bytes of a response's head, or of its trailers, about which it may be when its end has not come."""

_LINES_LIMIT = 1000
_INFORMATIONAL_LIMIT = 32
_HEAD_PIECE = 16 * 1024
_PIECE = 64 * 1024
_EVENTS_AT_ONCE = 256  # in chunks of a byte each, some milliseconds
_NOT_TRAILERS = frozenset(
    (
        b"authorization",
        b"cache-control",
        b"connection",
        b"content-encoding",
        b"content-length",
        b"content-range",
        b"content-type",
        b"expect",
        b"host",
        b"keep-alive",
        b"max-forwards",
        b"pragma",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"range",
        b"set-cookie",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
        b"www-authenticate",
    )
)
"""Fields about framing, routing, the request or how the body is to be read (RFC 9110, section 6.5.1)."""


class Conversation:
    """An `OutboundResponse`, once `begin` has returned. Owns its connection until the end or `close`.

    Args:
        connection: connected, with nothing under way.
        pool: gets it back.
        request: is sent by `begin`.

    Attributes:
        status: of the response.
        headers: of the response.
        trailers: of the response, once it has been read to its end.
    """

    def __init__(self, connection: Connection, pool: ConnectionPool, request: OutboundRequest) -> None:
        self.status = 0
        self.headers: Headers = ()
        self.trailers: Headers = ()
        self._connection = connection
        self._pool = pool
        self._request = request
        self._http = h11.Connection(h11.CLIENT, HEAD_LIMIT)
        self._writing: asyncio.Task[None] | None = None
        self._rest = memoryview(b"")
        self._lines = 0
        self._is_complete = False
        self._is_laborious = False
        self._failure: Exception | None = None

    async def begin(self) -> None:
        """Send the request and wait for the head of its response.

        Raises:
            OutboundError: there is no response.
        """
        try:
            async with asyncio.timeout(self._request.first_byte_timeout):
                self._write_request()
                await self._read_head()
        except Exception as error:
            self.close()
            raise http_failure(error, "connection-terminated", "HTTP-response-header-section-size") from error
        except BaseException:
            self.close()
            raise

    async def read(self, limit: int) -> bytes:
        """Return at most `limit` bytes of the body as soon as there are any, `b""` when it is complete.

        Raises:
            OutboundError: the body is broken off.
        """
        if not self._rest:
            if self._is_laborious:
                await asyncio.sleep(0)
            try:
                self._rest = memoryview(self._at_hand() or await self._arriving())
            except Exception as error:
                raise http_failure(error, "HTTP-response-incomplete", "HTTP-response-trailer-section-size") from error
        data, self._rest = bytes(self._rest[:limit]), self._rest[limit:]
        return data

    async def aclose(self) -> None:
        """Let go of the response, read or not; may be called more than once."""
        self.close()

    def close(self) -> None:
        """Do what `aclose` does, which never waits."""
        if self._writing is not None:
            self._writing.cancel()
        if not self._is_complete:
            self._pool.discard(self._connection)

    def _write_request(self) -> None:
        request, body = self._request, self._request.body
        head = h11.Request(method=request.method, target=request.target, headers=request.framed_headers())
        pieces = self._encode(head)
        if isinstance(body, bytes):
            pieces += self._encode(h11.Data(data=body)) + self._encode(h11.EndOfMessage())
        self._connection.write(pieces)
        if not isinstance(body, bytes):
            self._writing = asyncio.get_running_loop().create_task(self._write_body(body))

    def _encode(self, event: h11.Event) -> list[bytes]:
        return self._http.send_with_data_passthrough(event) or []

    async def _write_body(self, read: BodyReader) -> None:
        connection = self._connection
        try:
            while chunk := await read():
                connection.write(self._encode(h11.Data(data=chunk)))
                await connection.drain()
                if not connection.is_writable:
                    return  # the peer has heard enough; its response, or the lack of it, is what counts
            has_length = any(name.lower() == b"content-length" for name, _ in self._request.headers)
            trailers = [] if has_length else [*self._request.trailers()]
            connection.write(self._encode(h11.EndOfMessage(headers=trailers)))
        except Exception as error:  # noqa: BLE001 - whoever waits for the response gets it
            connection.abort(error)

    async def _read_head(self) -> None:
        for _ in range(_INFORMATIONAL_LIMIT):
            while (event := self._http.next_event()) is h11.NEED_DATA:
                if self._lines > _LINES_LIMIT:
                    raise OutboundError("HTTP-response-header-section-size")
                await self._connection.news()
                if not self._feed():
                    raise OutboundError("connection-terminated")
            if isinstance(event, h11.Response):
                self.status, self.headers = event.status_code, event.headers.raw_items()
                return
        raise OutboundError("HTTP-protocol-error")

    async def _arriving(self) -> bytes:
        async with asyncio.timeout(self._request.between_bytes_timeout):
            while not self._is_complete:
                await self._connection.news()
                if data := self._at_hand():
                    return data
        return b""

    def _at_hand(self) -> bytes:
        """Return what can be had of the body without waiting, about 64 KiB at most; the end is noted."""
        pieces: list[bytes] = []
        size = 0
        while size < _PIECE and len(pieces) < _EVENTS_AT_ONCE and not self._is_complete:
            try:
                event = self._next_of_body()
            except Exception as error:
                if not pieces:
                    raise
                self._failure = error  # it comes after the bytes before it
                break
            if isinstance(event, h11.Data):
                pieces.append(event.data)
                size += len(event.data)
            elif isinstance(event, h11.EndOfMessage):
                self._complete(event)
            else:
                break
        self._is_laborious = len(pieces) == _EVENTS_AT_ONCE
        return b"".join(pieces)

    def _next_of_body(self) -> object:
        if self._failure is not None:
            raise self._failure
        try:
            while (event := self._http.next_event()) is h11.NEED_DATA:
                if self._feed() is None:
                    break
        except h11.RemoteProtocolError as error:
            if self._http.trailing_data[1]:
                raise ConnectionError("the peer closed the connection within the body") from error
            raise
        return event

    def _feed(self) -> bool | None:
        """Give h11 what has arrived; false: the peer's end, None: nothing."""
        is_head = self.status == 0
        data = self._connection.take(_HEAD_PIECE if is_head else _PIECE)
        if data is None:
            return None
        if is_head:
            self._lines += data.count(b"\n")
        self._http.receive_data(data)
        return len(data) > 0

    def _complete(self, end: h11.EndOfMessage) -> None:
        self.trailers = [field for field in end.headers.raw_items() if field[0].lower() not in _NOT_TRAILERS]
        is_done = self._http.our_state is self._http.their_state is h11.DONE
        if is_done and not self._http.trailing_data[0] and self._connection.is_quiet:
            self._pool.give_back(self._connection)
            self._is_complete = True
        else:
            self.close()
            self._is_complete = True

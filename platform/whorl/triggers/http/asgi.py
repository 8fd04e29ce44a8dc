"""The ASGI face of the HTTP trigger: scopes and messages in, plain requests to the executor, responses back out."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from typing import Any

from whorl.triggers.http.messages import ClientDisconnectedError, Fields, IncomingRequest
from whorl.triggers.http.mounts import path_of
from whorl.triggers.http.responses import NO_BODY, ResponseHead
from whorl.types import Header, Headers

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_TRAILERS = "http.response.trailers"


class AsgiSink:
    """Sends a response by ASGI messages. Trailers go where the server has the extension for them."""

    __slots__ = ("_bodiless", "_method", "_send", "_takes_trailers")

    def __init__(self, send: Send, scope: Scope) -> None:
        self._send = send
        self._method: str = scope["method"]
        self._bodiless = False
        self._takes_trailers = _TRAILERS in (scope.get("extensions") or ())

    async def whole(self, head: ResponseHead, body: bytes) -> None:
        """Send a complete response, with its length if the guest did not say it."""
        fields = _fields_of(head)
        if head.status in NO_BODY:
            body = b""
        elif head.length is None and (body or self._method != "HEAD"):
            fields.append((b"content-length", b"%d" % len(body)))
        send = self._send
        await send({"type": "http.response.start", "status": head.status, "headers": fields})
        await send({"type": "http.response.body", "body": body})

    async def start(self, head: ResponseHead) -> None:
        """Send the head; the server chooses the transfer coding when the guest gave no length."""
        self._bodiless = head.status in NO_BODY
        self._takes_trailers = self._takes_trailers and not self._bodiless and head.length is None
        message: Message = {"type": "http.response.start", "status": head.status, "headers": _fields_of(head)}
        if self._takes_trailers:
            message["trailers"] = True
        await self._send(message)

    async def write(self, data: bytes) -> None:
        """Send a piece of the body; the server waits here when the client is slow."""
        if not self._bodiless:
            await self._send({"type": "http.response.body", "body": data, "more_body": True})

    async def finish(self, trailers: Headers) -> None:
        """End the body."""
        await self._send({"type": "http.response.body", "body": b""})
        if self._takes_trailers:
            await self._send({"type": _TRAILERS, "headers": list(trailers)})

    async def abort(self) -> None:
        """Break the body off; the server cuts the connection because the response never becomes complete."""
        raise ResponseBrokenOffError


def _fields_of(head: ResponseHead) -> list[Header]:
    """Return fields that middleware may change, without a `date`: every ASGI server sends one of its own."""
    return [field for field in head.fields if field[0] != b"date"]


class ResponseBrokenOffError(Exception):
    """The response cannot be completed; the server must cut the connection. Nothing more to report."""


class AsgiBody:
    """Reads a request's body from ASGI messages; must be closed.

    Args:
        receive: gives the messages.
        asked: nothing is received before this is set; None: at any time.
    """

    __slots__ = ("_asked", "_first", "_more", "_receive")

    def __init__(self, receive: Receive, asked: asyncio.Event | None = None) -> None:
        self._receive = receive
        self._asked = asked
        self._first: asyncio.Future[Message] | None = None
        self._more = True

    async def begin(self) -> bytes:
        """Return what of the body is there already; never waits for it. `more` then tells whether that was all.

        Raises:
            ClientDisconnectedError: the client went away.
        """
        self._first = asyncio.ensure_future(self._receive())
        await asyncio.sleep(0)
        return await self._piece() if self._first.done() else b""

    def close(self) -> None:
        """Stop waiting for a piece that nobody will read."""
        if self._first is not None:
            self._first.cancel()

    @property
    def more(self) -> bool:
        """Whether the body goes on."""
        return self._more

    async def read(self) -> bytes:
        """Return the next piece, `b""` at the end.

        Raises:
            ClientDisconnectedError: the client went away.
        """
        if self._asked is not None:
            await self._asked.wait()
        while self._more:
            data = await self._piece()
            if data:
                return data
        return b""

    async def watch(self) -> None:
        """Wait for the client to go away.

        Raises:
            ClientDisconnectedError: it did.
        """
        while True:
            await self._piece()

    async def _piece(self) -> bytes:
        first, self._first = self._first, None
        message = await (self._receive() if first is None else first)
        if message["type"] != "http.request":
            raise ClientDisconnectedError
        self._more = message.get("more_body", False)
        data: bytes = message.get("body", b"")
        return data


def has_body(headers: Fields) -> bool:
    """Tell whether a request with these headers carries a body (RFC 9112, section 6)."""
    return any((name == b"content-length" and value != b"0") or name == b"transfer-encoding" for name, value in headers)


@contextlib.asynccontextmanager
async def reading_request(scope: Scope, receive: Receive) -> AsyncIterator[IncomingRequest]:
    """Give the request of an ASGI `http` scope, with what has arrived of its body.

    Where the client waits to be asked for the body nothing is received before the guest asks: ASGI servers send `100
    Continue` when they are asked for the first piece. Nor is it noticed before then that such a client leaves.

    Raises:
        ClientDisconnectedError: the client went away before that.
    """
    target = path_of(scope)
    query: bytes = scope["query_string"]
    headers: Fields = scope["headers"]
    request = IncomingRequest(
        method=scope["method"].encode("latin-1"),
        scheme=b"http",
        authority=b"",
        target=b"%b?%b" % (target, query) if query else target,
        headers=headers,
    )
    # From HTTP/2 on a body needs no header that announces it.
    may_have_body = has_body(headers) or not scope.get("http_version", "1.1").startswith("1.")
    asked = asyncio.Event() if may_have_body and any(name == b"expect" for name, _ in headers) else None
    body = AsgiBody(receive, asked)
    try:
        if asked is not None:
            request.ask = asked.set
        elif may_have_body:
            request.body = await body.begin()
        if may_have_body and body.more:
            request.receive = body.read
        request.watch = body.watch
        yield request
    finally:
        body.close()

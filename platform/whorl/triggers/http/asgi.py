"""The ASGI face of the HTTP trigger: scopes and messages in, plain requests to the executor, responses back out."""

import contextlib
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import quote

from whorl.triggers.http.executor import BegunRequest
from whorl.triggers.http.messages import ClientDisconnectedError, Fields, IncomingRequest
from whorl.triggers.http.responses import NO_BODY
from whorl.types import Header, Headers

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_LAST_STATUS = 599


class AsgiSink:
    """Sends a response by ASGI messages."""

    __slots__ = ("_bodiless", "_method", "_send")

    def __init__(self, send: Send, method: str) -> None:
        self._send = send
        self._method = method
        self._bodiless = False

    async def whole(self, status: int, headers: Headers, body: bytes) -> None:
        """Send a complete response, with its length if the guest did not say it."""
        if status in NO_BODY:
            headers, body = _without_length(headers), b""
        else:
            headers = list(headers)  # middleware may change what it is given
            if (body or self._method != "HEAD") and not any(name == b"content-length" for name, _ in headers):
                headers.append((b"content-length", b"%d" % len(body)))
        send = self._send
        await send({"type": "http.response.start", "status": _known(status), "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def start(self, status: int, headers: Headers) -> None:
        """Send the head; the server chooses the transfer coding when the guest gave no length."""
        self._bodiless = status in NO_BODY
        headers = _without_length(headers) if self._bodiless else list(headers)
        await self._send({"type": "http.response.start", "status": _known(status), "headers": headers})

    async def write(self, data: bytes) -> None:
        """Send a piece of the body; the server waits here when the client is slow."""
        if not self._bodiless:
            await self._send({"type": "http.response.body", "body": data, "more_body": True})

    async def finish(self, trailers: Headers) -> None:  # noqa: ARG002 - the server offers no way to send them
        """End the body. Trailers are dropped: the HTTP server has no extension for them."""
        await self._send({"type": "http.response.body", "body": b""})

    async def abort(self) -> None:
        """Break the body off; the server cuts the connection because the response never becomes complete."""
        raise ResponseBrokenOffError


async def finish(begun: BegunRequest, receive: Receive, send: Send, method: str) -> None:
    """Bring a request that was begun outside of ASGI to its end by ASGI messages."""
    begun.request.watch = AsgiBody(receive).watch
    with contextlib.suppress(ResponseBrokenOffError):
        await begun.finish(AsgiSink(send, method))


class ResponseBrokenOffError(Exception):
    """The response cannot be completed; the server must cut the connection. Nothing more to report."""


def _known(status: int) -> int:
    """Return `status`, or 500 for one that ASGI servers do not know."""
    return status if status <= _LAST_STATUS else 500


class AsgiBody:
    """Reads a request's body from ASGI messages."""

    __slots__ = ("_more", "_receive")

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._more = True

    async def first(self) -> bytes:
        """Return what has arrived of the body; `more` then tells whether that was all.

        Raises:
            ClientDisconnectedError: the client went away.
        """
        message = await self._receive()
        if message["type"] != "http.request":
            raise ClientDisconnectedError
        self._more = message.get("more_body", False)
        data: bytes = message.get("body", b"")
        return data

    @property
    def more(self) -> bool:
        """Whether the body goes on."""
        return self._more

    async def read(self) -> bytes:
        """Return the next piece, `b""` at the end.

        Raises:
            ClientDisconnectedError: the client went away.
        """
        while self._more:
            data = await self.first()
            if data:
                return data
        return b""

    async def watch(self) -> None:
        """Wait for the client to go away.

        Raises:
            ClientDisconnectedError: it did.
        """
        while self._more:
            await self.first()
        await self.first()


def _without_length(headers: Headers) -> list[Header]:
    """Return `headers` without the length of a body that is not sent: servers take its lack for a broken response."""
    return [field for field in headers if field[0] != b"content-length"]


def has_body(headers: Fields) -> bool:
    """Tell whether a request with these headers carries a body (RFC 9112, section 6)."""
    return any((name == b"content-length" and value != b"0") or name == b"transfer-encoding" for name, value in headers)


def path_of(scope: Scope) -> bytes:
    """Return the raw path of a request, below the path that the application is mounted at."""
    path: bytes = scope.get("raw_path") or quote(scope["path"]).encode()
    mounted_at: str = scope.get("root_path", "")
    return path.removeprefix(mounted_at.encode()) or b"/" if mounted_at else path


async def read_request(scope: Scope, receive: Receive, authority: bytes) -> IncomingRequest:
    """Return the request of an ASGI `http` scope, with what has arrived of its body.

    Raises:
        ClientDisconnectedError: the client went away before that.
    """
    target = path_of(scope)
    query: bytes = scope["query_string"]
    headers: Fields = scope["headers"]
    body = AsgiBody(receive)
    request = IncomingRequest(
        method=scope["method"].encode("latin-1"),
        scheme=b"http",
        authority=authority,
        target=b"%b?%b" % (target, query) if query else target,
        headers=headers,
        watch=body.watch,
    )
    if has_body(headers) or not scope.get("http_version", "1.1").startswith("1."):
        # From HTTP/2 on a body needs no header that announces it.
        request.body = await body.first()
        if body.more:
            request.receive = body.read
    return request

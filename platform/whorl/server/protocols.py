"""HTTP/1.1 connections that hand requests to the application without ASGI where that is possible.

Theory of operation: uvicorn's httptools protocol parses, keeps connections alive, queues pipelined requests and drains.
What it does for ASGI (a scope, a task, an event, two messages) costs more than a small guest does. A request that has
come whole in one piece of data, most of them do, therefore goes straight to `DirectApplication.begin`. If the guest has
answered by then, the response is written in one piece and nothing else is made. In every other case uvicorn's own way
is taken, for a guest that has been begun already with what is left of its request. A body that is not complete is never
waited for: the guest may want to answer before it is.
"""

import logging
from typing import Any, Protocol, cast, runtime_checkable

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from whorl.triggers.http.asgi import Receive, Scope, Send, finish
from whorl.triggers.http.executor import BegunRequest
from whorl.triggers.http.headers import client_address
from whorl.triggers.http.messages import Fields, IncomingRequest
from whorl.triggers.http.responses import NO_BODY, Reply, ResponseHead

logger = logging.getLogger(__name__)

_ORDINARY_FIELDS = frozenset({b"transfer-encoding", b"expect", b"upgrade"})
_NOTED_FIELDS = _ORDINARY_FIELDS | {b"connection"}
_LONGEST_TARGET = 0xFFFF
"""Bytes; httptools takes no longer targets apart, so uvicorn refuses them."""

_INTERNAL_ERROR = 500
_UNKNOWN_CLIENT = b"0.0.0.0:0"


@runtime_checkable
class DirectApplication(Protocol):
    """An ASGI application that can also be asked directly."""

    def begin(self, request: IncomingRequest, scheme: bytes, client: bytes) -> Reply | BegunRequest | None:
        """Serve a request, whose body is all there, as far as that goes at once; None: it has to go by ASGI."""


class DirectProtocol(HttpToolsProtocol):
    """A connection of a server whose application is a `DirectApplication`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._application = cast("DirectApplication", self.app)
        self._is_direct = False
        self._is_ordinary = False
        self._body: list[bytes] = []
        self._says_connection = False
        self._address = _UNKNOWN_CLIENT
        self._idle_since: float | None = None
        self._default_headers: Fields | None = None
        self._lines = b""

    def connection_made(self, transport: Any) -> None:
        """Note the peer's address once for all requests."""
        super().connection_made(transport)
        if self.client is not None:
            self._address = client_address(*self.client)

    def data_received(self, data: bytes) -> None:
        """Take what the client sent."""
        super().data_received(data)
        if self._is_direct:
            self._is_direct = False
            if self.transport.is_closing():
                self._body.clear()
                return
            try:
                self._go_by_asgi()
            except httptools.HttpParserError:
                self.send_400_response("Invalid HTTP request received.")

    def on_message_begin(self) -> None:
        """Begin a request; the scope is only made when it is needed."""
        self.url = b""
        self.headers = []
        self.expect_100_continue = False
        self._is_ordinary = self._says_connection = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header."""
        name = name.lower()
        if name in _NOTED_FIELDS:
            if name in _ORDINARY_FIELDS:
                self._is_ordinary = True
            else:
                self._says_connection = True
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Go the ordinary way unless the rest can be expected at once and nothing is under way."""
        busy = self.cycle is not None and not self.cycle.response_complete
        # Of other forms of a target uvicorn refuses some, which it must do before a guest is begun.
        is_plain = self.url.startswith(b"/") and b"#" not in self.url and len(self.url) <= _LONGEST_TARGET
        held_up = busy or self.flow.write_paused or self.transport.is_closing()
        self._is_direct = is_plain and not (self._is_ordinary or held_up)
        if not self._is_direct:
            self._go_by_asgi()

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body."""
        if self._is_direct:
            self._body.append(body)
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is complete: serve it."""
        if not self._is_direct:
            super().on_message_complete()
            return
        self._is_direct = False
        target = self.url
        if target.endswith(b"?") and target.count(b"?") == 1:
            # ASGI knows no empty query, and a guest is not to see which way its request came.
            target = target[:-1]
        request = IncomingRequest(self.parser.get_method(), b"http", b"", target, self.headers)
        if self._body:
            request.body = b"".join(self._body)
        try:
            outcome = self._application.begin(request, b"https" if self.scheme == "https" else b"http", self._address)
        except Exception:
            logger.exception("a request could not be served")
            outcome = Reply(ResponseHead(_INTERNAL_ERROR))
        if isinstance(outcome, Reply):
            self._body.clear()
            self._write(outcome, is_head=request.method == b"HEAD")
            return
        if outcome is None:
            self._go_by_asgi()
            super().on_message_complete()
        else:
            self._continue(outcome)

    def _continue(self, begun: BegunRequest) -> None:
        continuation = _Continuation(begun)
        self._body.clear()
        application, self.app = self.app, continuation
        try:
            self._go_by_asgi()
            super().on_message_complete()
        finally:
            self.app = application
            # By then its task has taken its first step, unless it was cancelled before.
            self.loop.call_soon(continuation.drop)

    def _go_by_asgi(self) -> None:
        url, headers = self.url, self.headers
        super().on_message_begin()
        self.url = url
        for name, value in headers:
            super().on_header(name, value)
        super().on_headers_complete()
        for part in self._body:
            super().on_body(part)
        self._body.clear()

    def _write(self, reply: Reply, *, is_head: bool) -> None:
        head, body = reply
        status = head.status
        length = b"" if head.has_length else b"content-length: %d\r\n" % len(body)
        if status in NO_BODY or (is_head and not body):
            length, body = b"", b""
        # HTTP/1.0 connections are closed; the parser says so of itself unless the client asks for more.
        keeps_alive = self.parser.should_keep_alive() and not (
            self._says_connection and self.parser.get_http_version() == "1.0"
        )
        parts = (
            STATUS_LINE.get(status) or b"HTTP/1.1 %d \r\n" % status,
            self._default_lines(),
            head.lines,
            length,
            b"\r\n" if keeps_alive else b"connection: close\r\n\r\n",
            b"" if is_head else body,
        )
        self.transport.write(b"".join(parts))
        if not keeps_alive:
            self.transport.close()
        self.on_response_complete()

    def _default_lines(self) -> bytes:
        """Return the server's own header lines; uvicorn makes a new list of them every second."""
        headers = self.server_state.default_headers
        if headers is not self._default_headers:
            self._default_headers = headers
            self._lines = b"".join([b"%b: %b\r\n" % field for field in headers])
        return self._lines

    def on_response_complete(self) -> None:
        """Serve what is queued, else note since when the connection is idle: one timer for all its requests."""
        if self.pipeline or self.transport.is_closing():
            super().on_response_complete()
            return
        self.server_state.total_requests += 1
        self.flow.resume_reading()
        self._idle_since = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self._watch_idleness(self.timeout_keep_alive)

    def _unset_keepalive_if_required(self) -> None:
        """The connection is in use again; the timer finds that out by itself."""
        self._idle_since = None

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of the timer."""
        super().connection_lost(exc)
        if self.timeout_keep_alive_task is not None:
            self.timeout_keep_alive_task.cancel()
            self.timeout_keep_alive_task = None

    def timeout_keep_alive_handler(self) -> None:
        """Close the connection if it has been idle for long enough, else look again when it may have been."""
        self.timeout_keep_alive_task = None
        idle = 0.0 if self._idle_since is None else self.loop.time() - self._idle_since
        if idle >= self.timeout_keep_alive:
            super().timeout_keep_alive_handler()
        elif not self.transport.is_closing():
            self._watch_idleness(self.timeout_keep_alive - idle)

    def _watch_idleness(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(seconds, self.timeout_keep_alive_handler)


class _Continuation:
    """The ASGI application for one request that has begun already."""

    def __init__(self, begun: BegunRequest) -> None:
        self._begun: BegunRequest | None = begun

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Bring the request to its end."""
        begun, self._begun = self._begun, None
        if begun is None:
            return
        try:
            await finish(begun, receive, send, scope["method"])
        except Exception:
            logger.exception("a request could not be served")
            raise

    def drop(self) -> None:
        """End the guest, unless it is being brought to its end."""
        begun, self._begun = self._begun, None
        if begun is not None:
            begun.drop()

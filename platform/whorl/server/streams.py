"""One request of a connection whose answer does not come at once: its body on the way in, its response on the way out.

Theory of operation: the connection feeds the body and says when the client has gone; the application reads the body and
gives the response. A response is framed here: for HTTP/1.1 by its length or in chunks, for HTTP/1.0 by its length or by
the end of the connection. What goes wrong once the head is out cuts the connection, as nothing else would tell the
client.
"""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from whorl.server.answers import CONTINUE, Framing, encode_head, encode_whole
from whorl.server.wires import Wire
from whorl.triggers.http.headers import RESERVED
from whorl.triggers.http.messages import ClientDisconnectedError, Fields
from whorl.triggers.http.responses import NO_BODY, ResponseHead
from whorl.types import HOP_BY_HOP, Headers

if TYPE_CHECKING:
    from whorl.triggers.http.executor import BegunRequest
    from whorl.triggers.http.messages import IncomingRequest

HIGH_WATER = 64 * 1024
"""Bytes of a request's body beyond which nothing is read from the client until the application has taken them."""

PASSED_OVER = 256 * 1024
"""Bytes of a request's body that are read and forgotten behind its response; beyond them the connection is closed."""

_CHUNK_END = b"\r\n"
_NOT_TRAILERS = HOP_BY_HOP | {b"content-length", b"expect", b"te", b"trailer"}


class Owner(Protocol):
    """What a stream needs of its connection."""

    def date_line(self) -> bytes:
        """Return the line of the `date` field as it is now."""

    def may_stay(self) -> bool:
        """Tell whether the connection may serve another request."""

    def body_wanted(self) -> None:
        """The application waits for a body that the client holds back."""

    def room_changed(self) -> None:
        """The application has taken bytes of a body."""

    def response_ended(self, stream: "Stream") -> None:
        """The response is complete."""


class Stream:
    """A request and its response; a `ResponseSink` and an `Upload`.

    Attributes:
        request: for the application.
        begun: what the guest has done already; None: the application has not been asked.
        task: serves it, once its turn has come.
        verdict: the status that the client gets instead of a response that has not begun.
        has_started: the head of the response has been written; `is_over`: all of it.
        keeps_alive: the connection may serve another request behind this one.
        is_whole: all of the body has come.
        unread: bytes of the body that the application has not taken.
        awaits_continue: the client waits to be asked for the body.
    """

    def __init__(
        self, owner: Owner, wire: Wire, request: "IncomingRequest", framing: Framing, *, keeps_alive: bool
    ) -> None:
        self.request = request
        self.begun: BegunRequest | None = None
        self.task: asyncio.Task[None] | None = None
        self.verdict: int | None = None
        self.has_started = self.is_over = False
        self.keeps_alive = keeps_alive
        self.is_whole = False
        self.unread = 0
        self._owner = owner
        self._wire = wire
        self._framing = framing
        self._pieces: list[bytes] = []
        self._left = 0
        self._passed_over = 0
        self.awaits_continue = False
        self._is_gone = False
        self._news: asyncio.Future[None] | None = None
        self._tell_whole: Callable[[], None] | None = None
        self._is_chunked = self._is_bodiless = self._ends_by_close = False
        request.watch = self.watch

    # The body, from the connection.

    def open(self, length: int | None, *, expects_continue: bool) -> None:
        """More of the body follows: `length` bytes, or nobody knows how many."""
        request = self.request
        request.receive = self.receive
        request.upload = self
        self._left = length or 0
        if expects_continue:
            self.awaits_continue = True
            request.ask = self._send_continue

    def feed(self, data: bytes) -> None:
        """Take a piece."""
        self.awaits_continue = False
        self._left -= len(data)
        if self.is_over:
            self._passed_over += len(data)
            return
        self._pieces.append(data)
        self.unread += len(data)
        self._announce()

    def complete(self, trailers: Fields) -> None:
        """The body is whole."""
        if trailers:
            self.request.trailers = [
                field for field in trailers if field[0] not in _NOT_TRAILERS and not field[0].startswith(RESERVED)
            ]
        self.is_whole = True
        self.awaits_continue = False
        self._announce()
        if self._tell_whole is not None:
            tell, self._tell_whole = self._tell_whole, None
            tell()

    def disconnect(self) -> None:
        """The client has gone."""
        self._is_gone = True
        self._announce()
        if self.task is not None and self._news is None and not self.is_over:
            # Nobody watches yet: it waits for an instance.
            self.task.cancel()

    def let_go(self) -> None:
        """Forget the request, which refers back: nobody serves it any more."""
        self.task = None
        request = self.request
        request.watch = request.receive = request.ask = request.inform = request.upload = None

    @property
    def has_too_much_left(self) -> bool:
        """Whether more of the body is left than is passed over, or nobody knows whether it will come."""
        is_too_much = max(self._left, self._passed_over) > PASSED_OVER
        return not self.is_whole and (self.awaits_continue or is_too_much)

    # The body, for the application.

    def take(self) -> bytes:
        """Return what has come of the body."""
        data = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
        self._pieces.clear()
        was_full = self.unread >= HIGH_WATER
        self.unread = 0
        if was_full:
            self._owner.room_changed()
        return data

    def when_whole(self, tell: Callable[[], None] | None) -> None:
        """Call `tell` once when all of the body has come."""
        self._tell_whole = tell

    async def receive(self) -> bytes:
        """Return the next piece of the body, `b""` at its end.

        Raises:
            ClientDisconnectedError: the client went away.
        """
        while not self._pieces:
            if self.is_whole:
                return b""
            await self._wait()
        return self.take()

    async def watch(self) -> None:
        """Wait for the client to go away.

        Raises:
            ClientDisconnectedError: it did.
        """
        while True:
            await self._wait()

    async def _wait(self) -> None:
        if not self._is_gone:
            self._news = asyncio.get_running_loop().create_future()
            try:
                await self._news
            finally:
                self._news = None
        if self._is_gone:
            raise ClientDisconnectedError

    def _announce(self) -> None:
        if self._news is not None and not self._news.done():
            self._news.set_result(None)

    def _send_continue(self) -> None:
        if self.awaits_continue:
            self.awaits_continue = False
            self._owner.body_wanted()
            if not self.has_started:
                self._wire.send(CONTINUE)

    # The response.

    async def whole(self, head: ResponseHead, body: bytes) -> None:
        """Send a complete response, once the client has room for it."""
        await self._wire.drained()
        self.answer(head, body)

    def answer(self, head: ResponseHead, body: bytes = b"") -> None:
        """Send a complete response."""
        self._decide(closes=self.has_too_much_left)
        date = self._owner.date_line()
        self._wire.send(encode_whole(head, body, date, self._framing, keeps_alive=self.keeps_alive))
        self._end()

    async def start(self, head: ResponseHead) -> None:
        """Send the head, once the client has room for it; the body follows."""
        await self._wire.drained()
        framing = self._framing
        framing_lines = b""
        if head.status in NO_BODY:
            self._is_bodiless = True
        elif head.length is None:
            self._is_chunked = not framing.is_1_0
            framing_lines = b"transfer-encoding: chunked\r\n" if self._is_chunked else b""
            self._ends_by_close = framing.is_1_0
        self._is_bodiless = self._is_bodiless or framing.is_head
        # What is left of the body may be read yet.
        self._decide(closes=self._ends_by_close or self.awaits_continue)
        date = self._owner.date_line()
        self._wire.send(encode_head(head, date, framing_lines, is_1_0=framing.is_1_0, keeps_alive=self.keeps_alive))

    async def write(self, data: bytes) -> None:
        """Send a piece of the body; returns when the client has room for more."""
        if not self._is_bodiless:
            self._wire.send(b"%x\r\n%b\r\n" % (len(data), data) if self._is_chunked else data)
            await self._wire.drained()

    async def finish(self, trailers: Headers) -> None:
        """End the body; trailers go to clients that read them (RFC 9110, section 6.5.1)."""
        if self._is_chunked and not self._is_bodiless:
            sent = trailers if self._framing.takes_trailers else ()
            lines = b"".join([b"%b: %b\r\n" % field for field in sent if field[0] not in _NOT_TRAILERS])
            self._wire.send(b"0\r\n" + lines + _CHUNK_END)
        self._end()

    async def abort(self) -> None:
        """Break the response off."""
        self.cut()

    def cut(self) -> None:
        """Close the connection so that the client sees that its response is not complete."""
        self._wire.cut(resets=self._ends_by_close)

    def _decide(self, *, closes: bool) -> None:
        """Decide whether the connection stays, which the head says."""
        self.has_started = True
        self.keeps_alive = self.keeps_alive and not closes and self._owner.may_stay()

    def _end(self) -> None:
        self.is_over = True
        self._pieces.clear()
        self.unread = 0
        self._owner.response_ended(self)

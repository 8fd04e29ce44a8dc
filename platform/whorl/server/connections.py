"""HTTP/1.1 connections that hand requests to the application, on two ways.

Theory of operation: a request that has come whole, most do so in one piece of data, goes to `begin` at once, on the
*direct way*. The rest of a short body is waited for, as long as `_PATIENCE` lasts. If the guest has answered by then,
the response is written in one piece and nothing else is made. Every other request is a `Stream` with a task of its own:
one whose guest pauses, whose body is still to come, for which no instance is at hand, that stands behind another.
Responses are written in the order of the requests; what is pipelined behind a request that is being served is parsed a
slice at a time, and not before what was parsed is served.

A request that cannot be trusted is refused: the parser sees no more of the connection, the answer comes in its turn,
and the connection is closed once the client has had the time to read it (*lingering*, RFC 9112 section 9.6). Times
are kept by `ConnectionTable.sweep`, which asks each connection that is not idle.
"""

import asyncio
import logging
from collections import deque
from typing import cast

from whorl.server.answers import Framing, encode_informational, encode_whole
from whorl.server.applications import DirectApplication
from whorl.server.connection_table import ConnectionTable
from whorl.server.parsing import RefusedError, RequestParser
from whorl.server.streams import HIGH_WATER, Stream
from whorl.server.wires import REFUSED, UNREAD, Linger, Wire
from whorl.triggers.http.headers import client_address
from whorl.triggers.http.messages import ClientDisconnectedError, Fields, IncomingRequest
from whorl.triggers.http.responses import Reply, ResponseHead

logger = logging.getLogger(__name__)

_INTERNAL_ERROR = 500
_TIMED_OUT = 408
_UNAVAILABLE = ResponseHead.of(503, [(b"retry-after", b"1")])
_PLAIN = Framing(is_1_0=False, is_head=False, takes_trailers=False)


_ANSWERED_AT_ONCE = 4
"""Requests of one connection that go the direct way in one piece of data; behind them others have their turns."""

_SHORT_BODY = 256 * 1024
_PATIENCE = 0.002
"""Seconds for which a request waits for the rest of a short body, which is mostly on its heels: if it comes, the
request goes the direct way."""

_PIPELINED_SLICE = 1024
"""Bytes that are parsed at a time behind a request that is being served."""


class HttpConnection(asyncio.Protocol):
    """A connection of a client.

    Attributes:
        is_idle: nothing is under way; the table's to set.
        idle_since: when that was last so, on the event loop's clock.
    """

    def __init__(self, application: DirectApplication, table: ConnectionTable) -> None:
        self._application = application
        self._table = table
        self.loop = asyncio.get_running_loop()
        self._parser = RequestParser(self, table.limits)
        self._transport: asyncio.Transport
        self._wire: Wire
        self._client = b""
        self._is_direct = False
        self._body: list[bytes] = []
        self._patience: asyncio.TimerHandle | None = None
        self._answered = 0
        self._served: Stream | None = None
        self._waiting: deque[Stream] = deque()
        self._incoming: Stream | None = None
        self._rest: bytes | memoryview = b""
        self._refused: int | None = None
        self._is_last = self._is_lost = self._is_draining = False
        self.is_idle = False
        self.idle_since = 0.0
        self._head_since: float | None = None
        self._body_since: float | None = None

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has connected."""
        self._transport = cast("asyncio.Transport", transport)
        self._wire = Wire(self._transport)
        peer = transport.get_extra_info("peername")
        if not isinstance(peer, tuple):
            # It has been reset already: nobody is there, and guests must not be told of a client without an address.
            self._wire.abort()
            return
        self._client = client_address(*peer[:2])
        if not self._table.admit(self):
            self._write_refusal(_UNAVAILABLE, lingers=self._table.may_linger)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - whatever the reason
        """The connection is gone, and with it whoever waited for responses."""
        self._is_lost = self._wire.is_ending = True
        self._stop_waiting()
        self._body.clear()
        self._table.forget(self)
        self._rest = b""
        self._wire.note_full(is_full=False)
        self._disconnect()
        while self._waiting:
            self._waiting.pop().let_go()
        if self._served is None or self._served.task is None:
            self._served = self._incoming = None  # they refer to their connection
        self._parser.close()

    def eof_received(self) -> None:
        """The client sends no more: it has gone, as far as anybody can tell."""
        self._wire.is_ending = True
        self._disconnect()

    def pause_writing(self) -> None:
        """The client is slow."""
        self._wire.note_full(is_full=True)

    def resume_writing(self) -> None:
        """The client has caught up."""
        self._wire.note_full(is_full=False)

    def data_received(self, data: bytes) -> None:
        """Take what the client sent."""
        if self._is_deaf:
            self._wire.pass_over(len(data))
            return
        self._answered = 0
        if self._rest or self._waiting:
            # What was parsed has to be served before more is.
            self._rest = b"".join((self._rest, data))
            self._watch_reading()
        elif len(data) <= self._parser.slice:
            self._parse(data)
        else:
            self._rest = memoryview(data)
            self._parse_rest()
        if self._incoming is not None and not self._parser.in_head:
            self._body_since = self.loop.time()
            self._watch_room()

    @property
    def _is_deaf(self) -> bool:
        """Whether what the client sends is thrown away."""
        return self._wire.is_ending or (self._is_last and self._incoming is None and not self._is_direct)

    # Parsing.

    def _parse(self, data: bytes | memoryview) -> None:
        try:
            self._parser.feed(data)
        except RefusedError as error:
            self.refuse(error.status)
        parser = self._parser
        if self._is_direct and self._patience is None and not 0 < parser.body_left <= len(self._rest):
            # Its body goes on, and has not come.
            if parser.body_left > 0 and (parser.body_length or 0) <= _SHORT_BODY:
                self._patience = self.loop.call_later(_PATIENCE, self._lose_patience)
                self._table.note_active(self)
            else:
                self._is_direct = False
                self._begin_upload()
        if parser.in_head and self._head_since is None:
            self._head_since = self.loop.time()
            self._table.note_active(self)
        served = self._served
        if served is not None and served.is_over and self._incoming is not served:
            # What was left of its body is passed over. Not before the parser has returned, or it would be entered anew.
            self._next()

    def _parse_rest(self) -> None:
        """Parse what is left of the data, as long as nothing that was parsed has to wait."""
        while self._rest and not (self._waiting or self._is_deaf):
            # What is parsed while another is served has to wait.
            slice_size = self._parser.slice if self._served is None else min(_PIPELINED_SLICE, self._parser.slice)
            size = max(slice_size, self._parser.body_left)
            data, self._rest = self._rest[:size], self._rest[size:]
            self._parse(data)
        if self._is_deaf:
            self._rest = b""
        self._watch_reading()

    def head_arrived(self) -> None:
        """The head of a request is complete: the direct way is open to it unless something is in the way."""
        parser = self._parser
        self._head_since = None
        if not parser.keeps_alive:
            self._is_last = True
        if parser.is_1_0 and not any(name == b"host" for name, _ in parser.headers):
            parser.headers.append((b"host", self._own_address()))
        busy = self._served is not None or self._wire.is_full or self._answered >= _ANSWERED_AT_ONCE
        self._is_direct = not (busy or parser.expects_continue or parser.target == b"*")
        if not self._is_direct:
            self._begin_upload()

    def _lose_patience(self) -> None:
        """Serve a request whose short body has not come at once."""
        self._patience = None
        if self._is_direct and not self._wire.is_ending:
            self._is_direct = False
            self._begin_upload()
            self._body_since = self.loop.time()
            self._watch_room()

    def _stop_waiting(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def body_arrived(self, data: bytes) -> None:
        """Take a piece of the body."""
        if self._is_direct:
            self._body.append(data)
        elif self._incoming is not None:
            self._incoming.feed(data)

    def message_arrived(self) -> None:
        """The request is complete: serve it."""
        if not self._is_direct:
            stream, self._incoming = self._incoming, None
            if stream is not None:
                stream.complete(self._parser.trailers)
            return
        self._is_direct = False
        if self._patience is not None:
            self._stop_waiting()
        request = self._request()
        if self._parser.trailers:
            self._queue(self._stream(request)).complete(self._parser.trailers)
            return
        self._answered += 1
        try:
            outcome = self._application.begin(request, b"http", self._client)
        except Exception:
            logger.exception("a request could not be served")
            outcome = Reply(ResponseHead(_INTERNAL_ERROR))
        if isinstance(outcome, Reply):
            self._write_reply(outcome, is_head=request.method == b"HEAD")
            return
        stream = self._stream(request)
        stream.begun = outcome
        stream.is_whole = True
        self._queue(stream)

    def _request(self) -> IncomingRequest:
        parser = self._parser
        target = parser.target
        if target.endswith(b"?") and target.count(b"?") == 1:
            # ASGI knows no empty query, and a guest is not to see which way its request came.
            target = target[:-1]
        request = IncomingRequest(parser.method, b"http", b"", target, parser.headers)
        if not parser.is_1_0:
            request.inform = self._inform
        if self._body:
            request.body = b"".join(self._body)
            self._body.clear()
        return request

    def _begin_upload(self) -> None:
        """Serve a request whose body, if it has one, is still to come."""
        parser = self._parser
        stream = self._stream(self._request())
        length = parser.body_length
        if length != 0:
            left = None if length is None else length - len(stream.request.body)
            stream.open(left, expects_continue=parser.expects_continue)
        self._incoming = stream
        self._queue(stream)

    def _stream(self, request: IncomingRequest) -> Stream:
        parser = self._parser
        framing = Framing(parser.is_1_0, request.method == b"HEAD", parser.takes_trailers)
        return Stream(self, self._wire, request, framing, keeps_alive=parser.keeps_alive)

    # Serving.

    def _write_reply(self, reply: Reply, *, is_head: bool) -> None:
        """Write the response to a request that went the direct way."""
        parser = self._parser
        keeps_alive = parser.keeps_alive and not self._is_draining
        framing = Framing(parser.is_1_0, is_head, parser.takes_trailers) if parser.is_1_0 or is_head else _PLAIN
        data = encode_whole(reply.head, reply.body, self._table.date_line(), framing, keeps_alive=keeps_alive)
        self._wire.send(data)
        self._table.count_request()
        if not keeps_alive:
            self._close()
        elif self.is_idle:
            # As most are, between requests that go the direct way: the table need not hear of each.
            self.idle_since = self.loop.time()
        else:
            self._table.note_idle(self)

    def _queue(self, stream: Stream) -> Stream:
        if self._served is None:
            self._serve(stream)
        else:
            self._waiting.append(stream)
        return stream

    def _serve(self, stream: Stream) -> None:
        self._served = stream
        self._table.note_active(self)
        stream.task = task = self.loop.create_task(self._run(stream))
        self._table.own(task)
        task.add_done_callback(lambda task: self._settle(stream, task))

    async def _run(self, stream: Stream) -> None:
        begun, stream.begun = stream.begun, None
        try:
            if begun is None:
                await self._application.serve(stream.request, b"http", self._client, stream)
            else:
                await begun.finish(stream)
        except ClientDisconnectedError:
            pass
        except asyncio.CancelledError:
            if stream.verdict is None and not self._is_lost:
                raise
        except Exception:
            logger.exception("a request could not be served")

    def _settle(self, stream: Stream, task: asyncio.Task[None]) -> None:
        """A stream's task has ended, whatever came of it."""
        if stream.begun is not None:
            # It was cancelled before its first step.
            stream.begun.drop()
        stream.let_go()
        if self._is_lost:
            self._served = self._incoming = None
        if stream.is_over or self._wire.is_ending:
            return
        if stream.has_started:
            stream.cut()
        elif task.cancelled() and stream.verdict is None:
            self._wire.abort()
        else:
            if stream.verdict is not None:
                stream.keeps_alive = False
            stream.answer(ResponseHead(stream.verdict or _INTERNAL_ERROR))

    def response_ended(self, stream: Stream) -> None:
        """The response of the request that is served is complete: go on with what follows."""
        self._table.count_request()
        if self._is_lost:
            return
        if not stream.keeps_alive:
            self._close(None if stream.verdict is None else REFUSED)
        elif self._incoming is not stream:
            self._next()
        else:
            # The rest of its body is passed over.
            self._body_since = self.loop.time()
            self._watch_room()

    def _next(self) -> None:
        """Serve what is queued, else parse on, else be idle."""
        self._served = None
        if self._wire.is_ending:
            return
        if self._waiting:
            self._serve(self._waiting.popleft())
            self._parse_rest()
            return
        if self._rest:
            self._parse_rest()
        if self._served is None and not self._wire.is_ending:
            if self._refused is not None:
                self._write_refusal(ResponseHead(self._refused))
            elif self._is_last or self._is_draining:
                self._close()
            elif not self._parser.in_head:
                self._table.note_idle(self)
            self._watch_reading()

    def _inform(self, status: int, fields: Fields) -> None:
        """Write a response ahead of that of the request whose guest runs: nothing of another is still to be written."""
        if not self._wire.is_full:
            self._wire.send(encode_informational(status, fields))

    # What a stream needs of its connection.

    def date_line(self) -> bytes:
        """Return the line of the `date` field as it is now."""
        return self._table.date_line()

    def may_stay(self) -> bool:
        """Tell whether the connection may serve another request."""
        return not (self._is_draining or self._wire.is_ending)

    def body_wanted(self) -> None:
        """The client has been asked for a body: its time begins."""
        self._body_since = self.loop.time()

    def room_changed(self) -> None:
        """The application has taken bytes of a body."""
        self._watch_room()

    # Ending.

    def refuse(self, status: int) -> None:
        """Serve no more: what comes next is no request that can be trusted, or none in time."""
        if self._is_last and self._incoming is None and not self._is_direct:
            return
        self._is_direct = False
        self._stop_waiting()
        self._body.clear()
        self._is_last = True
        stream, self._incoming = self._incoming, None
        if stream is not None:
            if stream.is_over:
                self._close(REFUSED)
            else:
                self._break_off(stream, status)
        elif self._served is None:
            self._write_refusal(ResponseHead(status))
        else:
            self._refused = status

    def _break_off(self, stream: Stream, status: int) -> None:
        """The body of `stream` will never be whole."""
        stream.verdict = status
        if stream.task is not None:
            stream.task.cancel()
        else:
            self._waiting.remove(stream)
            self._refused = status

    def _write_refusal(self, head: ResponseHead, *, lingers: bool = True) -> None:
        self._wire.send(encode_whole(head, b"", self._table.date_line(), _PLAIN, keeps_alive=False))
        self._close(REFUSED if lingers else None)

    def _close(self, linger: Linger | None = None) -> None:
        """Close when everything is written; linger where the client may be sending."""
        self._rest = b""
        if linger is None and self._incoming is not None:
            linger = REFUSED if self._is_draining else UNREAD
        self._wire.close(linger)
        if linger is not None:
            self._table.note_active(self)

    def _disconnect(self) -> None:
        streams = [self._served, *self._waiting]
        for stream in streams:
            if stream is not None:
                stream.disconnect()

    def shutdown(self) -> None:
        """Serve what is under way, then close."""
        self._is_draining = True
        self._wire.hurry()
        if self._patience is not None:
            self._stop_waiting()
            self._lose_patience()
        if self._served is None or self._served.is_over:
            self._close()

    def end_idleness(self) -> None:
        """Close, for nothing is under way."""
        self._close()

    def give_way(self) -> None:
        """Close at once, whether or not the client has read what it was sent: another needs the place."""
        self._wire.abort()

    def check(self, now: float) -> None:
        """End what takes too long, see `ConnectionLimits`."""
        limits = self._table.limits
        self._wire.check(now, limits.idle_timeout)
        stream = self._incoming
        is_waiting = stream is not None and not (self._wire.is_held or stream.awaits_continue)
        if self._wire.is_ending:
            return
        is_in_head = self._head_since is not None and not self._wire.is_held
        if (is_in_head and now - (self._head_since or 0.0) >= limits.head_timeout) or (
            is_waiting and self._body_since is not None and now - self._body_since >= limits.idle_timeout
        ):
            self.refuse(_TIMED_OUT)

    def _watch_room(self) -> None:
        stream = self._incoming
        if stream is not None and stream.has_too_much_left and stream.is_over:
            self._close()
        self._watch_reading()

    def _watch_reading(self) -> None:
        """Read from the client only what somebody will take."""
        is_full = bool(self._rest) or (self._incoming is not None and self._incoming.unread >= HIGH_WATER)
        if self._wire.is_held and not is_full:
            # The time in which nothing was read is not the client's.
            self._body_since = self.loop.time()
            if self._head_since is not None:
                self._head_since = self._body_since
        self._wire.hold(is_held=is_full)

    def _own_address(self) -> bytes:
        name = self._transport.get_extra_info("sockname")
        return client_address(*name[:2]) if isinstance(name, tuple) else b"localhost"

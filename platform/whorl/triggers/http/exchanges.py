"""One request and its response while they are in flight between a face and a guest.

Theory of operation: the guest's side (the host functions of `whorl:host/http-server`) runs inside a poll of its fiber
and never waits; the face's side runs as asyncio tasks. Between them are two bounded buffers. A piece of the request's
body is taken in only while less than `REQUEST_BUFFER` bytes are unread; the guest is told to hold back while more than
`RESPONSE_BUFFER` bytes of the response are unsent. Tasks 1 and 2 of `whorl:host` tell the guest when either changes.
"""

import asyncio
from binascii import b2a_base64

from whorl.engine.byte_queues import ENDED, WORTHWHILE, ByteQueue
from whorl.engine.instances import Instance
from whorl.engine.memories import challenge, memory_of
from whorl.engine.packing import (
    MalformedError,
    Text,
    decode_base64,
    decode_head,
    encode_fields,
    encode_head,
    pack,
    unpack,
)
from whorl.engine.tasks import REQUEST_BODY, RESPONSE_SINK
from whorl.triggers.http.messages import IncomingRequest
from whorl.triggers.http.responses import (
    NO_BODY,
    Reply,
    ResponseHead,
    ResponseHeads,
    UnservableError,
    parse_fields,
    parse_informational,
)
from whorl.types import Headers

REQUEST_BUFFER = 256 * 1024
RESPONSE_BUFFER = 256 * 1024

_RAW, _BASE64 = b"rb"


class Exchange:
    """A request on its way in and a response on its way out, for one instance.

    Attributes:
        instance: the guest's.
        response: its head, once the guest has set it.
        whole: all of it, when the guest gave it at once.
        complete: the guest has finished its response.
        failure: the error code with which the guest gave up or broke off.
        trailers: what follows the body.
        status_without_response: set when the guest has ended: what the client gets if there is no response.

    Args:
        instance: as above.
        request: what came; if it can receive, more of its body follows by `feed` and `end`. Its headers are not used.
        fields: the field lines that the guest sees.
        heads: reads the heads of the guest's responses.
    """

    __slots__ = (
        "_ended",
        "_fields",
        "_given",
        "_heads",
        "_is_refused",
        "_output",
        "_request",
        "_room",
        "_trailers_in",
        "_unread",
        "_unsent_size",
        "broken",
        "complete",
        "failure",
        "instance",
        "output_ready",
        "response",
        "status_without_response",
        "trailers",
        "whole",
    )

    def __init__(self, instance: Instance, request: IncomingRequest, fields: bytes, heads: ResponseHeads) -> None:
        body = request.body
        self.instance = instance
        self._request = request
        self._fields = fields
        self._heads = heads
        self._unread = ByteQueue(body)
        self._ended = request.receive is None
        self._trailers_in: Headers = request.trailers
        self._given = 0
        self._is_refused = False
        self._room: asyncio.Future[None] | None = None
        self._output: list[bytes] = []
        self._unsent_size = 0
        self.broken: bytes | None = None
        self.output_ready: asyncio.Future[None] | None = None
        self.response: ResponseHead | None = None
        self.whole: Reply | None = None
        self.complete = False
        self.failure: bytes | None = None
        self.trailers: Headers = ()
        self.status_without_response: int | None = None
        instance.tasks.begin_request(has_body=bool(body) or self._ended, ask=request.ask, depth=request.depth)

    # The face's side: the request's body.

    def feed(self, data: bytes) -> None:
        """Add a piece of the request's body."""
        self._unread.append(data)
        self.instance.tasks.mark(REQUEST_BODY)

    async def room(self) -> None:
        """Wait until the guest has read enough for another piece."""
        while self._unread.size >= REQUEST_BUFFER:
            self._room = self.instance.loop.create_future()
            await self._room

    def end(self, trailers: Headers = ()) -> None:
        """The request's body is complete."""
        self._ended = True
        self._trailers_in = trailers
        self.instance.tasks.mark(REQUEST_BODY)

    def break_off(self, code: bytes) -> None:
        """The request's body will never be complete."""
        self.broken = code
        self.instance.tasks.mark(REQUEST_BODY)

    # The face's side: the response's body.

    async def output(self) -> None:
        """Wait until there is something new to send, or the guest has ended."""
        if not (self._output or self.complete or self.failure is not None or self.status_without_response is not None):
            self.output_ready = self.instance.loop.create_future()
            await self.output_ready

    async def head(self) -> None:
        """Wait until there is a response or there never will be."""
        while self.response is None and self.failure is None and self.status_without_response is None:
            self.output_ready = self.instance.loop.create_future()
            await self.output_ready

    def take_output(self) -> bytes:
        """Return what of the body is waiting to be sent."""
        data = b"".join(self._output) if len(self._output) != 1 else self._output[0]
        self._output.clear()
        return data

    def gathered(self) -> Reply | None:
        """Return a response that came in pieces, if all of them are there before any has been sent."""
        if not self.complete or self.trailers or self.response is None:
            return None
        return Reply(self.response, self.take_output())

    def sent(self, size: int) -> None:
        """The client has taken `size` bytes of the body."""
        self._unsent_size -= size
        if self.status_without_response is None and self._unsent_size < RESPONSE_BUFFER:
            self.instance.tasks.mark(RESPONSE_SINK)

    def conclude(self, status_without_response: int) -> None:
        """The guest has ended; its instance may serve others from now on."""
        self.status_without_response = status_without_response
        if self.output_ready is not None:
            self._announce()

    def _announce(self) -> None:
        if self.output_ready is not None and not self.output_ready.done():
            self.output_ready.set_result(None)

    # The guest's side: `whorl:host/http-server`.

    def request(self) -> bytes:
        """Answer `request`: the head and what is there of the body."""
        if self._is_long():
            return self._start(b"sm" + challenge(self.instance), b"")
        body = self._take_unread(REQUEST_BUFFER) if self._unread.size else b""
        flags = b"" if self._ended and not self._unread.size and not self._trailers_in else b"s"
        if body.isascii():
            return self._start(flags, body)
        try:
            return Text(self._start(flags, body))
        except UnicodeDecodeError:
            return self._start(flags + b"b", b2a_base64(body, newline=False))

    def _start(self, flags: bytes, body: bytes) -> bytes:
        request = self._request
        head = encode_head(
            b"%b\r%b\r%b\r%b\r%b\r%b"
            % (request.method, request.scheme, request.authority, request.target, flags, self._fields)
        )
        return b"%d\r%b%b" % (len(head), head, body)

    def read(self, limit: int) -> bytes:
        """Answer `body-read`: packed bytes, `m`, `p`, `e` or `x`."""
        if self._unread.size:
            if self._is_long():
                return b"m" + challenge(self.instance)
            return pack(self._take_unread(max(limit, 1)))
        if self.broken is not None:
            return b"x" + self.broken
        if self._ended:
            return b"e" + encode_head(encode_fields(self._trailers_in))
        self.instance.tasks.ask()
        return b"p"

    def read_into(self, address: int, size: int) -> int:
        """Write at most `size` bytes of the body to the adapter's memory; answer as `body-into`."""
        if size >= ENDED:
            raise MalformedError(f"an adapter asked for {size} bytes at once")
        count = self._unread.take_into(memory_of(self.instance), address, size)
        self._note_taken()
        if self._ended and not self._unread.size and not self._trailers_in:
            return count | ENDED
        return count

    def _is_long(self) -> bool:
        return self._unread.size >= WORTHWHILE and not self.instance.is_memory_hidden

    def _take_unread(self, limit: int) -> bytes:
        data = self._unread.take(limit)
        self._note_taken()
        return data

    def _note_taken(self) -> None:
        if not self._unread.size and not self._ended and self.broken is None:
            self.instance.tasks.clear(REQUEST_BODY)
        if self._room is not None and self._unread.size < REQUEST_BUFFER and not self._room.done():
            self._room.set_result(None)

    def inform(self, head: bytes) -> None:
        """Take a response ahead of the response; it goes to clients that can be told."""
        self._expect_no_response()
        status, fields = parse_informational(head)
        if self._request.inform is not None:
            self._request.inform(status, fields)

    def respond(self, response: bytes) -> None:
        """Take the whole response."""
        end = response.find(b"\r\r")
        if end < 0:
            raise MalformedError(f"a response without the end of its head: {response[:40]!r}")
        encoding, body = response[0], response[end + 2 :]
        if encoding == _BASE64:
            body = decode_base64(body)
        elif encoding != _RAW:
            raise MalformedError(f"a response begins with {response[:1]!r}, not with `r` or `b`")
        self._take_whole(response[1 : end + 1], body)

    def respond_from(self, head: bytes, address: int, size: int) -> None:
        """Take the whole response, with the body from the adapter's memory."""
        self._take_whole(head, memory_of(self.instance).read(address, size))

    def _take_whole(self, text: bytes, body: bytes) -> None:
        self._expect_no_response()
        head = self._read_head(text)
        if head is None:
            return
        if head.length is not None and head.length != len(body) and not self._may_lack_body(head, body):
            self._refuse(f"its body has {len(body)} bytes where `content-length` says {head.length}")
            return
        self.response = head
        self.whole = Reply(head, body)
        self.complete = True
        if self.output_ready is not None:
            self._announce()

    def respond_head(self, head: bytes) -> None:
        """Take the response's head; its body follows."""
        self._expect_no_response()
        self.response = self._read_head(head)
        self._announce()

    def respond_chunk(self, packed: bytes) -> bool:
        """Take a piece of the response's body; tell whether the guest must hold back."""
        return self._take_chunk(unpack(packed))

    def respond_chunk_from(self, address: int, size: int) -> bool:
        """Take a piece of the response's body from the adapter's memory; tell whether the guest must hold back."""
        return self._take_chunk(memory_of(self.instance).read(address, size))

    def _take_chunk(self, data: bytes) -> bool:
        if self._is_refused:
            return False
        if self.response is None or self.complete or self.failure is not None:
            raise MalformedError("a piece of a body outside of a response")
        self._given += len(data)
        if self.response.length is not None and self._given > self.response.length:
            self._refuse(f"its body has more than the {self.response.length} bytes of `content-length`")
            return False
        if data:
            self._output.append(data)
            self._unsent_size += len(data)
            self._announce()
        behind = self._unsent_size >= RESPONSE_BUFFER
        if behind:
            self.instance.tasks.clear(RESPONSE_SINK)
        return behind

    def respond_end(self, trailers: bytes) -> None:
        """The response's body is complete."""
        if self._is_refused:
            return
        if self.response is None or self.complete or self.failure is not None:
            raise MalformedError("the end of a body outside of a response")
        length = self.response.length
        if length is not None and self._given != length and not self._may_lack_body(self.response, self._given):
            self._refuse(f"its body has {self._given} bytes where `content-length` says {length}")
            return
        self.trailers = parse_fields(decode_head(trailers))
        self.complete = True
        self._announce()

    def respond_fail(self, code: bytes) -> None:
        """The guest gave up: no response, or one that breaks off."""
        if not self.complete and self.failure is None:
            self.failure = code
            self._announce()

    def _read_head(self, text: bytes) -> ResponseHead | None:
        """Return the head; None when it is none of a response that can be sent: the client then gets 500."""
        try:
            return self._heads.read(text)
        except UnservableError as error:
            self._refuse(str(error))
            return None

    def _refuse(self, why: str) -> None:
        """Give up for the guest, which is not told: it may be reused, and its response is merely not sent."""
        self._is_refused = True
        self.respond_fail(why.encode())

    def _may_lack_body(self, head: ResponseHead, given: bytes | int) -> bool:
        return not given and (head.status in NO_BODY or self._request.method == b"HEAD")

    def _expect_no_response(self) -> None:
        if self.response is not None or self.failure is not None:
            raise MalformedError("a second response")

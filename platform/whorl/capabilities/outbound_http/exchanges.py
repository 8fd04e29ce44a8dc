"""One request that a guest sends, and its response: bounded buffers between the guest's calls and the client.

Theory of operation: the guest's side (`write`, `finish`, `response`, `read`, `close`) never waits; it takes and leaves
what the buffers hold. The client's side (`_run`) is an asyncio task. Task `t` is ready while there is something that
the guest has not taken (the head, then bytes, the end or an error); task `t+1` while the queue of the request's body
has room. The response is read ahead by at most `READ_AHEAD` bytes. Of the request's body at most `QUEUE_LIMIT` bytes
and one chunk wait; an adapter may add what it held when it learned that there is no room, up to `QUEUE_MAXIMUM`.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import replace

from whorl.capabilities.outbound_http.client import HttpClient
from whorl.capabilities.outbound_http.heads import checked_fields, declared_length
from whorl.capabilities.outbound_http.messages import OutboundError, OutboundRequest, OutboundResponse
from whorl.engine.byte_queues import ENDED, WORTHWHILE, ByteQueue
from whorl.engine.memories import Memory, Owner, challenge
from whorl.engine.packing import MalformedError, decode_fields, decode_head, encode_fields, encode_head, pack
from whorl.engine.tasks import TaskTable
from whorl.types import HOP_BY_HOP, Headers

READ_AHEAD = 128 * 1024
QUEUE_LIMIT = 64 * 1024
QUEUE_MAXIMUM = 1024 * 1024

_CHUNK = 64 * 1024
_logger = logging.getLogger(__name__)


class Exchange:
    """A request and its response, by the number of its task. Belongs to one instance."""

    def __init__(self, tasks: TaskTable) -> None:
        self.number = tasks.allocate(2)
        self._tasks = tasks
        self._work: asyncio.Task[None] | None = None
        self._outgoing = _Outgoing()
        self._incoming = ByteQueue()
        self._room = asyncio.Event()
        self._head: bytes | None = None
        self._head_taken = False
        self._ending: bytes | None = None
        tasks.mark(self.number + 1)

    @property
    def is_busy(self) -> bool:
        """Whether a connection may be in use, or bytes wait for the guest."""
        return self._incoming.size > 0 or (self._work is not None and not self._work.done())

    def start(self, client: HttpClient, request: OutboundRequest, *, continues: bool) -> None:
        """Send `request`; `continues` says that more of its body follows by `write`.

        Raises:
            OutboundError: its content-length is not a number.
        """
        if continues:
            self._outgoing = _Outgoing(declared_length(request.headers))
            self._outgoing.is_open = True
            if isinstance(request.body, bytes) and request.body:
                self._outgoing.append(request.body)
        self._work = self._tasks.start(self._run(client, request, continues=continues))
        self._work.add_done_callback(self._forget_work)

    def fail(self, error: OutboundError) -> None:
        """Answer `error` in place of whatever of the response has not arrived."""
        if self._ending is None:
            self._end(b"x" + error.encode())

    def response(self) -> bytes:
        """Return what `whorl:host/http-client.response` answers."""
        if self._head is not None:
            self._head_taken = True
            self._mark()
            return self._head
        return self._ending or b"p"

    def read(self, limit: int, owner: Owner | None = None) -> bytes:
        """Return what `whorl:host/http-client.read` answers to `owner`, for whom much may be left to `read_into`.

        Raises:
            MalformedError: `limit` is 0.
        """
        if limit == 0:
            raise MalformedError("a guest reads 0 bytes of a body")
        if not self._incoming.size:
            return self._ending or b"p"
        if self._incoming.size >= WORTHWHILE and owner is not None and not owner.is_memory_hidden:
            return b"m" + challenge(owner)
        data = self._incoming.take(limit)
        self._note_taken()
        return pack(data)

    def read_into(self, memory: Memory, address: int, size: int) -> int:
        """Write what has come of the body to `memory`, at most `size` bytes; answer as `read-into`.

        Raises:
            MalformedError: there is no room for them.
        """
        if size >= ENDED:
            raise MalformedError(f"an adapter asked for {size} bytes at once")
        count = self._incoming.take_into(memory, address, size)
        self._note_taken()
        return count | ENDED if not self._incoming.size and self._ending == b"e" else count

    def _note_taken(self) -> None:
        self._room.set()
        self._mark()

    def write(self, data: bytes) -> bool:
        """Queue a chunk of the request's body; true: the guest must wait for task `t+1` before the next.

        Raises:
            MalformedError: the guest did not wait, or no more of the body was announced.
        """
        if self._ending is not None:
            return False
        if self._outgoing.queued + len(data) > QUEUE_MAXIMUM and not self._tasks.is_ready(self.number + 1):
            raise MalformedError("a guest wrote to a request's body without waiting for room")
        try:
            is_full = self._outgoing.append(data)
        except OutboundError as error:
            self._abort(error)
            return False
        if is_full:
            self._tasks.clear(self.number + 1)
        return is_full

    def finish(self, trailers: bytes) -> None:
        """Complete the request's body; `trailers` is head text.

        Raises:
            MalformedError: the trailers are not field lines, or no more of the body was announced.
        """
        if self._ending is not None:
            return
        try:
            self._outgoing.finish(checked_fields(decode_fields(decode_head(trailers))))
        except OutboundError as error:
            self._abort(error)

    def close(self) -> None:
        """Cancel whatever is under way and forget the rest."""
        self._stop()
        self._ending = self._ending or b"xconnection-terminated"
        self._head = None
        self._incoming.clear()
        self._tasks.clear(self.number)
        self._tasks.clear(self.number + 1)

    async def _run(self, client: HttpClient, request: OutboundRequest, *, continues: bool) -> None:
        try:
            response = await client.send(self._outgoing.attach(request, self._mark_room) if continues else request)
            try:
                await self._receive(response)
            finally:
                await response.aclose()
        except OutboundError as error:
            self.fail(error)
        except Exception:
            _logger.exception("sending a request failed")
            self.fail(OutboundError("internal-error", "the host could not send the request"))

    async def _receive(self, response: OutboundResponse) -> None:
        self._head = encode_head(b"o%d\r%b" % (response.status, encode_fields(_visible(response.headers))))
        self._mark()
        while data := await response.read(_CHUNK):
            self._incoming.append(data)
            self._mark()
            while self._incoming.size > READ_AHEAD - _CHUNK:
                self._room.clear()
                await self._room.wait()
        self._end(encode_head(b"e" + encode_fields(_visible(response.trailers))))

    def _abort(self, error: OutboundError) -> None:
        self._stop()
        self._incoming.clear()
        self.fail(error)

    def _stop(self) -> None:
        """Cancel the request, once: a second time would break into the cleaning up of a component that answers it."""
        if self._work is not None and not self._work.cancelling():
            self._work.cancel()

    def _end(self, answer: bytes) -> None:
        self._ending = answer
        self._outgoing.discard()
        self._mark()
        self._mark_room()

    def _forget_work(self, _: asyncio.Task[None]) -> None:
        self._work = None  # it refers to this exchange

    def _mark(self) -> None:
        news = self._incoming.size or self._ending is not None or (self._head is not None and not self._head_taken)
        (self._tasks.mark if news else self._tasks.clear)(self.number)

    def _mark_room(self) -> None:
        self._tasks.mark(self.number + 1)


class _Outgoing:
    """The queue of a request's body: filled by the guest, emptied by the client."""

    def __init__(self, declared: int | None = None) -> None:
        self.is_open = False
        self._declared = declared
        self._written = 0
        self.queued = 0
        self._chunks: deque[bytes] = deque()
        self._trailers: Headers = ()
        self._news = asyncio.Event()

    def append(self, data: bytes) -> bool:
        """Queue a chunk; true: there is no room for another."""
        self._check_open()
        self._written += len(data)
        if self._declared is not None and self._written > self._declared:
            raise OutboundError("HTTP-request-body-size", str(self._written))
        if data:
            self._chunks.append(data)
            self.queued += len(data)
            self._news.set()
        return self.queued >= QUEUE_LIMIT

    def finish(self, trailers: Headers) -> None:
        """Say that the body is complete."""
        self._check_open()
        if self._declared is not None and self._written != self._declared:
            raise OutboundError("HTTP-request-body-size", str(self._written))
        self.is_open = False
        self._trailers = trailers
        self._news.set()

    def discard(self) -> None:
        """Forget what is queued; nobody will take it."""
        self._chunks.clear()
        self.queued = 0

    def attach(self, request: OutboundRequest, mark_room: Callable[[], None]) -> OutboundRequest:
        """Return `request` with this queue as its body; whole, if the guest has completed it meanwhile."""
        if not self.is_open and not self._trailers:
            return replace(request, body=b"".join(self._chunks))

        async def read() -> bytes:
            while not self._chunks:
                if not self.is_open:
                    return b""
                self._news.clear()
                await self._news.wait()
            data = b"".join(self._chunks)
            self.discard()
            mark_room()
            return data

        return replace(request, body=read, trailers=lambda: self._trailers)

    def _check_open(self) -> None:
        if not self.is_open:
            raise MalformedError("a guest adds to a request's body that is complete")


def _visible(fields: Headers) -> Headers:
    return [(name.lower(), value) for name, value in fields if name.lower() not in HOP_BY_HOP]

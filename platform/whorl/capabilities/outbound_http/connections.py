"""One connection to a peer: bytes there and back, bounded, and given up without waiting.

Theory of operation: the event loop calls a `Connection` when bytes arrive, when there is room to write and when the
peer closes; whoever uses the connection takes what is there and waits only in `news` and `drain`. Beyond `UNREAD_LIMIT`
unread bytes nothing more is read from the peer. `abort` never waits and may be called at any time, in the middle of
connecting too, so that nobody who is cancelled leaves anything open. A connection that rests between two requests has
nothing to expect: it is given up when the peer closes it or sends anything.
"""

import asyncio
import socket
from collections import deque
from collections.abc import Callable, Iterable

UNREAD_LIMIT = 64 * 1024
"""Bytes that may wait before reading pauses; what the loop reads at a time comes on top: 256 KiB, twice over TLS."""

_RESCUED = 256 * 1024

Origin = tuple[str, str]
"""Scheme and authority: a connection serves requests to one of them."""


class Connection(asyncio.Protocol):
    """A connection to `origin`, connected or still to be.

    Args:
        origin: where it leads.
        left: called when the peer ends it while it rests.

    Attributes:
        origin: where it leads.
        has_heard: bytes have arrived since the last request began.
    """

    def __init__(self, origin: Origin, left: Callable[["Connection"], None]) -> None:
        self.origin = origin
        self.has_heard = False
        self._left = left
        self._socket: socket.socket | None = None
        self._carrier: asyncio.Transport | None = None
        self._transport: asyncio.Transport | None = None
        self._unread: deque[bytes | memoryview] = deque()
        self._unread_size = 0
        self._is_paused = False
        self._is_full = False
        self._rests = False
        self._ended = False
        self._failure: Exception | None = None
        self._reader: asyncio.Future[None] | None = None
        self._writer: asyncio.Future[None] | None = None

    @property
    def is_connected(self) -> bool:
        """Whether it has been connected; it may have ended since."""
        return self._transport is not None

    @property
    def carrier(self) -> asyncio.Transport | None:
        """The transport below TLS, as long as it is there."""
        return self._carrier

    @property
    def has_ended(self) -> bool:
        """Whether the peer or `abort` has ended it."""
        return self._ended

    @property
    def is_writable(self) -> bool:
        """Whether bytes may still reach the peer."""
        return self._transport is not None and not (self._ended or self._transport.is_closing())

    @property
    def is_quiet(self) -> bool:
        """Whether nothing is unread, nothing unsent, and the peer is there: another request may follow."""
        return self._transport is not None and not (
            self._ended or self._unread or self._transport.get_write_buffer_size()
        )

    def opened(self, transport: asyncio.Transport, opened: socket.socket) -> None:
        """Send and receive through `transport`, which was made over the socket `opened`; aborted already: end it."""
        self._carrier = self._transport = transport
        self._socket = opened
        if self._ended:
            self.abort()
        elif self._unread_size > UNREAD_LIMIT:
            self._pause()

    def secured(self, transport: asyncio.Transport) -> None:
        """Send and receive through `transport` from now on: TLS over what carried the bytes until now."""
        self._socket = None
        self._transport = transport
        if self._is_paused and self._carrier is not None:
            transport.pause_reading()
            self._carrier.resume_reading()

    def begin(self) -> None:
        """Say that a request follows."""
        self._rests = False
        self.has_heard = False

    def rest(self) -> None:
        """Say that no request is under way."""
        self._rests = True

    def write(self, pieces: Iterable[bytes]) -> None:
        """Send bytes; they wait here if the peer is slow, and are dropped if it has gone."""
        if self._transport is not None and self.is_writable:
            self._transport.write(b"".join(pieces))

    async def drain(self) -> None:
        """Wait until there is room to write, or the connection has ended; what arrives meanwhile is taken first."""
        await asyncio.sleep(0)
        while self._is_full and not self._ended:
            self._writer = asyncio.get_running_loop().create_future()
            await self._writer

    def take(self, limit: int) -> bytes | None:
        """Return at most `limit` bytes that have arrived: `b""` when the peer has ended, `None` when there are none.

        Raises:
            Exception: why the connection broke off.
        """
        if not self._unread:
            if self._failure is not None:
                raise self._failure
            return b"" if self._ended else None
        data = self._unread.popleft()
        if len(data) > limit:
            view = memoryview(data)
            data = view[:limit]
            self._unread.appendleft(view[limit:])
        self._unread_size -= len(data)
        if self._is_paused and self._unread_size <= UNREAD_LIMIT // 2:
            self._is_paused = False
            if self._transport is not None and self.is_writable:
                self._transport.resume_reading()
        return bytes(data)

    async def news(self) -> None:
        """Wait until `take` has something to say."""
        while not self._unread and not self._ended:
            self._reader = asyncio.get_running_loop().create_future()
            await self._reader

    def abort(self, reason: Exception | None = None) -> None:
        """Give up, at once; whoever waits or comes later gets `reason`. May be called more than once."""
        carrier, self._carrier = self._carrier, None
        if carrier is not None:
            carrier.abort()
        self._end(reason or ConnectionAbortedError("the connection was given up"))

    def data_received(self, data: bytes) -> None:
        """Take bytes from the peer; called by the event loop."""
        if self._rests:
            self.abort()
            return
        self.has_heard = True
        self._unread.append(data)
        self._unread_size += len(data)
        if self._unread_size > UNREAD_LIMIT and not self._is_paused:
            self._pause()
        _wake(self._reader)

    def eof_received(self) -> None:
        """Note that nothing more comes; called by the event loop."""
        self._end(None)

    def connection_lost(self, error: Exception | None) -> None:
        """Note that the connection is gone; called by the event loop."""
        if error is not None and not self._ended:
            self._rescue()
        self._end(error)
        self._socket = self._carrier = None

    def pause_writing(self) -> None:
        """Note that the peer is slow; called by the event loop."""
        self._is_full = True

    def resume_writing(self) -> None:
        """Note that there is room again; called by the event loop."""
        self._is_full = False
        _wake(self._writer)

    def _end(self, failure: Exception | None) -> None:
        if self._ended:
            return
        self._ended = True
        self._failure = failure
        _wake(self._reader)
        _wake(self._writer)
        if self._rests:
            self._left(self)

    def _pause(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._is_paused = True
            self._transport.pause_reading()

    def _rescue(self) -> None:
        """Read what the peer had sent before writing to it failed: it may have answered before it closed."""
        room = _RESCUED
        try:
            while self._socket is not None and room > 0 and (data := self._socket.recv(room)):
                self.data_received(data)
                room -= len(data)
        except OSError:
            return


def _wake(waiter: asyncio.Future[None] | None) -> None:
    if waiter is not None and not waiter.done():
        waiter.set_result(None)

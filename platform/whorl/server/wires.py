"""The transport of a connection: what is written to a client, how it is held back, and how it is left.

Theory of operation: a client that has to be refused, or whose body was not read to its end, would lose its response
if the connection were closed at once, for the kernel answers what comes late by a reset. Such a connection *lingers*
(RFC 9112, section 9.6): its sending side is closed, what still comes is thrown away for a while, then it is aborted.
"""

import asyncio
import socket
import struct
from typing import NamedTuple

_RESET = struct.pack("ii", 1, 0)


class Linger(NamedTuple):
    """How long a connection lingers: seconds, and bytes beyond which the client is not read from any more."""

    seconds: float
    size: int


REFUSED = Linger(2.0, 256 * 1024)
"""For what cannot be trusted."""

UNREAD = Linger(30.0, 64 << 20)
"""For the rest of a body: many clients read no response before they have sent all of it."""


class Wire:
    """The transport of one connection.

    Attributes:
        is_ending: nothing more is written; the connection is closed, is being closed, or its client has gone.
        is_held: the client is not read from.
        is_full: the client takes less than it is sent.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self.is_ending = self.is_held = self.is_full = False
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._room: asyncio.Future[None] | None = None
        self._linger = REFUSED
        self._deadline: float | None = None
        self._passed_over = 0
        self._unsent = 0
        self._moved = 0.0

    def send(self, data: bytes) -> None:
        """Write to the client, if it is still there."""
        if not (self.is_ending or self._transport.is_closing()):
            self._transport.write(data)

    async def drained(self) -> None:
        """Wait until the client has room for more, or has gone."""
        if self.is_full and not self.is_ending:
            self._room = self._loop.create_future()
            await self._room

    def note_full(self, *, is_full: bool) -> None:
        """The client is slow, or has caught up, or has gone."""
        self.is_full = is_full
        if not is_full and self._room is not None and not self._room.done():
            self._room.set_result(None)

    def hold(self, *, is_held: bool) -> None:
        """Read from the client, or do not."""
        if is_held != self.is_held and not self.is_ending:
            self.is_held = is_held
            if is_held:
                self._transport.pause_reading()
            else:
                self._transport.resume_reading()

    def pass_over(self, size: int) -> None:
        """Bytes have come that nobody wants."""
        self._passed_over += size
        if self._passed_over <= self._linger.size or self.is_held:
            return
        if not self.is_ending:
            # Held, it could not be seen to leave; whoever sends so much behind its last request reads no response.
            self.abort()
            return
        self.is_held = True
        self._transport.pause_reading()

    def close(self, linger: Linger | None) -> None:
        """Close when everything is written, and the client has had the time to read it."""
        if self.is_ending:
            return
        self.is_ending = True
        if linger is None or not self._transport.can_write_eof():
            self._transport.close()
            return
        self._linger = linger
        self._deadline = self._loop.time() + linger.seconds
        try:
            self._transport.write_eof()
        except OSError:
            self._transport.abort()  # it has been reset already
            return
        if self.is_held:
            self.is_held = False
            self._transport.resume_reading()

    def hurry(self) -> None:
        """Linger no longer than for what cannot be trusted."""
        if self._deadline is not None:
            self._deadline = min(self._deadline, self._loop.time() + REFUSED.seconds)

    def cut(self, *, resets: bool) -> None:
        """Close in the middle of a response; `resets`: its end would else look like that of the response."""
        if self.is_ending:
            return
        if resets:
            connection = self._transport.get_extra_info("socket")
            if connection is not None:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            self._transport.abort()
        self.is_ending = True
        self._transport.close()

    def abort(self) -> None:
        """Close at once."""
        self.is_ending = True
        self._transport.abort()

    def check(self, now: float, patience: float) -> None:
        """Abort if it has lingered for long enough, or the client has taken nothing for `patience` seconds."""
        unsent = self._transport.get_write_buffer_size()
        if not unsent or unsent != self._unsent:
            self._unsent = unsent
            self._moved = now
        has_stalled = unsent > 0 and now - self._moved >= patience
        if has_stalled or (self._deadline is not None and now >= self._deadline):
            self.abort()

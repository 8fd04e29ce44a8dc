"""The terminal of the process, or the pipe in its place, written to without ever waiting for who reads it.

Theory of operation. A stream gets pieces that a pipe takes whole, each after `poll` has said that there is room. What
it does not take waits in a backlog, which a timer of the event loop tries again. What goes beyond that is dropped and
counted, and the count is written once there is room. Others may write to the same pipe between `poll` and `write`, so
pipes and terminals are opened once more, not to block: making the descriptor itself so would do that to every process
that shares it. Where no event loop runs, a write waits for a short time, outside the lock.
"""

import asyncio
import os
import select
import stat
import threading
import time
from contextlib import suppress
from io import UnsupportedOperation
from types import TracebackType
from typing import BinaryIO, Self

MAX_BACKLOG = 256 * 1024
"""Bytes that wait for the terminal."""

PATIENCE = 0.5
"""Seconds that a reader gets where nothing else has to go on: at the end, and before an event loop runs."""

_PIECE = select.PIPE_BUF
_RETRY = 0.05


class Terminal:
    """Writes to a stream that may be slow, stopped or full; a context manager, or closed by `close`.

    May be used by several threads. A stream without a descriptor is written to as it is. After `close` all is dropped.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._lock = threading.RLock()
        self._backlog = bytearray()
        self._dropped = 0
        self._is_closed = False
        self._retrying: asyncio.AbstractEventLoop | None = None
        self._poll = select.poll()
        try:
            self._descriptor: int | None = _not_blocking(stream.fileno())
        except UnsupportedOperation:
            self._descriptor = None
        else:
            self._poll.register(self._descriptor, select.POLLOUT)

    def write(self, data: bytes) -> None:
        """Write `data`, now or later; never raises."""
        if self._descriptor is None:
            self._stream.write(data)
            return
        with self._lock:
            if self._is_closed:
                return
            room = MAX_BACKLOG - len(self._backlog)
            self._dropped += max(0, len(data) - room)
            self._backlog += data[:room]
            self._push()
            is_behind = bool(self._backlog)
        if is_behind and not (self._retrying is not None and self._retrying.is_running()):
            try:
                self._retry(asyncio.get_running_loop())
            except RuntimeError:
                self._wait(PATIENCE)

    def close(self, patience: float = PATIENCE) -> None:
        """Give what is taken within `patience` seconds, and drop the rest."""
        if self._descriptor is None or self._is_closed:
            return
        self._wait(patience)
        with self._lock:
            self._is_closed = True
            self._backlog.clear()
            os.close(self._descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _push(self) -> None:
        """Write what the stream takes now."""
        try:
            while self._backlog and self._takes():
                del self._backlog[: os.write(self._descriptor or 0, self._backlog[:_PIECE])]
                if self._dropped and not self._backlog:
                    self._backlog += b"(%d bytes of output dropped: the terminal was too slow)\n" % self._dropped
                    self._dropped = 0
        except BlockingIOError:
            pass  # another process took the room
        except OSError:
            self._backlog.clear()  # nobody reads it any more

    def _takes(self) -> bool:
        return any(event & select.POLLOUT for _, event in self._poll.poll(0))

    def _retry(self, loop: asyncio.AbstractEventLoop) -> None:
        self._retrying = loop
        loop.call_later(_RETRY, self._push_again, loop)

    def _push_again(self, loop: asyncio.AbstractEventLoop) -> None:
        self._retrying = None
        with self._lock:
            self._push()
            is_behind = bool(self._backlog)
        if is_behind:
            self._retry(loop)

    def _wait(self, seconds: float) -> None:
        """Write the backlog as the stream takes it, for some seconds at most."""
        until = time.monotonic() + seconds
        while True:
            with self._lock:
                self._push()
                if not self._backlog:
                    return
            if time.monotonic() > until:
                return
            time.sleep(_RETRY / 10)


def _not_blocking(descriptor: int) -> int:
    """Return a descriptor of our own for what `descriptor` is open for, one that does not block if that can be had."""
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISFIFO(mode) or stat.S_ISCHR(mode):
        flags = os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
        with suppress(OSError):
            return os.open(f"/proc/self/fd/{descriptor}", flags)
    return os.dup(descriptor)

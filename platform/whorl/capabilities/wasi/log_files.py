"""The files that guests' output is appended to: rotated by size, shared by processes, and tried again when they failed.

Theory of operation: before each write the path is looked at. A file that is no longer the one at the path, because
another process has rotated it, or somebody has renamed or removed it, is closed and the path opened anew. A file that
the write would make too large is rotated first: `x.txt.3` becomes `x.txt.4`, and so on, and `x.txt` becomes
`x.txt.1`. Several processes may find that at the same moment, so whoever rotates holds a lock on the file itself, and
looks at the path again with it: one that comes later finds another file there. Who does not get the lock appends to
what is about to be `x.txt.1`, and nobody waits. A file that is not finished by the end of a line is rotated later.

A write that fails, as on a full disk, begins an outage: it is reported once, what comes is counted and dropped, and
every few seconds the next write is tried. The first that succeeds ends the outage.
"""

import fcntl
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NONBLOCK
"""Not to block is for those that put a pipe at the path; files are written at once in any case."""

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LogFiles:
    """How much of the output of guests is kept.

    Attributes:
        size: bytes of one file, beyond which it is rotated; twice that when it ends within a line.
        kept: old files beside the one that is written, `.1` the newest.
        retry: seconds after which a file that could not be written or rotated is tried again.
    """

    size: int = 10 * 1024 * 1024
    kept: int = 4
    retry: float = 5.0


class LogFile:
    """Appends to the file at `path`, which is opened when the first bytes come; must be closed."""

    def __init__(self, path: Path, settings: LogFiles) -> None:
        self._path = path
        self._settings = settings
        self._descriptor: int | None = None
        self._identity = (0, 0)
        self._is_within_line = False
        self._rotates_from = 0.0
        self._outage: _Outage | None = None

    def write(self, data: bytes) -> None:
        """Append `data`, or count it as dropped; never raises."""
        if self._outage is not None and time.monotonic() < self._outage.retry_at:
            self._outage.dropped += len(data)
            return
        written = 0
        try:
            descriptor = self._ready(len(data))
            while written < len(data):
                written += os.write(descriptor, data[written:])
        except OSError as error:
            self._fail(error, len(data) - written)
        else:
            self._succeed()
        if written:
            self._is_within_line = data[written - 1 : written] != b"\n"

    def close(self) -> None:
        """Close the file; the next write would open it again."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def _ready(self, size: int) -> int:
        """Return a descriptor of the file at the path, which has room for `size` bytes more."""
        found = self._at_path()
        if self._descriptor is None or found is None or _identity(found) != self._identity:
            descriptor, found = self._open()
        else:
            descriptor = self._descriptor
        if self._is_full(found.st_size, size) and self._rotate(descriptor):
            descriptor, _ = self._open()
        return descriptor

    def _at_path(self) -> os.stat_result | None:
        try:
            return self._path.stat()
        except FileNotFoundError:
            return None

    def _open(self) -> tuple[int, os.stat_result]:
        self.close()
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._descriptor = os.open(self._path, _FLAGS, 0o644)
        found = os.fstat(self._descriptor)
        self._identity = _identity(found)
        return self._descriptor, found

    def _is_full(self, size: int, more: int) -> bool:
        limit = self._settings.size * (2 if self._is_within_line else 1)
        return size > 0 and size + more > limit and time.monotonic() >= self._rotates_from

    def _rotate(self, descriptor: int) -> bool:
        """Move the file and the old ones on; false when it stays: another process is at it, or it cannot be done."""
        try:
            with _locked(descriptor):
                found = self._at_path()
                if found is not None and _identity(found) == self._identity:
                    self._move()
        except BlockingIOError:
            return False
        except OSError as error:
            if not self._rotates_from:
                _logger.warning("cannot rotate the log file `%s`: %s; it grows", self._path, error.strerror)
            self._rotates_from = time.monotonic() + self._settings.retry
            return False
        self._rotates_from = 0.0
        return True

    def _move(self) -> None:
        aged = [self._path, *(Path(f"{self._path}.{age}") for age in range(1, self._settings.kept + 1))]
        for younger, older in reversed(list(pairwise(aged))):
            with suppress(FileNotFoundError):
                younger.replace(older)
        if not self._settings.kept:
            self._path.unlink()

    def _fail(self, error: OSError, dropped: int) -> None:
        self.close()
        if self._outage is None:
            self._outage = _Outage()
            _logger.warning(
                "cannot write the log file `%s`: %s; its output is dropped until it works again",
                self._path,
                error.strerror,
            )
        self._outage.dropped += dropped
        self._outage.retry_at = time.monotonic() + self._settings.retry

    def _succeed(self) -> None:
        if self._outage is not None:
            dropped, self._outage = self._outage.dropped, None
            _logger.warning("the log file `%s` is written again; %d bytes were dropped", self._path, dropped)


@dataclass(slots=True)
class _Outage:
    """What is known of the time since a write failed: bytes dropped, and when to try again (`time.monotonic`)."""

    dropped: int = 0
    retry_at: float = 0.0


def _identity(found: os.stat_result) -> tuple[int, int]:
    return found.st_dev, found.st_ino


@contextmanager
def _locked(descriptor: int) -> Iterator[None]:
    """Hold the lock of an open file; raises BlockingIOError when another process has it."""
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    try:
        yield
    finally:
        fcntl.flock(descriptor, fcntl.LOCK_UN)

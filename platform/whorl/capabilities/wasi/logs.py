"""Where the output of guests goes: a file for each component and stream, and the operator's terminal.

Files are written at once, by plain appends. The terminal may be slow or stopped: it gets what it takes without waiting,
a bounded backlog is tried again shortly after, and what goes beyond that is dropped and counted.
"""

import asyncio
import logging
import os
import re
import select
from contextlib import suppress
from io import UnsupportedOperation
from pathlib import Path
from typing import BinaryIO

from whorl.capabilities.wasi.cli import Stream

MAX_BACKLOG = 256 * 1024
"""Bytes that wait for the terminal."""

_PIECE = select.PIPE_BUF
_RETRY = 0.05
_logger = logging.getLogger(__name__)


class GuestLogs:
    """Appends what guests write to `<directory>/<component>_stdout.txt` and `_stderr.txt`; must be closed.

    Args:
        directory: made with its parents when the first line comes; `None`: no files.
        echo: gets everything as well; `None`: nothing does.
    """

    def __init__(self, directory: Path | None, echo: BinaryIO | None = None) -> None:
        self._directory = directory
        self._files: dict[tuple[str, Stream], int | None] = {}
        self._echo = None if echo is None else _Echo(echo)

    def write(self, component: str, stream: Stream, data: bytes) -> None:
        """Append `data`; a file that cannot be written is reported once and then left alone."""
        if self._directory is not None:
            self._append(self._directory, component, stream, data)
        if self._echo is not None:
            self._echo.write(data)

    def close(self) -> None:
        """Close the files; the terminal gets what it takes of the backlog."""
        files, self._files = self._files, {}
        for descriptor in files.values():
            if descriptor is not None:
                os.close(descriptor)
        if self._echo is not None:
            self._echo.close()

    def _append(self, directory: Path, component: str, stream: Stream, data: bytes) -> None:
        key = (component, stream)
        path = directory / f"{file_stem(component)}_{stream}.txt"
        try:
            if key not in self._files:
                self._files[key] = _open(path)
            descriptor = self._files[key]
            while descriptor is not None and data:
                data = data[os.write(descriptor, data) :]
        except OSError as error:
            _logger.warning("cannot write the log file `%s`: %s; its output is dropped", path, error.strerror)
            descriptor = self._files.get(key)
            if descriptor is not None:
                os.close(descriptor)
            self._files[key] = None


def file_stem(component: str) -> str:
    """Return a component's id with whatever does not belong into a file name replaced by `_`."""
    return re.sub(r"[^A-Za-z0-9_.-]", "_", component).lstrip(".") or "_"


def _open(path: Path) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)


class _Echo:
    """Writes to a stream that may be slow, without ever waiting for it."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._backlog = bytearray()
        self._dropped = 0
        self._retry: asyncio.TimerHandle | None = None
        self._poll = select.poll()
        try:
            self._descriptor: int | None = stream.fileno()
            self._poll.register(self._descriptor, select.POLLOUT)
        except UnsupportedOperation:
            self._descriptor = None

    def write(self, data: bytes) -> None:
        if self._descriptor is None:
            self._stream.write(data)
            return
        room = MAX_BACKLOG - len(self._backlog)
        self._dropped += max(0, len(data) - room)
        self._backlog += data[:room]
        self._drain()

    def close(self) -> None:
        if self._descriptor is not None:
            self._drain()
        self._cancel_retry()

    def _drain(self) -> None:
        self._cancel_retry()
        try:
            while self._backlog and self._takes():
                del self._backlog[: os.write(self._descriptor or 0, self._backlog[:_PIECE])]
        except OSError:
            self._backlog.clear()  # nobody reads it any more
        if self._dropped and not self._backlog:
            self._backlog += b"(%d bytes of guest output dropped: the terminal was too slow)\n" % self._dropped
            self._dropped = 0
        if self._backlog:
            with suppress(RuntimeError):
                self._retry = asyncio.get_running_loop().call_later(_RETRY, self._drain)

    def _cancel_retry(self) -> None:
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None

    def _takes(self) -> bool:
        return any(event & select.POLLOUT for _, event in self._poll.poll(0))

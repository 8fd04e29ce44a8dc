"""Where the output of guests goes: a file for each component and stream, and the operator's terminal.

Files are written at once, by plain appends (`log_files.py`). The terminal may be slow or stopped: it gets what it takes
without waiting, a bounded backlog is tried again shortly after, and what goes beyond that is dropped and counted.
"""

import asyncio
import os
import re
import select
from contextlib import suppress
from io import UnsupportedOperation
from pathlib import Path
from typing import BinaryIO

from whorl.capabilities.wasi.cli import Stream
from whorl.capabilities.wasi.log_files import LogFile, LogFiles

MAX_BACKLOG = 256 * 1024
"""Bytes that wait for the terminal."""

_PIECE = select.PIPE_BUF
_RETRY = 0.05


class GuestLogs:
    """Appends what guests write to `<directory>/<component>_stdout.txt` and `_stderr.txt`; must be closed.

    Args:
        directory: made with its parents when the first line comes; `None`: no files.
        echo: gets everything as well; `None`: nothing does.
        settings: how much is kept in files.
    """

    def __init__(self, directory: Path | None, echo: BinaryIO | None = None, settings: LogFiles | None = None) -> None:
        self._directory = directory
        self._settings = settings or LogFiles()
        self._files: dict[tuple[str, Stream], LogFile] = {}
        self._echo = None if echo is None else _Echo(echo)

    def write(self, component: str, stream: Stream, data: bytes) -> None:
        """Append `data`; what a file cannot take is reported and dropped."""
        if self._directory is not None:
            file = self._files.get((component, stream)) or self._add(self._directory, component, stream)
            file.write(data)
        if self._echo is not None:
            self._echo.write(data)

    def close(self) -> None:
        """Close the files; the terminal gets what it takes of the backlog."""
        files, self._files = self._files, {}
        for file in files.values():
            file.close()
        if self._echo is not None:
            self._echo.close()

    def _add(self, directory: Path, component: str, stream: Stream) -> LogFile:
        file = LogFile(directory / f"{file_stem(component)}_{stream}.txt", self._settings)
        self._files[component, stream] = file
        return file


def file_stem(component: str) -> str:
    """Return a component's id with whatever does not belong into a file name replaced by `_`."""
    return re.sub(r"[^A-Za-z0-9_.-]", "_", component).lstrip(".") or "_"


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

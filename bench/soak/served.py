"""The server under test: a process of its own, and what can be seen of it from outside and by asking it."""

import asyncio
import json
import os
import signal
import sys
import tempfile
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bench.servers import ServerFailedError
from bench.soak.observed import Inside

APP = Path(__file__).parents[1] / "apps" / "soak.toml"
_START = 120.0
_ANSWER = 15.0
_STOP = 40.0
_SHOWN = 2000


class Served:
    """A server that listens on `port` of the loopback interface; `pid` is its process."""

    def __init__(self, process: Process, port: int, reports: asyncio.StreamReader, errors: Path) -> None:
        self.pid = process.pid
        self.port = port
        self._process = process
        self._reports = reports
        self._errors = errors

    async def inside(self, *, collect: bool) -> Inside:
        """Return what is in use inside it, after it has collected its garbage if it is told to.

        Raises:
            ServerFailedError: it has ended, or does not answer.
        """
        try:
            self._process.send_signal(signal.SIGUSR2 if collect else signal.SIGUSR1)
            async with asyncio.timeout(_ANSWER):
                return Inside(**json.loads(await self._reports.readline()))
        except (ProcessLookupError, TimeoutError, ValueError) as error:
            raise ServerFailedError(f"the server does not answer any more\n{self.complaint()}") from error

    def complaint(self) -> str:
        """Return the end of what it wrote to stderr."""
        return _end_of(self._errors)


@asynccontextmanager
async def served(app: Path = APP) -> AsyncIterator[Served]:
    """Serve `app` for the length of the block.

    Raises:
        ServerFailedError: it does not start, or does not end when it is told to.
    """
    with tempfile.TemporaryDirectory(prefix="whorl-soak-") as folder:
        errors = Path(folder) / "stderr"
        reading, writing = os.pipe()
        with os.fdopen(reading, "rb") as pipe:
            with os.fdopen(writing, "wb") as theirs, errors.open("wb") as stderr:
                process = await asyncio.create_subprocess_exec(
                    *_command(theirs.fileno(), app, Path(folder)),
                    stdout=asyncio.subprocess.PIPE,
                    stderr=stderr,
                    pass_fds=(theirs.fileno(),),
                )
            try:
                reports = asyncio.StreamReader()
                transport, _ = await asyncio.get_running_loop().connect_read_pipe(
                    lambda: asyncio.StreamReaderProtocol(reports), pipe
                )
                port = await _port(process, errors)
                yield Served(process, port, reports, errors)
                transport.close()
            finally:
                await _end(process)


def _command(descriptor: int, app: Path, folder: Path) -> list[str]:
    options = ["--listen", "127.0.0.1:0", "--state-dir", str(folder), "--quiet"]
    return [sys.executable, "-m", "bench.soak.observed", str(descriptor), "up", "--from", str(app), *options]


async def _port(process: Process, errors: Path) -> int:
    if process.stdout is not None:
        async with asyncio.timeout(_START):
            async for line in process.stdout:
                if line.startswith(b"Serving http://"):
                    return int(line.rpartition(b":")[2])
    raise ServerFailedError(f"the server did not start: {_end_of(errors)}")


def _end_of(file: Path) -> str:
    return file.read_text(errors="replace").strip()[-_SHOWN:]


async def _end(process: Process) -> None:
    if process.returncode is None:
        process.terminate()
    try:
        async with asyncio.timeout(_STOP):
            await process.communicate()
    except TimeoutError:
        process.kill()
        await process.communicate()
        raise ServerFailedError(f"the server did not end within {_STOP:g} s of being told to") from None

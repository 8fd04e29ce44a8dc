"""Runs the servers that are measured, each a process of its own, ready before the first measurement."""

import re
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.cases import Server
from bench.processors import pin

_SERVING = re.compile(rb"Serving (?:HTTP on )?http://[\w.]+:(\d+)\W")
_LOOK = 0.02
"""Seconds between two looks at what a server that starts has written."""
_STOP = 10.0
_SHOWN = 10


class ServerFailedError(Exception):
    """A server did not start; the message is what it wrote."""


@dataclass(frozen=True, slots=True)
class Running:
    """A server that listens; `errors` is the file that its stderr goes to."""

    pid: int
    port: int
    errors: Path

    def complaint(self) -> str:
        """Return the last lines that it wrote to stderr."""
        return "\n".join(self.errors.read_text(errors="replace").splitlines()[-_SHOWN:])


@contextmanager
def running(servers: Iterable[Server], core: int | None) -> Iterator[dict[Server, Running]]:
    """Start `servers` side by side, on `core` once they listen, and stop them behind.

    Raises:
        ServerFailedError: one of them ended before it listened.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="whorl-bench-")))
        started = {server: stack.enter_context(_started(server, folder / server.name)) for server in servers}
        yield {server: _await(server, process, folder / server.name, core) for server, process in started.items()}


@contextmanager
def _started(server: Server, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    folder.mkdir()
    command = server.command(folder)
    with (folder / "stdout").open("wb") as output, (folder / "stderr").open("wb") as errors:
        process = subprocess.Popen(command, stdout=output, stderr=errors)  # noqa: S603 - our own command
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(_STOP)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _await(server: Server, process: subprocess.Popen[bytes], folder: Path, core: int | None) -> Running:
    """Wait until a server has said where it listens: on stdout, or on stderr as `wasmtime serve` does."""
    output, errors = folder / "stdout", folder / "stderr"
    ended = False
    while not ended:
        ended = process.poll() is not None
        serving = _SERVING.search(output.read_bytes()) or _SERVING.search(errors.read_bytes())
        if serving is not None and not ended:
            pin(process.pid, core)
            return Running(process.pid, int(serving[1]), errors)
        time.sleep(_LOOK)
    raise ServerFailedError(f"server `{server.name}` did not start: {errors.read_text(errors='replace').strip()}")

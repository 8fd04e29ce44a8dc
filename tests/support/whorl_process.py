"""`whorl` as a process of its own, as an operator runs it."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT = Path(__file__).parents[2]


def environment() -> dict[str, str]:
    """Return the environment of a `whorl` process."""
    return {**os.environ, "PYTHONPATH": str(ROOT / "platform"), "PYTHONUNBUFFERED": "1"}


def whorl(*arguments: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run `whorl` to its end."""
    command = [sys.executable, "-m", "whorl", *map(str, arguments)]
    return subprocess.run(command, env=environment(), cwd=cwd, capture_output=True, text=True, timeout=100, check=False)


def children(pid: int) -> list[int]:
    """Return the processes that a process has started; none when it has ended."""
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


def workers(pid: int) -> list[int]:
    """Return the workers of a `whorl up`."""
    return [child for child in children(pid) if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()]


def until(condition: Callable[[], object]) -> None:
    """Wait until `condition` holds, for a minute at most."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


class WhorlUp:
    """A running `whorl up`. Ends with the `with` block.

    Attributes:
        url: where it serves.
        output: the lines of its standard output so far.
    """

    def __init__(self, *arguments: str | Path, listen: str = "127.0.0.1:0") -> None:
        command = [sys.executable, "-m", "whorl", "up", "--listen", listen, *map(str, arguments)]
        self.process = subprocess.Popen(
            command,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.output: list[str] = []
        self._errors: list[str] = []
        self._reader = threading.Thread(target=self._read_errors, daemon=True)
        self._reader.start()
        self.url = self._wait()

    @property
    def errors(self) -> str:
        """What it has written to standard error."""
        return "".join(self._errors)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and return the exit code."""
        self.process.send_signal(number)
        code = self.process.wait(timeout=60)
        self._reader.join(timeout=10)
        return code

    def kill(self) -> None:
        """End it and whatever it has started at once, as a crash would."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(timeout=60)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.kill()
        self._reader.join(timeout=10)
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()

    def _wait(self) -> str:
        if self.process.stdout is None:
            raise RuntimeError("the process has no standard output")
        for line in self.process.stdout:
            self.output.append(line.rstrip("\n"))
            if line.startswith("Serving "):
                return line.removeprefix("Serving ").strip()
        code = self.process.wait(timeout=10)
        self._reader.join(timeout=10)
        raise RuntimeError(f"whorl ended with code {code}: {self.errors}")

    def _read_errors(self) -> None:
        if self.process.stderr is not None:
            self._errors.extend(self.process.stderr)

"""SIGINT and SIGTERM before `whorl up` serves, and to all of its processes: it ends quietly and leaves none behind."""

import contextlib
import fcntl
import os
import pty
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from live_server import GUESTS, manifest
from whorl_process import WhorlUp, children, environment, until, whorl, workers

CODES = [(signal.SIGINT, 130), (signal.SIGTERM, 143)]


@pytest.fixture
def app(tmp_path: Path) -> Path:
    return manifest(tmp_path, GUESTS / "lab.wasm")


@contextlib.contextmanager
def started(*command: str) -> Iterator[subprocess.Popen[str]]:
    """Run a command as the first of a group of processes; all of them are killed after the block."""
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, env=environment(), stdout=pipe, stderr=pipe, text=True, start_new_session=True
    ) as process:
        try:
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def up(app: Path, *options: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "whorl", "up", "--quiet", "-f", str(app), "--listen", "127.0.0.1:0", *options)


def is_gone(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    return False


def said(process: subprocess.Popen[str]) -> list[str]:
    """Return what a process has written to the terminal until its end, but for where it keeps things."""
    output = "".join(process.communicate(timeout=60))
    return [line for line in output.splitlines() if not line.startswith("Logging ")]


@pytest.fixture
def endless_preparation(app: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], bool]]:
    """Keep the preparation of `app` from ending; gives what tells whether a process has come to it."""
    cache = tmp_path / "cache"
    cache.mkdir(mode=0o700)
    for file in Path(os.environ["WHORL_CACHE_DIR"]).glob("tools-*"):
        shutil.copy2(file, cache)
    monkeypatch.setenv("WHORL_CACHE_DIR", str(cache))
    assert whorl("compile", "-f", app).returncode == 0
    (compiled,) = (file for file in cache.glob("*.cwasm") if not file.name.startswith("tools-"))
    compiled.unlink()
    lock = compiled.with_suffix(".lock")

    def is_waiting(pid: int) -> bool:
        with contextlib.suppress(FileNotFoundError):
            return any(each.resolve() == lock for each in Path(f"/proc/{pid}/fd").iterdir())
        return False

    with lock.open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield is_waiting


@pytest.mark.parametrize("options", [(), ("--workers", "2")], ids=["one process", "workers"])
@pytest.mark.parametrize(("number", "code"), CODES)
def test_a_signal_ends_the_preparation_at_once(
    app: Path, endless_preparation: Callable[[int], bool], number: int, code: int, options: tuple[str, ...]
) -> None:
    with started(*up(app, *options)) as process:
        until(lambda: endless_preparation(process.pid))
        process.send_signal(number)
        assert process.wait(timeout=30) == code
        assert said(process) == []


def test_an_interrupted_preparation_gives_the_terminal_back(
    app: Path, endless_preparation: Callable[[int], bool]
) -> None:
    terminal, theirs = pty.openpty()
    environment_of_terminal = {**environment(), "TERM": "xterm"}
    with subprocess.Popen(up(app), env=environment_of_terminal, stderr=theirs, start_new_session=True) as process:
        os.close(theirs)
        until(lambda: endless_preparation(process.pid))
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 130
    shown = os.read(terminal, 65536).decode()
    os.close(terminal)
    assert shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l")


def test_a_signal_ends_the_compilation_at_once_and_leaves_no_state(
    app: Path, endless_preparation: Callable[[int], bool], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    with started(sys.executable, "-m", "whorl", "compile", "-f", str(app)) as process:
        until(lambda: endless_preparation(process.pid))
        assert list(scratch.iterdir())
        process.terminate()
        assert process.wait(timeout=30) == 143
    assert not list(scratch.iterdir())


NEW_PROCESSES = ("unshare", "--user", "--map-root-user", "--pid", "--fork")


def can_unshare() -> bool:
    if shutil.which("unshare") is None:
        return False
    return subprocess.run([*NEW_PROCESSES, "true"], capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(not can_unshare(), reason="processes cannot be put into a namespace of their own here")
@pytest.mark.parametrize(("number", "code"), CODES)
def test_a_signal_ends_the_preparation_of_a_containers_first_process(
    app: Path, endless_preparation: Callable[[int], bool], number: int, code: int
) -> None:
    with started(*NEW_PROCESSES, *up(app)) as unshare:
        until(lambda: any(endless_preparation(child) for child in children(unshare.pid)))
        (first,) = children(unshare.pid)
        os.kill(first, number)
        assert unshare.wait(timeout=30) == code


@pytest.mark.parametrize("is_for_all", [False, True], ids=["to the first process", "to all processes"])
@pytest.mark.parametrize(("number", "code"), CODES)
def test_a_signal_while_workers_start_ends_them_quietly(app: Path, number: int, code: int, is_for_all: bool) -> None:  # noqa: FBT001 - a parameter of the test
    with started(*up(app, "--workers", "2")) as process:
        until(lambda: workers(process.pid))
        held = workers(process.pid)[0]
        os.kill(held, signal.SIGSTOP)
        until(lambda: len(workers(process.pid)) == 2)
        (os.killpg if is_for_all else os.kill)(process.pid, number)
        os.kill(held, signal.SIGCONT)
        assert process.wait(timeout=30) == code
        assert said(process) == []
        until(lambda: is_gone(process.pid))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_to_all_processes_lets_requests_end(app: Path, number: int) -> None:
    """Workers are then told to stop a second time, by the process that started them."""
    with WhorlUp("-f", app, "--workers", "2") as up:
        answers: list[httpx.Response] = []
        client = threading.Thread(target=lambda: answers.append(httpx.get(f"{up.url}/sleep?500")))
        client.start()
        time.sleep(0.2)
        os.killpg(up.process.pid, number)
        assert up.process.wait(timeout=30) == 0
        client.join()
        assert answers[0].text == "slept"
        assert "Traceback" not in up.errors

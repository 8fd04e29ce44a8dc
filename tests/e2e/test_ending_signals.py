"""Signals that end `whorl build` and what it has started, `whorl up` as it loads, and a server by draining it."""

import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from live_server import GUESTS, manifest
from whorl_process import WhorlUp, environment, until

NUMBERS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


class Build:
    """`whorl build`, or `up --build`, of a manifest whose build command writes down the processes that it starts."""

    def __init__(self, folder: Path, script: str, *arguments: str, **options: object) -> None:
        self._pids = folder / "pids"
        self.manifest = manifest(folder, GUESTS / "hello.wasm", f"build.command = '''{script}'''")
        command = [sys.executable, "-m", "whorl", *(arguments or ("build",)), "-f", str(self.manifest)]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True} | options
        self.process = subprocess.Popen(command, env=environment(), **pipes)  # type: ignore[call-overload]

    def started(self, count: int) -> list[int]:
        """Wait until the command has started so many processes, and return them."""
        until(lambda: self._pids.exists() and len(self._pids.read_text().split()) >= count)
        return [int(pid) for pid in self._pids.read_text().split()]


SLEEPS = "sleep 1000 & echo $! >> pids; sh -c 'echo $$ >> pids; sleep 1000'"
DEAF = 'trap "" INT TERM HUP; echo $$ >> pids; while :; do sleep 1; done'


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("arguments", [("build",), ("up", "--listen", "127.0.0.1:0", "--build")])
def test_a_signal_ends_the_build_and_all_that_it_started(
    tmp_path: Path, number: signal.Signals, arguments: tuple[str, ...]
) -> None:
    build = Build(tmp_path, SLEEPS.replace("'", '"').replace("$$", "\\$\\$"), *arguments)
    started = build.started(2)
    build.process.send_signal(number)
    output, _ = build.process.communicate(timeout=30)
    assert build.process.returncode == 128 + number
    assert "Traceback" not in output
    assert not any(map(is_alive, started))


def test_a_build_that_does_not_heed_signals_is_killed(tmp_path: Path) -> None:
    build = Build(tmp_path, DEAF)
    (deaf,) = build.started(1)
    build.process.terminate()
    build.process.communicate(timeout=30)
    assert build.process.returncode == 128 + signal.SIGTERM
    assert not is_alive(deaf)


def test_on_a_terminal_the_build_is_what_the_operator_types_to(tmp_path: Path) -> None:
    """The command reads a line, which only the foreground of a terminal may, and gets the interrupt of Ctrl+C."""
    ours, theirs = pty.openpty()
    build = Build(
        tmp_path,
        "read line; echo $line > typed; echo $$ >> pids; sleep 1000",
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        preexec_fn=_take_terminal,
        start_new_session=True,
    )
    os.close(theirs)
    try:
        os.write(ours, b"hello\n")
        (shell,) = build.started(1)
        assert (tmp_path / "typed").read_text() == "hello\n"
        os.write(ours, b"\x03")
        assert build.process.wait(30) == 128 + signal.SIGINT
        assert not is_alive(shell)
    finally:
        os.close(ours)
        build.process.kill()


def _take_terminal() -> None:
    import fcntl  # noqa: PLC0415 - in the child
    import termios  # noqa: PLC0415

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def test_a_build_that_is_stopped_on_a_terminal_stops_whorl_and_goes_on_with_it(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    script = "echo $$ >> pids; read line; echo $line > typed"
    streams = {"stdin": theirs, "stdout": theirs, "stderr": theirs}
    build = Build(tmp_path, script, **streams, preexec_fn=_take_terminal, start_new_session=True)
    os.close(theirs)
    try:
        (shell,) = build.started(1)
        os.write(ours, b"\x1a")
        until(lambda: _state(build.process.pid) == _state(shell) == "T")
        build.process.send_signal(signal.SIGCONT)
        os.write(ours, b"hello\n")
        assert build.process.wait(30) == 0
        assert (tmp_path / "typed").read_text() == "hello\n"
    finally:
        os.close(ours)
        build.process.kill()


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


@pytest.mark.parametrize("number", NUMBERS)
def test_a_signal_while_commands_are_loaded_ends_the_process_quietly(number: signal.Signals) -> None:
    program = f"""
import os, time
import whorl.cli.main as main

def load():
    os.kill(os.getpid(), {int(number)})
    time.sleep(60)

main.commands = load
main.entry()
"""
    ended = subprocess.run([sys.executable, "-c", program], env=environment(), capture_output=True, check=False)
    assert (ended.returncode, ended.stderr) == (128 + number, b"")


@pytest.mark.parametrize("workers", [1, 2])
def test_a_hang_up_lets_requests_end(tmp_path: Path, workers: int) -> None:
    with WhorlUp("-f", manifest(tmp_path, GUESTS / "lab.wasm"), "--workers", str(workers)) as up:
        with httpx.stream("GET", f"{up.url}/stream?20", timeout=30) as response:
            os.kill(up.process.pid, signal.SIGHUP)
            response.read()
        assert response.text.count("chunk") == 20, response.text
        assert up.process.wait(30) == 0


def test_a_hang_up_that_is_ignored_is_ignored(tmp_path: Path) -> None:
    """As under `nohup`."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with WhorlUp("-f", manifest(tmp_path, GUESTS / "lab.wasm")) as up:
            os.kill(up.process.pid, signal.SIGHUP)
            time.sleep(0.3)
            assert httpx.get(f"{up.url}/hello", timeout=30).text == "hello"
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize("workers", ["0", "-1", "x"])
def test_workers_are_a_number_above_zero(workers: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "whorl", "up", "--workers", workers],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 2
    assert f"argument --workers: invalid number value: '{workers}'" in ended.stderr

"""Runs one build command: a group of processes, so that whatever it has started ends with it.

Theory of operation: the command leads a process group. On a terminal that group is put into the foreground, as a shell
does with a job: what the operator types goes to the command, Ctrl+C and Ctrl+Z as well. When it stops, so does whorl,
and goes on with it. A signal that is to end whorl is passed on to the group; what is left of it after a grace time is
killed.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from whorl.cli.interrupts import SignalledError, raising_where_told

GRACE = 5.0
"""Seconds that the processes of a command have to end after a signal."""

_PAUSE = 0.02


def run_command(command: str, folder: Path) -> int:
    """Run a shell command in `folder`, and return its exit code, or a signal's number below zero.

    Raises:
        SignalledError: a signal came that is to end this process, or Ctrl+C on the terminal; the command has ended.
    """
    with (
        raising_where_told() as raising,
        _terminal() as terminal,
        # The manifest's author is the operator here, and Spin's manifests rely on the shell.
        subprocess.Popen(command, shell=True, cwd=folder, process_group=0) as process,  # noqa: S602
    ):
        try:
            with raising():
                terminal.give_to(process.pid)
                while _has_stopped(process):
                    terminal.take_back()
                    os.killpg(os.getpgrp(), signal.SIGSTOP)
                    terminal.give_to(process.pid)
        except SignalledError as signalled:
            _end_group(process, signalled.number)
            raise
    if process.returncode == -signal.SIGINT:
        raise SignalledError(signal.SIGINT)
    return process.returncode


def _has_stopped(process: "subprocess.Popen[bytes]") -> bool:
    """Wait until a process has stopped, or has ended."""
    _, status = os.waitpid(process.pid, os.WUNTRACED)
    if os.WIFSTOPPED(status):
        return True
    process.returncode = os.waitstatus_to_exitcode(status)
    return False


def _end_group(process: "subprocess.Popen[bytes]", number: int) -> None:
    deadline = time.monotonic() + GRACE
    _signal_group(process.pid, number)
    _signal_group(process.pid, signal.SIGCONT)
    while _signal_group(process.pid, 0) and time.monotonic() < deadline:
        process.poll()
        time.sleep(_PAUSE)
    _signal_group(process.pid, signal.SIGKILL)
    process.wait()


def _signal_group(group: int, number: int) -> bool:
    """Send a signal to the processes of a group; tell whether there are any that this user may signal."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


class _Terminal:
    """The terminal that a command gets for a while: that of this process's input, if it is in the foreground of one."""

    def __init__(self) -> None:
        stdin = sys.__stdin__
        self._descriptor = -1 if stdin is None or stdin.closed else stdin.fileno()
        self._holder = 0

    def give_to(self, group: int) -> None:
        """Put `group` into the foreground, and let it go on: it may have wanted to read before it was there."""
        if self._is_of(os.getpgrp()):
            self._holder = group
            self._put(group)
        _signal_group(group, signal.SIGCONT)

    def take_back(self) -> None:
        """Put this process's own group into the foreground, if what it gave the terminal to has it still."""
        if self._holder and self._is_of(self._holder):
            self._put(os.getpgrp())
        self._holder = 0

    def _is_of(self, group: int) -> bool:
        try:
            return os.isatty(self._descriptor) and os.tcgetpgrp(self._descriptor) == group
        except OSError:
            return False  # not the terminal of this session

    def _put(self, group: int) -> None:
        # Whoever is not in the foreground would be stopped for putting somebody there.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTTOU})
        try:
            with contextlib.suppress(OSError):
                os.tcsetpgrp(self._descriptor, group)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextlib.contextmanager
def _terminal() -> Iterator[_Terminal]:
    terminal = _Terminal()
    try:
        yield terminal
    finally:
        terminal.take_back()

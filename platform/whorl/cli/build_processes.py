"""Runs one build command: a group of processes, so that whatever it has started ends with it.

Theory of operation: the command leads a process group. On a terminal that group is put into the foreground, as a shell
does with a job: what the operator types, and Ctrl+C, goes to the command. A signal that is to end whorl is passed on to
the group; what is left of it after a grace time is killed.
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
        # The manifest's author is the operator here, and Spin's manifests rely on the shell.
        subprocess.Popen(command, shell=True, cwd=folder, process_group=0) as process,  # noqa: S602
        _foreground(process.pid),
    ):
        try:
            with raising():
                code = process.wait()
        except SignalledError as signalled:
            _end_group(process, signalled.number)
            raise
    if code == -signal.SIGINT:
        raise SignalledError(signal.SIGINT)
    return code


def _end_group(process: subprocess.Popen[bytes], number: int) -> None:
    deadline = time.monotonic() + GRACE
    while _signal_group(process.pid, number) and time.monotonic() < deadline:
        number = 0  # only to find out whether anybody is left
        process.poll()
        time.sleep(_PAUSE)
    _signal_group(process.pid, signal.SIGKILL)
    process.wait()


def _signal_group(group: int, number: int) -> bool:
    """Send a signal to the processes of a group; tell whether there are any."""
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return False
    return True


@contextlib.contextmanager
def _foreground(group: int) -> Iterator[None]:
    """Give the terminal, if there is one and it is this process's, to `group` for the length of the block."""
    terminal = sys.__stdin__.fileno() if sys.__stdin__ is not None and not sys.__stdin__.closed else -1
    try:
        is_ours = os.isatty(terminal) and os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        is_ours = False
    if not is_ours:
        yield
        return
    # Whoever is not in the foreground gets SIGTTOU for putting somebody there, and this process will not be.
    before = signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    try:
        with contextlib.suppress(OSError):
            os.tcsetpgrp(terminal, group)
        yield
    finally:
        with contextlib.suppress(OSError):
            os.tcsetpgrp(terminal, os.getpgrp())
        signal.signal(signal.SIGTTOU, before)

"""The standard streams of a command: there, able to hold every character, and no reason to fail.

A stream may be closed, full, a pipe that nobody reads any more, or in an encoding of few characters. None of that is a
reason for a server to end, nor for a build that has succeeded to fail.
"""

import os
import sys
from typing import TextIO

_STREAMS = ("stdin", "stdout", "stderr")


def prepare_streams() -> None:
    """Open what is closed on the null device, lest a socket become standard output; escape what cannot be encoded."""
    for descriptor, name in enumerate(_STREAMS):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest descriptor that is free: this one
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(descriptor, "r" if name == "stdin" else "w", encoding="utf-8", closefd=False))  # noqa: SIM115
        elif name != "stdin" and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def say(line: str) -> None:
    """Write a line to stdout, at once: the commands of a build write to it as well."""
    _write(sys.stdout, line)


def complain(line: str) -> None:
    """Write a line to stderr."""
    _write(sys.stderr, line)


def _write(stream: TextIO, line: str) -> None:
    try:
        print(line, file=stream, flush=True)
    except OSError:
        # What stays in the buffer would be tried again at the end, and fail the command then.
        _silence(stream)


def _silence(stream: TextIO) -> None:
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, stream.fileno())
    os.close(null)

"""The `whorl` command: finds the command, runs it, and turns operator errors into one message and exit code 1."""

import argparse
import sys
from collections.abc import Sequence
from typing import Protocol

from whorl import __version__
from whorl.cli.interrupts import SIGNALLED, SignalledError, ending_at_once
from whorl.cli.mistakes import explain
from whorl.cli.streams import complain, prepare_streams


class Command(Protocol):
    """A module of this package that is a command."""

    NAME: str
    SUMMARY: str

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments."""

    def run(self, arguments: argparse.Namespace) -> int:
        """Do what the command does and return the exit code."""


def commands() -> tuple[Command, ...]:
    """Return every command."""
    # Each worker imports the script that has started the server, and with it this module, but runs no command.
    from whorl.cli import build_command, compile_command, up_command  # noqa: PLC0415 - loading them takes long

    return (up_command, build_command, compile_command)


def parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    top = argparse.ArgumentParser(prog="whorl", description="Runs WebAssembly components behind HTTP routes.")
    top.add_argument("--version", action="version", version=f"whorl {__version__}")
    subparsers = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in commands():
        sub = subparsers.add_parser(command.NAME, help=command.SUMMARY, description=command.SUMMARY)
        command.configure(sub)
        sub.set_defaults(run=command.run)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    parsed = parser().parse_args(arguments)
    try:
        code: int = parsed.run(parsed)
    except Exception as error:
        told = explain(error)
        if told is None:
            raise
        complain(f"Error: {told}")
        return 1
    except SignalledError as signalled:
        return SIGNALLED + signalled.number
    return code


def entry() -> None:
    """Run the command line of this process."""
    # From the first moment on: loading the commands takes a while, and the first process of a container needs handlers.
    with ending_at_once():
        prepare_streams()
        code = main()
    sys.exit(code)

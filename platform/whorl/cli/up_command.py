"""`whorl up`: serves an app over HTTP until it is told to stop."""

import argparse
import math
import sys
from collections.abc import Callable
from pathlib import Path

from whorl.app.loader import find_manifest, load_app, manifest_path
from whorl.app.locked import LockedApp
from whorl.capabilities.wasi.terminals import Terminal
from whorl.cli.build import build
from whorl.cli.console import Console
from whorl.cli.interrupts import ending_at_once
from whorl.cli.startup import announce
from whorl.cli.streams import complain
from whorl.server.limits import ConnectionLimits, raise_descriptor_limit
from whorl.server.options import UpOptions
from whorl.server.sockets import ListenAddress
from whorl.server.workers import run_server

NAME = "up"
SUMMARY = "Serve the app over HTTP."

_FEW_CONNECTIONS = 1000

_LIMITS = {
    "head": "bytes that the head of a request may have (default: %(default)s)",
    "fields": "header fields that a request may have (default: %(default)s)",
    "head_timeout": "seconds that the head of a request may take (default: %(default)s)",
    "idle_timeout": "seconds that a connection may stand still (default: %(default)s)",
    "connections": "connections at once, for each worker (default: what `ulimit -n` allows)",
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add = parser.add_argument
    defaults = ConnectionLimits()
    whole, seconds = _number(int), _number(float)
    add("-f", "--from", dest="origin", type=Path, metavar="PATH", help="the manifest, its folder, or a .wasm file")
    add("--listen", default="127.0.0.1:3000", metavar="ADDR", help="host and port (default: %(default)s; port 0: any)")
    add("--find-free-port", action="store_true", help="try the next ports when the port is in use")
    add("--build", action="store_true", help="run the build commands first")
    add("--workers", type=whole, default=1, metavar="N", help="processes that serve (default: %(default)s)")
    add("--state-dir", type=Path, metavar="DIR", help="where data is kept (default: `.spin` beside the app)")
    add("--log-dir", metavar="DIR", help="where the components' output is kept (default: `logs` in the state dir)")
    add("-q", "--quiet", action="store_true", help="do not repeat the components' output on the terminal")
    add("--max-head-bytes", type=whole, default=defaults.max_head_bytes, metavar="N", help=_LIMITS["head"])
    add("--max-fields", type=whole, default=defaults.max_fields, metavar="N", help=_LIMITS["fields"])
    add("--head-timeout", type=seconds, default=defaults.head_timeout, metavar="S", help=_LIMITS["head_timeout"])
    add("--idle-timeout", type=seconds, default=defaults.idle_timeout, metavar="S", help=_LIMITS["idle_timeout"])
    add("--max-connections", type=whole, metavar="N", help=_LIMITS["connections"])
    add("--format", choices=("plain", "json"), default="plain", help="form of the start-up message")


def run(arguments: argparse.Namespace) -> int:
    """Serve until a signal says stop."""
    origin = arguments.origin or find_manifest(Path.cwd())
    if arguments.build:
        code = build(manifest_path(origin), [], complain)
        if code:
            return code
    app = load_app(origin)
    options = options_of(arguments, app)
    console = Console(options)
    console.start()
    for warning in app.warnings:
        console.warn(warning)
    _say_few_connections(options, console)
    console.describe(app)
    with Terminal(sys.stdout.buffer) as out, console, ending_at_once(console.close):
        return run_server(app, options, console, lambda address: announce(app, address, arguments.format, out))


def options_of(arguments: argparse.Namespace, app: LockedApp) -> UpOptions:
    """Return the options that the arguments stand for."""
    state_dir = arguments.state_dir or app.folder / ".spin"
    if arguments.log_dir is None:
        log_dir: Path | None = state_dir / "logs"
    else:
        log_dir = Path(arguments.log_dir) if arguments.log_dir else None
    return UpOptions(
        listen=ListenAddress.parse(arguments.listen),
        find_free_port=arguments.find_free_port,
        workers=arguments.workers,
        state_dir=state_dir.absolute(),
        log_dir=None if log_dir is None else log_dir.absolute(),
        quiet=arguments.quiet,
        limits=ConnectionLimits(
            max_head_bytes=arguments.max_head_bytes,
            max_fields=arguments.max_fields,
            head_timeout=arguments.head_timeout,
            idle_timeout=arguments.idle_timeout,
            max_connections=arguments.max_connections,
        ),
    )


def _say_few_connections(options: UpOptions, console: Console) -> None:
    """Say how many connections fit if that is fewer than anybody expects."""
    descriptors = raise_descriptor_limit()
    most = options.limits.fitting(descriptors).max_connections or 0
    if options.limits.max_connections is None and most < _FEW_CONNECTIONS:
        console.warn(
            f"{most} connections at most are served at once, as the process may open {descriptors} files; "
            "raise that limit (`ulimit -n`)"
        )


def _number(kind: Callable[[str], float]) -> Callable[[str], float]:
    """Return what reads a number above zero, whole or not as `kind` has it."""

    def read(text: str) -> float:
        number = kind(text)
        if not 0 < number < math.inf:
            raise ValueError
        return number

    read.__name__ = "number"
    return read

"""`whorl compile`: prepares an app ahead of `whorl up`, as an image build or a deployment does."""

import argparse
import asyncio
import shutil
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from whorl.app.loader import find_manifest, load_app
from whorl.app.locked import LockedApp
from whorl.capabilities.host_interfaces import HostInterfaces, load_implementations
from whorl.capabilities.wasi.logs import GuestLogs
from whorl.cli.interrupts import ending_at_once
from whorl.cli.streams import complain
from whorl.engine.cache import default_directory
from whorl.engine.runtimes import Runtime
from whorl.triggers.http.trigger import HttpTrigger, TriggerOptions

NAME = "compile"
SUMMARY = "Compile the app's components ahead of `whorl up`, which then starts from the cache."


class _CompilationLines:
    """Tells on stderr, one line each, which components are ready."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def begin(self, components: Sequence[str]) -> None:
        """Say where the compiled code is kept."""
        noun = "component" if len(components) == 1 else "components"
        complain(f"Compiling {len(components)} {noun} into `{default_directory()}`")

    def done(self, component: str) -> None:
        """Say that a component is ready, and how many seconds after the begin."""
        complain(f"  {component} ({time.monotonic() - self._began:.1f} s)")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "-f", "--from", dest="origin", type=Path, metavar="PATH", help="the manifest, its folder, or a .wasm file"
    )


def run(arguments: argparse.Namespace) -> int:
    """Compile and instantiate every component that a trigger runs; return 0 when each of them can serve."""
    app = load_app(arguments.origin or find_manifest(Path.cwd()))
    for warning in app.warnings:
        complain(f"Warning: {warning}")
    with tempfile.TemporaryDirectory(prefix="whorl-") as state_dir, ending_at_once(lambda: shutil.rmtree(state_dir)):
        asyncio.run(_start_and_end(app, Path(state_dir)))
    return 0


async def _start_and_end(app: LockedApp, state_dir: Path) -> None:
    """Start the app as `whorl up` does, but on stores of its own: what is wrong shows, and nothing is left behind."""
    with Runtime() as runtime:
        host = HostInterfaces(load_implementations(app.host, app.folder), is_trial=True)
        async with HttpTrigger(app, runtime, GuestLogs(None), TriggerOptions(state_dir, host), _CompilationLines()):
            pass

"""`whorl build`: runs the build commands of a manifest."""

import argparse
from pathlib import Path

from whorl.app.loader import find_manifest, manifest_path
from whorl.cli.build import build
from whorl.cli.streams import say

NAME = "build"
SUMMARY = "Run the build commands of the app's components."


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("-f", "--from", dest="origin", type=Path, metavar="PATH", help="the manifest, or its folder")
    parser.add_argument(
        "-c", "--component-id", action="append", default=[], metavar="ID", help="build only this component (repeatable)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Build, and return the exit code of the first command that fails, else 0."""
    manifest = manifest_path(arguments.origin) if arguments.origin else find_manifest(Path.cwd())
    return build(manifest, arguments.component_id, say)

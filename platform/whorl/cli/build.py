"""`whorl build`: runs the build commands of a manifest's components, as `spin build` does."""

import signal
from collections.abc import Callable, Sequence
from pathlib import Path, PurePath

from whorl.app.loader import manifest_path
from whorl.app.manifest.builds import ComponentBuild, component_builds
from whorl.app.manifest.documents import ManifestDocument, read_document
from whorl.app.manifest.validation import validate
from whorl.cli.build_processes import run_command
from whorl.errors import ManifestError

Writer = Callable[[str], None]
"""Shows the operator one line; must not hold it back, for the commands write to the same terminal."""


def build(manifest: Path, component_ids: Sequence[str], write: Writer) -> int:
    """Run the build commands of a manifest, one after the other, each component after those that it depends on.

    A manifest that is otherwise invalid is built all the same, with a warning: a build may be what it takes.

    Args:
        manifest: the manifest, or the folder that holds it.
        component_ids: the components to build; empty for all.
        write: shows the operator a line.

    Returns:
        The exit code: 0, or 1 when a command failed.

    Raises:
        ManifestError: the manifest cannot be read, or its `build` tables cannot be used.
    """
    document = read_document(manifest_path(manifest))
    builds = component_builds(document, component_ids)
    _warn_of_problems(document, write)
    if not any(each.commands for each in builds):
        write("None of the components have a build command.")
        return 0
    for each in builds:
        failure = _build_component(document.folder, each, write)
        if failure:
            write(f"Error: Build command for component {each.component} failed with status {failure}")
            return 1
    write("Finished building all Spin components")
    return 0


def _warn_of_problems(document: ManifestDocument, write: Writer) -> None:
    try:
        validate(document)
    except ManifestError as error:
        write("Warning: the manifest is not valid yet; building nevertheless")
        for line in str(error).splitlines():
            write(f"  {line}")


def _build_component(folder: Path, build: ComponentBuild, write: Writer) -> str | None:
    """Run the commands of one component; return how the first that failed ended, None when none did."""
    workdir = _workdir(folder, build)
    for command in build.commands:
        write(f"Building component {build.component} with `{command}`")
        if build.workdir is not None:
            write(f'Working directory: "{workdir}"')
        code = run_command(command, workdir)
        if code:
            return _status(code)
    return None


def _workdir(folder: Path, build: ComponentBuild) -> Path:
    written = PurePath(build.workdir or ".")
    told = f"component `{build.component}`: `build.workdir` is `{written}`"
    if written.is_absolute():
        raise ManifestError(f"{told}; it must be relative to the manifest's folder")
    if not (folder / written).is_dir():
        raise ManifestError(f"{told}; there is no such folder in `{folder}`")
    return folder / written


def _status(code: int) -> str:
    if code > 0:
        return f"Exited({code})"
    try:
        return f"Signaled({signal.Signals(-code).name})"
    except ValueError:
        return f"Signaled({-code})"  # one of the real-time signals between the first and the last, which have no names

"""From a path that the operator names to a locked app."""

from pathlib import Path

from whorl.app.identifiers import kebab_case
from whorl.app.locked import LockedApp, LockedComponent, LockedTrigger
from whorl.app.locking import lock
from whorl.app.manifest.documents import read_document
from whorl.app.manifest.validation import validate
from whorl.app.sources import find_source
from whorl.errors import ManifestError

MANIFEST_NAME = "spin.toml"

_MODULE_SUFFIXES = frozenset({".wasm", ".wat"})


def load_app(path: Path) -> LockedApp:
    """Load the app at `path`: a manifest, a folder that holds a `spin.toml`, or a bare `.wasm` or `.wat` file.

    A bare file becomes an app of one component that serves every path and is granted nothing.

    Raises:
        ManifestError: the app cannot be loaded; the message has one line for each thing that is wrong.
    """
    if path.suffix in _MODULE_SUFFIXES:
        return _bare_app(path)
    document = read_document(manifest_path(path))
    return lock(document, validate(document))


def manifest_path(path: Path) -> Path:
    """Return the manifest that `path` means: itself, or the `spin.toml` in the folder that it is.

    Raises:
        ManifestError: there is none.
    """
    manifest = path / MANIFEST_NAME if path.is_dir() else path
    if manifest.is_file():
        return manifest
    if path.is_dir():
        raise ManifestError(f"there is no `{MANIFEST_NAME}` in the folder `{path}`; name the manifest with `--from`")
    raise ManifestError(f"there is no `{path}`; name a manifest, a folder with a `{MANIFEST_NAME}` or a .wasm file")


def find_manifest(start: Path) -> Path:
    """Return the nearest `spin.toml` in `start` or a folder above it, as far as the repository that holds it goes.

    Raises:
        ManifestError: there is none.
    """
    folder = start.absolute()
    for candidate in (folder, *folder.parents):
        manifest = candidate / MANIFEST_NAME
        if manifest.is_file():
            return manifest
        if (candidate / ".git").exists():
            break
    raise ManifestError(f"there is no `{MANIFEST_NAME}` in `{folder}` or above it; name the manifest with `--from`")


def _bare_app(path: Path) -> LockedApp:
    try:
        source = find_source(Path.cwd(), str(path))
    except FileNotFoundError as error:
        raise ManifestError(str(error)) from None
    component = LockedComponent(kebab_case(path.stem) or "component", source)
    return LockedApp(
        name=path.stem,
        origin=source,
        triggers=(LockedTrigger(f"{component.id}-http-trigger", component.id, "/..."),),
        components={component.id: component},
    )

"""The file of a component: found, or a message with the cure."""

from pathlib import Path


def find_source(folder: Path, source: str, *, is_built: bool) -> Path:
    """Return the absolute path of the component file `source`, which may be relative to `folder`.

    Args:
        folder: the folder of the manifest.
        source: the path as written.
        is_built: whether the manifest says how to build the component.

    Raises:
        FileNotFoundError: there is no such file; the message names it and the cure.
    """
    path = (folder / source).absolute()
    if path.is_file():
        return path
    if path.is_dir():
        raise FileNotFoundError(f"`{path}` is a folder; name the component's file in it")
    if is_built:
        raise FileNotFoundError(f"there is no file `{path}` yet; run `whorl build`, or start with `whorl up --build`")
    raise FileNotFoundError(f"there is no file `{path}`; correct the path, or say how to make it by a `build` command")

"""The file of a component: found, or a message with the cure."""

from pathlib import Path


def find_source(folder: Path, source: str, *, cure: str = "correct the path") -> Path:
    """Return the absolute path of the component file `source`, which may be relative to `folder`.

    Args:
        folder: the folder of the manifest.
        source: the path as written.
        cure: what the operator can do when there is no such file.

    Raises:
        FileNotFoundError: there is no such file; the message names it and the cure.
    """
    path = (folder / source).absolute()
    try:
        is_folder, is_file = path.is_dir(), path.is_file()
    except OSError as error:
        raise FileNotFoundError(f"`{path}` cannot be opened: {error.strerror}") from error
    if is_folder:
        raise FileNotFoundError(f"`{path}` is a folder; name the component's file in it")
    if not is_file:
        raise FileNotFoundError(f"there is no file `{path}`; {cure}")
    return path

"""The components that are composed around guests, and the component tools: built files that ship with the package.

Their sources are in `platform/adapter`; `scripts/build-adapter` builds them and notes in `sources.json` the digest of
the sources of each, so that a test, and whoever changes a source, can tell that a file is out of date.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path

SOURCES: dict[str, tuple[str, ...]] = {
    "wasi": ("Cargo.toml", "async-runtime", "heap", "packing", "wit", "wasi"),
    "tools": ("Cargo.lock", "Cargo.toml", "tools"),
    "driver-http": ("driver",),
}
"""The built files and, for each, the files and folders of `platform/adapter` that it is made of."""

FOLDER = Path(__file__).parent
"""Where the built files are."""

ADAPTER = FOLDER.parents[1] / "adapter"
"""Where their sources are, in a checkout; an installed package has none."""

_RECORD = FOLDER / "sources.json"


def artefact_path(artefact: str) -> Path:
    """Return the built file."""
    return FOLDER / f"{artefact}.wasm"


def source_digest(artefact: str, adapter: Path = ADAPTER) -> str:
    """Return the SHA-256 over the names and contents of the sources of `artefact`, in hexadecimal.

    Raises:
        OSError: a source cannot be read.
    """
    return digest_of(_source_files(artefact, adapter), adapter)


def digest_of(files: Iterable[Path], folder: Path) -> str:
    """Return the SHA-256 over the contents of `files` and their names within `folder`, in hexadecimal."""
    digest = hashlib.sha256()
    for file in files:
        name = file.relative_to(folder).as_posix().encode()
        content = file.read_bytes()
        digest.update(b"%d:%b%d:" % (len(name), name, len(content)) + content)
    return digest.hexdigest()


def recorded_digests() -> dict[str, str]:
    """Return the digest of the sources that each artefact was last built from."""
    digests: dict[str, str] = json.loads(_RECORD.read_text())
    return digests


def record_digest(artefact: str) -> None:
    """Note that `artefact` has been built from its sources as they are now."""
    digests = recorded_digests() if _RECORD.exists() else {}
    digests[artefact] = source_digest(artefact)
    _RECORD.write_text(json.dumps(digests, indent=2, sort_keys=True) + "\n")


def _source_files(artefact: str, adapter: Path) -> Iterator[Path]:
    for name in SOURCES[artefact]:
        path = adapter / name
        yield from [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file())

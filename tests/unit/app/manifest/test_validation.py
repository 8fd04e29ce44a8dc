"""Whatever a manifest says, the outcome is an app or a message for the operator; never another error."""

import copy
from pathlib import Path
from typing import Any

import pytest
import tomli
from hypothesis import given
from hypothesis import strategies as st

from whorl.app.locking import lock
from whorl.app.manifest.documents import ManifestDocument
from whorl.app.manifest.validation import validate
from whorl.errors import ManifestError

FULL = tomli.loads((Path(__file__).parents[3] / "golden" / "manifests" / "full.toml").read_text())

scalars = st.one_of(
    st.text(max_size=8),
    st.sampled_from(
        ["insecure:allow-all", "http://[", "x://y:z", "/a/.../b", "a:b/c", "9" * 5000 + "MB", "self", "{{"]
    ),
    st.integers(),
    st.floats(),
    st.booleans(),
    st.datetimes(),
)
keys = st.one_of(
    st.text(max_size=6),
    st.sampled_from(["http", "source", "component", "path", "store", "route", "private", "type", "command", "whorl"]),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(keys, inner, max_size=3)),
    max_leaves=6,
)


def places(value: object) -> list[tuple[str | int, ...]]:
    """Return the path of everything within `value`."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path for key, each in inner for path in [(key,), *((key, *rest) for rest in places(each))]]


def changed(path: tuple[str | int, ...], value: object, *, under: str | None) -> dict[str, Any]:
    """Return the full manifest with `value` in place of what stands at `path`, or added there under a key."""
    document = copy.deepcopy(FULL)
    place: Any = document
    for part in path[:-1]:
        place = place[part]
    if under is not None and isinstance(place[path[-1]], dict):
        place[path[-1]][under] = value
    else:
        place[path[-1]] = value
    return document


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder in which everything that the full manifest names exists."""
    folder = tmp_path_factory.mktemp("full")
    (folder / "parts").mkdir()
    for name in ("hello.wasm", "shop.wasm", "parts/storage.wasm"):
        (folder / name).touch()
    return folder


@given(path=st.sampled_from(places(FULL)), value=values, under=st.one_of(st.none(), keys))
def test_a_manifest_with_anything_anywhere_is_an_app_or_a_message(
    folder: Path, path: tuple[str | int, ...], value: object, under: str | None
) -> None:
    document = ManifestDocument(folder / "spin.toml", "spin.toml", changed(path, value, under=under), {})
    assert outcome(document).startswith(("app ", "spin.toml: ", "No triggers"))


def outcome(document: ManifestDocument) -> str:
    """Return the message for `document`, or the name of the app."""
    try:
        return f"app {lock(document, validate(document)).name}"
    except ManifestError as error:
        return str(error)


def test_the_full_manifest_itself_is_an_app(folder: Path) -> None:
    assert outcome(ManifestDocument(folder / "spin.toml", "spin.toml", FULL, {})) == "app full"

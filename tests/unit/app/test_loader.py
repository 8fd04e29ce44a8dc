"""What the operator may name as an app, and how the manifest is found when nothing is named."""

from pathlib import Path

import pytest

from whorl.app.loader import find_manifest, load_app
from whorl.errors import ManifestError

MANIFEST = """
spin_manifest_version = 2
[application]
name = "app"
[[trigger.http]]
route = "/..."
component = "hello"
[component.hello]
source = "hello.wasm"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "spin.toml").write_text(MANIFEST)
    (tmp_path / "hello.wasm").touch()
    return tmp_path


def test_a_folder_stands_for_the_manifest_in_it(folder: Path) -> None:
    assert load_app(folder) == load_app(folder / "spin.toml")
    assert load_app(folder).origin == folder / "spin.toml"
    assert load_app(folder).folder == folder


def test_paths_of_a_manifest_start_from_its_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder.parent)
    app = load_app(Path(folder.name))
    assert app.components["hello"].source == folder / "hello.wasm"


@pytest.mark.parametrize(
    ("file", "name", "component"),
    [("my_app.wasm", "my_app", "my-app"), ("x.wat", "x", "x"), ("2.wasm", "2", "component")],
)
def test_a_bare_component_serves_every_path_and_is_granted_nothing(
    tmp_path: Path, file: str, name: str, component: str
) -> None:
    (tmp_path / file).touch()
    app = load_app(tmp_path / file)
    (trigger,) = app.triggers
    (served,) = app.served_components()
    assert (app.name, app.folder, trigger.route, served.id) == (name, tmp_path, "/...", component)
    assert (served.allowed_outbound_hosts, served.key_value_stores, dict(served.environment)) == ((), (), {})


@pytest.mark.parametrize("missing", ["nothing", "nothing.toml", "nothing.wasm", ""])
def test_what_is_not_there_is_named(tmp_path: Path, missing: str) -> None:
    with pytest.raises(ManifestError, match="there is no") as refused:
        load_app(tmp_path / missing)
    assert str(tmp_path / missing) in str(refused.value)


def test_a_manifest_that_is_not_utf8_is_refused_with_the_line_and_the_byte(tmp_path: Path) -> None:
    (tmp_path / "spin.toml").write_bytes(b"# a line\n# caf\xe9\n")
    with pytest.raises(ManifestError, match=r"spin\.toml:2: is not UTF-8, as the byte 0xe9 shows; save it as UTF-8$"):
        load_app(tmp_path)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["plain", "marked"])
def test_a_manifest_of_another_unicode_encoding_is_refused_by_its_name(
    tmp_path: Path, encoding: str, mark: str
) -> None:
    (tmp_path / "spin.toml").write_bytes((mark + MANIFEST).encode(encoding))
    with pytest.raises(ManifestError, match=rf"spin\.toml: is {encoding[:6].upper()}; save it as UTF-8$"):
        load_app(tmp_path)


def test_a_byte_order_mark_is_passed_over(folder: Path) -> None:
    plain = load_app(folder)
    (folder / "spin.toml").write_bytes(b"\xef\xbb\xbf" + MANIFEST.encode())
    assert load_app(folder) == plain


@pytest.mark.parametrize("text", ["a = = 1", "\n\na = = 1", "a = 1", "\na = 1\n"])
def test_a_byte_order_mark_shifts_neither_line_nor_column(tmp_path: Path, text: str) -> None:
    messages = []
    for mark in ("", "\ufeff"):
        (tmp_path / "spin.toml").write_text(mark + text)
        with pytest.raises(ManifestError) as refused:
            load_app(tmp_path)
        messages.append(str(refused.value))
    assert messages[0] == messages[1]


def test_a_manifest_that_is_nested_without_end_is_refused(tmp_path: Path) -> None:
    (tmp_path / "spin.toml").write_text("a = " + "[" * 100_000)
    with pytest.raises(ManifestError, match=r"nested|not valid TOML"):
        load_app(tmp_path)


def test_line_endings_of_other_systems_do_not_shift_the_line(tmp_path: Path) -> None:
    (tmp_path / "spin.toml").write_bytes(b'spin_manifest_version = 2\r\n\r\nfoo = 1\r\n[application]\r\nname = "x"\r\n')
    with pytest.raises(ManifestError, match=r"spin\.toml:3: `foo` is not a key"):
        load_app(tmp_path)


def test_the_manifest_is_searched_for_in_the_folders_above(folder: Path) -> None:
    deep = folder / "a" / "b"
    deep.mkdir(parents=True)
    assert find_manifest(deep) == folder / "spin.toml"


def test_the_search_for_a_manifest_stays_within_the_repository(folder: Path) -> None:
    deep = folder / "repository" / "a"
    deep.mkdir(parents=True)
    (deep.parent / ".git").mkdir()
    with pytest.raises(ManifestError, match="name the manifest with `--from`"):
        find_manifest(deep)

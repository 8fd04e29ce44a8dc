"""Manifests and what becomes of them: `x.toml` beside `x.json` (the locked app) or `x.err` (the message).

A first line `# exists: a.wasm b.wasm` names the files that stand beside the manifest. With `WHORL_BLESS=1` in the
environment the twins are written anew from what comes out; read the difference before committing it.
"""

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from whorl.app.loader import load_app
from whorl.app.locked import LockedApp
from whorl.app.settings import ComponentSettings
from whorl.errors import ManifestError

FOLDER = Path(__file__).parent / "manifests"
CASES = sorted(FOLDER.glob("*.toml"))
EXISTS = "# exists: "


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_a_manifest_becomes_what_its_twin_says(case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "spin.toml").write_bytes(case.read_bytes())
    first_line = case.read_text("utf-8-sig").partition("\n")[0]
    for name in first_line.removeprefix(EXISTS).split() if first_line.startswith(EXISTS) else []:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)

    suffix, text = outcome(tmp_path)

    if os.environ.get("WHORL_BLESS"):
        for other in (".json", ".err"):
            case.with_suffix(other).unlink(missing_ok=True)
        case.with_suffix(suffix).write_text(text)
    assert case.with_suffix(suffix).is_file(), text
    assert text == case.with_suffix(suffix).read_text()


def outcome(folder: Path) -> tuple[str, str]:
    """Load the app in `folder`; return the suffix of the twin and its text."""
    try:
        text = json.dumps(plain(load_app(Path("spin.toml")), folder), indent=2, default=str) + "\n"
        suffix = ".json"
    except ManifestError as error:
        suffix, text = ".err", f"{error}\n"
    return suffix, text.replace(f"{folder}/", "$FOLDER/")


def plain(app: LockedApp, folder: Path) -> dict[str, Any]:
    """Return `app` as JSON values, without what is as it is by default."""
    assert app.origin == folder / "spin.toml"
    components = [
        {
            "id": component.id,
            "source": component.source,
            "description": component.description,
            "environment": dict(component.environment),
            "allowed_outbound_hosts": component.allowed_outbound_hosts,
            "key_value_stores": component.key_value_stores,
            "settings": changed(component.settings),
            "dependencies": [asdict(dependency) for dependency in component.dependencies],
        }
        for component in app.components.values()
    ]
    return {
        "name": app.name,
        **said({"version": app.version, "description": app.description, "authors": app.authors}),
        "triggers": [asdict(trigger) for trigger in app.triggers],
        "components": [said(component) for component in components],
        "served": [component.id for component in app.served_components()],
        **said({"warnings": app.warnings}),
    }


def said(values: dict[str, Any]) -> dict[str, Any]:
    """Return `values`, and what is nested in them, without what says nothing."""
    return {
        key: [said(each) if isinstance(each, dict) else each for each in value]
        if isinstance(value, list | tuple)
        else value
        for key, value in values.items()
        if value
    }


def changed(settings: ComponentSettings) -> dict[str, Any]:
    """Return what differs from the default settings."""
    defaults = asdict(ComponentSettings())
    return {key: value for key, value in asdict(settings).items() if value != defaults[key]}


def test_there_is_a_twin_for_each_manifest_and_a_manifest_for_each_twin() -> None:
    twins = {path.stem for path in FOLDER.iterdir() if path.suffix in {".json", ".err"}}
    assert twins == {case.stem for case in CASES}

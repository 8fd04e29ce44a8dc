"""What the documents promise about the tree, read from both."""

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from whorl.app.manifest.settings_table import SettingsTable
from whorl.app.settings import ComponentSettings
from whorl.cli.main import parser

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))
DOCUMENTS = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")]
DOCUMENTS += [ROOT / "docs" / name for name in ("architecture.md", "compatibility.md", "performance.md")]
DOCUMENTS += DECISIONS

_LONGEST_DECISION = 60
_LONGEST_ARCHITECTURE = 300
_TOP_FOLDERS = ("apps", "docker", "docs", "platform", "requirements", "scripts", "tests")
_PATH = re.compile(rf"`((?:{'|'.join(_TOP_FOLDERS)})/[\w./-]+)(?::([\w.]+))?`")
_SCRIPT = re.compile(r"\bscripts/[\w-]+")
_LINK = re.compile(r"\]\(([^)#]+)[^)]*\)")


def commands() -> dict[str, argparse.ArgumentParser]:
    """Return the parser of each command of `whorl`."""
    [choices] = [action.choices for action in parser()._actions if isinstance(action, argparse._SubParsersAction)]
    return dict(choices or {})


def flags(command: str) -> list[str]:
    """Return the options of a command as they are typed, `--help` aside."""
    actions = commands()[command]._actions
    return [flag for action in actions for flag in action.option_strings if action.dest != "help"]


def named_paths(document: Path) -> Iterator[tuple[str, str]]:
    """Yield each path that a document names, with the name in that file behind it, if there is one."""
    for found in _PATH.finditer(document.read_text()):
        yield found[1], found[2] or ""


def defines(path: Path, name: str) -> bool:
    """Tell whether the file at `path` defines each part of the dotted `name`."""
    text = path.read_text()
    return all(re.search(rf"\b(?:def|class|fn|struct|enum) {part}\b", text) for part in name.split("."))


@pytest.mark.parametrize("flag", flags("up"))
def test_every_flag_of_up_is_in_the_readme(flag: str) -> None:
    rows = [line for line in README.splitlines() if line.startswith("| `-")]
    assert any(re.search(rf"`{flag}\b", row) for row in rows)


def test_the_readme_names_no_flag_of_up_that_is_not_there() -> None:
    rows = [line.split("|")[1] for line in README.splitlines() if line.startswith("| `-")]
    assert set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", " ".join(rows))) == set(flags("up"))


@pytest.mark.parametrize("command", commands())
def test_every_command_is_in_the_readme(command: str) -> None:
    assert f"whorl {command}" in README


def documented_settings() -> dict[str, str]:
    """Return the keys of `[component.x.tool.whorl]` that the README shows, each with its value as TOML."""
    [block] = re.findall(r"```toml\n\[component\.\w+\.tool\.whorl\]\n(.*?)```", README, re.DOTALL)
    return dict(re.findall(r'^(\w+) = ("?[\w.]+"?)', block, re.MULTILINE))


def test_the_readme_shows_every_setting_of_a_component() -> None:
    assert set(documented_settings()) == set(SettingsTable.model_fields)


def test_the_settings_in_the_readme_are_the_defaults() -> None:
    values = {key: value.strip('"') if '"' in value else int(value) for key, value in documented_settings().items()}
    assert SettingsTable.model_validate(values).settings() == ComponentSettings()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_a_document_names_exists(document: Path) -> None:
    missing = [
        f"{path}:{name}"
        for path, name in named_paths(document)
        if not (ROOT / path).exists() or (name and not defines(ROOT / path, name))
    ]
    missing += [script for script in _SCRIPT.findall(document.read_text()) if not (ROOT / script).is_file()]
    missing += [
        link
        for link in _LINK.findall(document.read_text())
        if "://" not in link and not (document.parent / link).exists()
    ]
    assert missing == []


def test_the_architecture_is_told_on_few_pages() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text()
    assert len(text.splitlines()) <= _LONGEST_ARCHITECTURE
    assert len(list(named_paths(ROOT / "docs" / "architecture.md"))) > _LONGEST_DECISION


@pytest.mark.parametrize("decision", DECISIONS, ids=lambda path: path.stem)
def test_a_decision_is_short_and_has_its_parts(decision: Path) -> None:
    lines = decision.read_text().splitlines()
    assert len(lines) <= _LONGEST_DECISION
    assert lines[0].startswith(f"# {int(decision.name[:4])}. ")
    assert [line for line in lines if line.startswith("## ")][:2] == ["## Context", "## Decision"]
    assert "## What was measured" in lines
    assert "## Alternatives" in lines


def test_the_numbers_of_decisions_are_unique_and_without_gaps() -> None:
    numbers = [int(decision.name[:4]) for decision in DECISIONS]
    assert numbers == list(range(1, len(DECISIONS) + 1))

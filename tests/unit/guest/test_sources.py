"""The built files that ship are those that their sources make."""

from pathlib import Path

import pytest

from whorl.guest import ADAPTER, SOURCES, artefact_path, recorded_digests, source_digest


@pytest.mark.parametrize("artefact", SOURCES)
def test_a_built_file_is_as_new_as_its_sources(artefact: str) -> None:
    assert artefact_path(artefact).read_bytes()[:4] == b"\0asm"
    assert recorded_digests()[artefact] == source_digest(artefact), f"run `scripts/build-adapter {artefact}`"


def test_a_change_of_a_source_changes_the_digest(tmp_path: Path) -> None:
    (tmp_path / "driver").mkdir()
    for file in (ADAPTER / "driver").iterdir():
        (tmp_path / "driver" / file.name).write_bytes(file.read_bytes())
    assert source_digest("driver-http", tmp_path) == source_digest("driver-http")
    (tmp_path / "driver" / "driver.wat").write_text("(component)")
    assert source_digest("driver-http", tmp_path) != source_digest("driver-http")


@pytest.mark.parametrize("artefact", SOURCES)
def test_a_built_file_names_no_path_of_the_machine(artefact: str) -> None:
    content = artefact_path(artefact).read_bytes()
    assert b".cargo/registry" not in content
    assert b"/home/" not in content

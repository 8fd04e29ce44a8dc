"""The Rust guests of the tests are those that their sources make."""

import re
from pathlib import Path

import pytest
from rust_guests import GUESTS, recorded_digests, rust_guests, source_digest

from whorl.guest import FOLDER

_SOURCE = re.compile(rb"(?<![\w.-])/[\w./@-]+\.rs(?![\w.-])")
_OF_THE_STANDARD_LIBRARY = re.compile(rb"/(?:usr/src/rustc-|rustc/|rust/deps/)")
"""Paths where Rust's own libraries were built, by whoever released them."""


@pytest.mark.parametrize("file", [*GUESTS.glob("*.wasm"), *FOLDER.glob("*.wasm")], ids=lambda file: file.name)
def test_what_is_committed_tells_no_path_of_the_machine_that_built_it(file: Path) -> None:
    paths = {found.group() for found in _SOURCE.finditer(file.read_bytes())}
    assert {path for path in paths if not _OF_THE_STANDARD_LIBRARY.match(path)} == set()


@pytest.mark.parametrize("guest", rust_guests())
def test_a_guest_is_as_new_as_its_sources(guest: str) -> None:
    assert (GUESTS / f"{guest}.wasm").read_bytes()[:4] == b"\0asm"
    cure = f"run `build` in its folder, then `python tests/support/rust_guests.py {guest}`"
    assert recorded_digests()[guest] == source_digest(guest), cure


def test_no_built_guest_is_without_sources() -> None:
    assert sorted(recorded_digests()) == rust_guests()
    assert {file.stem for file in GUESTS.glob("*.wasm")} == set(rust_guests())

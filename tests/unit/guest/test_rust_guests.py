"""The Rust guests of the tests are those that their sources make."""

import pytest
from rust_guests import GUESTS, recorded_digests, rust_guests, source_digest


@pytest.mark.parametrize("guest", rust_guests())
def test_a_guest_is_as_new_as_its_sources(guest: str) -> None:
    assert (GUESTS / f"{guest}.wasm").read_bytes()[:4] == b"\0asm"
    cure = f"run `build` in its folder, then `python tests/support/rust_guests.py {guest}`"
    assert recorded_digests()[guest] == source_digest(guest), cure


def test_no_built_guest_is_without_sources() -> None:
    assert sorted(recorded_digests()) == rust_guests()
    assert {file.stem for file in GUESTS.glob("*.wasm")} == set(rust_guests())

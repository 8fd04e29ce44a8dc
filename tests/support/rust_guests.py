"""The Rust guests of the tests: each is committed beside its folder, with the digest of what it was built from.

As a program, notes that guests have just been built: `python tests/support/rust_guests.py shelf`.
"""

import json
import re
import sys
from pathlib import Path

from whorl.guest import digest_of

ROOT = Path(__file__).parents[2]
GUESTS = ROOT / "tests" / "guests"
RECORD = GUESTS / "sources.json"
_BUILT = {"hello_core": "hello_0_2_0"}
"""Guests that are built from the folder of another."""
_CRATE = re.compile(r'\bpath = "([^"]+)"')


def rust_guests() -> list[str]:
    """Return the names of the guests that are built by cargo."""
    return sorted([folder.parent.name for folder in GUESTS.glob("*/Cargo.toml")] + list(_BUILT))


def source_digest(guest: str) -> str:
    """Return the SHA-256 over the names and contents of a guest's sources, and of the WIT and crates that it names."""
    folder = GUESTS / _BUILT.get(guest, guest)
    own = [
        folder / "Cargo.toml",
        folder / "Cargo.lock",
        *sorted(folder.glob("src/**/*.rs")),
        *sorted(folder.glob("wit/**/*.wit")),
        *folder.glob("build"),
    ]
    code = "".join(file.read_text() for file in own if file.suffix == ".rs")
    shared = [file for file in sorted((ROOT / "platform/adapter/wit").rglob("*.wit")) if f"wit/{_within(file)}" in code]
    crates = [(folder / path).resolve() for path in _CRATE.findall((folder / "Cargo.toml").read_text())]
    shared += [file for crate in crates for file in (crate / "Cargo.toml", *sorted(crate.glob("src/**/*.rs")))]
    return digest_of([*own, *shared], ROOT)


def recorded_digests() -> dict[str, str]:
    """Return the digest of the sources that each guest was last built from."""
    digests: dict[str, str] = json.loads(RECORD.read_text())
    return digests


def _within(file: Path) -> str:
    return file.relative_to(ROOT / "platform/adapter/wit").as_posix()


if __name__ == "__main__":
    made = recorded_digests() if RECORD.exists() else {}
    made.update({guest: source_digest(guest) for guest in sys.argv[1:]})
    RECORD.write_text(json.dumps(made, indent=2, sort_keys=True) + "\n")

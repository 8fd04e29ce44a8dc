"""What the URL shortener's repository folder promises: small components, printed contracts, one manifest."""

import hashlib
import re
import tomllib
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[3]
APP = REPOSITORY / "apps" / "url-shortener"
BUILT_FROM_RUST = {
    "shortener": "faces/shortener/shortener.wasm",
    "analytics": "faces/analytics/analytics.wasm",
    "shortener-core": "shortener/shortener.wasm",
    "storage": "storage/storage.wasm",
}
BUDGET_BYTES = 300_000
COMPONENT_HEADER = b"\0asm\x0d\0\x01\0"

PRINTED = """
record short-url { id: string, original: string, created-at: u64, click-count: u64 }
variant shorten-error { invalid-url(string), storage-failed(string), rate-limited }
variant resolve-error { not-found, expired }
shorten: func(original-url: string, ttl-seconds: option<u64>) -> result<short-url, shorten-error>;
resolve: func(id: string) -> result<short-url, resolve-error>;
delete: func(id: string) -> result<bool, shorten-error>;
record click-event { url-id: string, timestamp: u64, ip: option<string>, user-agent: option<string>, \
referer: option<string> }
record url-stats { url-id: string, total-clicks: u64, unique-clicks: u64, clicks-by-hour: list<tuple<u64, u64>> }
track-click: func(event: click-event) -> result<_, string>;
get-stats: func(url-id: string) -> result<url-stats, string>;
record kv-entry { key: string, value: list<u8>, expires-at: option<u64> }
get: func(key: string) -> option<kv-entry>;
get-batch: func(keys: list<string>) -> list<option<kv-entry>>;
set: func(entry: kv-entry) -> result<_, string>;
delete: func(key: string) -> bool;
world url-shortener-world { export shortener; export analytics; import kv-store; \
import wasi:clocks/wall-clock@0.2.0; import wasi:random/random@0.2.0; }
"""


def squeezed(wit: str) -> str:
    """Drop comments, white space and trailing commas, which mean nothing in WIT."""
    return re.sub(r",(?=[}])", "", re.sub(r"\s+", "", re.sub(r"//.*", "", wit)))


@pytest.mark.parametrize("declaration", PRINTED.strip().splitlines())
def test_the_published_contract_stands_word_for_word(declaration: str) -> None:
    assert squeezed(declaration) in squeezed((APP / "wit" / "api.wit").read_text())


@pytest.mark.parametrize("path", BUILT_FROM_RUST.values())
def test_a_rust_component_keeps_its_size_budget(path: str) -> None:
    built = (APP / path).read_bytes()
    assert built.startswith(COMPONENT_HEADER)
    assert len(built) <= BUDGET_BYTES


def test_every_component_of_the_manifest_says_how_it_is_built() -> None:
    manifest = tomllib.loads((REPOSITORY / "spin.toml").read_text())
    sources = {name: component["source"] for name, component in manifest["component"].items()}
    assert sources == {
        **{name: f"apps/url-shortener/{path}" for name, path in BUILT_FROM_RUST.items()},
        "analytics-core": "apps/url-shortener/analytics/analytics.wasm",
    }
    for name, component in manifest["component"].items():
        assert (REPOSITORY / component["build"]["workdir"]).is_dir()
        if name in BUILT_FROM_RUST:
            build, copy = component["build"]["command"]
            assert re.fullmatch(r"cargo build --package \S+ --target wasm32-wasip2 --release", build)
            assert copy.endswith(f" {BUILT_FROM_RUST[name]}")


def test_the_rust_components_were_built_from_these_sources() -> None:
    lines = (APP / "sources.sha256").read_text().splitlines()
    noted = {name: digest for digest, name in (line.split(maxsplit=1) for line in lines)}
    folders = ("guest", "storage", "shortener", "faces", "web", "wit")
    paths = [path for folder in folders for path in (APP / folder).rglob("*") if path.is_file()]
    paths += [APP / "Cargo.toml", APP / "Cargo.lock"]
    sources = {str(path.relative_to(APP)): path for path in paths if path.suffix != ".wasm"}
    found = {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in sources.items()}
    assert found == noted, "run `apps/url-shortener/build`"

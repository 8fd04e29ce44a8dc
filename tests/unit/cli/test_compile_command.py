"""`whorl compile`: what a later `whorl up` finds in the cache, and what is refused."""

import os
import shutil
from pathlib import Path

import pytest
from anyio import to_thread
from live_server import GUESTS, manifest, serving

from whorl.cli.main import main

pytestmark = pytest.mark.anyio


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a cache that holds the compiled component tools alone, where they have been compiled before."""
    shared, cache = Path(os.environ["WHORL_CACHE_DIR"]), tmp_path / "cache"
    cache.mkdir(mode=0o700)
    for file in shared.glob("tools-*"):
        shutil.copy2(file, cache)
    monkeypatch.setenv("WHORL_CACHE_DIR", str(cache))
    return cache


def contents(cache: Path) -> dict[str, int]:
    """Return when each compiled component was written, in ns."""
    return {file.name: file.stat().st_mtime_ns for file in cache.glob("*.cwasm") if not file.name.startswith("tools-")}


async def test_the_next_start_compiles_nothing(tmp_path: Path, cache: Path) -> None:
    origin = manifest(tmp_path, GUESTS / "hello.wasm")
    assert await to_thread.run_sync(main, ["compile", "--from", str(origin)]) == 0
    compiled = contents(cache)
    assert len(compiled) == 1
    async with serving(origin) as live:
        assert (await live.client.get("/")).text == "hello"
    assert contents(cache) == compiled


def test_it_says_what_it_compiles_and_where(tmp_path: Path, cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["compile", "--from", str(manifest(tmp_path, GUESTS / "hello.wasm"))])
    first, second = capsys.readouterr().err.splitlines()
    assert first == f"Compiling 1 component into `{cache}`"
    assert second.startswith("  lab (")


@pytest.mark.usefixtures("cache")
def test_it_leaves_no_state_beside_the_app(tmp_path: Path) -> None:
    main(["compile", "--from", str(manifest(tmp_path, GUESTS / "hello.wasm"))])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cache", "spin.toml"]


def test_an_app_that_cannot_be_served_is_refused(
    tmp_path: Path, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "broken.wasm").write_bytes(b"\0asm\r\0\1\0")
    assert main(["compile", "--from", str(manifest(tmp_path, tmp_path / "broken.wasm"))]) == 1
    assert "component `lab`" in capsys.readouterr().err
    assert not contents(cache)

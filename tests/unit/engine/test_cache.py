"""The cache of compiled code loads only what this user wrote, whole and unchanged."""

import os
import threading
from pathlib import Path

import pytest

from whorl.engine.cache import CompiledCache
from whorl.errors import StoreError


class Maker:
    """Makes code, and counts how often."""

    def __init__(self) -> None:
        self.made = 0

    def __call__(self) -> bytes:
        self.made += 1
        return b"code %d" % self.made


@pytest.fixture
def cache(tmp_path: Path) -> CompiledCache:
    return CompiledCache(tmp_path / "cache")


def test_code_is_made_once_for_a_key(cache: CompiledCache) -> None:
    make = Maker()
    assert cache.path("a", make).read_bytes() == cache.path("a", make).read_bytes() == b"code 1"
    assert cache.path("b", make).read_bytes() == b"code 2"


def test_the_folder_is_for_its_owner_alone(cache: CompiledCache) -> None:
    cache.path("a", Maker())
    assert cache.directory.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("damage", [b"", b"cod", b"CODE 1", b"code 1 and more"])
def test_damaged_code_is_made_anew(cache: CompiledCache, damage: bytes) -> None:
    make = Maker()
    cache.path("a", make).write_bytes(damage)
    assert cache.path("a", make).read_bytes() == b"code 2"


def test_code_that_others_may_write_is_made_anew(cache: CompiledCache) -> None:
    make = Maker()
    cache.path("a", make).chmod(0o666)
    assert cache.path("a", make).read_bytes() == b"code 2"


def test_a_link_to_elsewhere_is_not_followed(cache: CompiledCache, tmp_path: Path) -> None:
    make = Maker()
    file = cache.path("a", make)
    elsewhere = tmp_path / "elsewhere"
    file.rename(elsewhere)
    file.symlink_to(elsewhere)
    assert cache.path("a", make).read_bytes() == b"code 2"
    assert elsewhere.read_bytes() == b"code 1"


def test_a_folder_that_others_may_write_is_refused(cache: CompiledCache) -> None:
    cache.directory.mkdir()
    cache.directory.chmod(0o777)
    with pytest.raises(StoreError, match="can be written by other users.*chmod 700"):
        cache.path("a", Maker())


@pytest.mark.skipif(os.getuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StoreError, match="cannot be"):
        CompiledCache(tmp_path / "cache").path("a", Maker())


def test_a_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"cache folder `.*file` cannot be used.*WHORL_CACHE_DIR"):
        CompiledCache(tmp_path / "file").path("a", Maker())


def test_two_that_need_the_same_code_make_it_once(cache: CompiledCache) -> None:
    make = Maker()
    threads = [threading.Thread(target=cache.path, args=("a", make)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert make.made == 1


def test_nothing_is_left_aside_when_making_fails(cache: CompiledCache) -> None:
    def fail() -> bytes:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        cache.path("a", fail)
    assert [file.name for file in cache.directory.iterdir()] == ["a.lock"]


def test_what_a_process_left_half_written_is_removed_by_the_next_that_writes(cache: CompiledCache) -> None:
    cache.path("a", Maker())
    old, new = cache.directory / ".new-old", cache.directory / ".new-new"
    for file in (old, new):
        file.write_bytes(b"half")
    os.utime(old, (0, 0))
    cache.path("b", Maker())
    assert not old.exists()
    assert new.exists()

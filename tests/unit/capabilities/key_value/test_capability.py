"""What one component may do with the stores: who is denied, what fails how, and what waits."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Generator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from whorl.capabilities.key_value import KeyValueCapability, KeyValueStores, StoreConfiguration, default_configurations
from whorl.capabilities.key_value.capability import INTERFACES, LASTING
from whorl.capabilities.key_value.failures import StoreBusy, StoreFailure
from whorl.capabilities.key_value.granted import GrantedStore
from whorl.capabilities.key_value.locks import LockQueue
from whorl.capabilities.key_value.readings import Reading
from whorl.capabilities.key_value.sqlite_stores import SqliteStore
from whorl.errors import ManifestError, StoreError
from whorl.values import Err

SPIN, OLD, STORE, BATCH, ATOMICS, TIME_TO_LIVE = INTERFACES


@pytest.fixture
def stores() -> Iterator[KeyValueStores]:
    memory = StoreConfiguration("memory")
    with KeyValueStores.open({"default": memory, "cache": memory}) as opened:
        yield opened


def granted(stores: KeyValueStores, *labels: str) -> dict[str, Any]:
    """Return what implements each interface for a component that was granted some stores."""
    return KeyValueCapability(stores).implementations("shop", labels)


def raised(call: Callable[[], object]) -> object:
    """Return the error of a call, as the guest gets it."""
    with pytest.raises(Err) as error:
        call()
    return error.value.value


def test_two_components_see_one_store_if_both_are_granted_it(stores: KeyValueStores) -> None:
    granted(stores, "default")[SPIN].Store.open("default").set("key", b"value")
    assert granted(stores, "cache", "default")[STORE].open("default").get("key") == b"value"


def test_what_is_not_granted_is_denied(stores: KeyValueStores) -> None:
    mine = granted(stores, "default")
    old = mine[OLD].make()
    for open_one in (mine[SPIN].Store.open, mine[STORE].open, old.open):
        assert raised(lambda open_one=open_one: open_one("cache")) == "access-denied"  # type: ignore[misc]
    assert raised(lambda: mine[TIME_TO_LIVE].set("cache", "key", b"", 0)) == "access-denied"
    assert not stores["cache"].keys()


def test_each_guest_has_its_own_numbers_of_stores(stores: KeyValueStores) -> None:
    mine = granted(stores, "default")
    first, second = mine[OLD].make(), mine[OLD].make()
    assert (first.open("default"), first.open("default"), second.open("default")) == (0, 1, 0)


def test_what_lasts_is_the_same_for_all_guests(stores: KeyValueStores) -> None:
    mine = granted(stores, "default")
    assert mine[SPIN].Store.open("default") is mine[SPIN].Store.open("default")
    assert mine[STORE].open("default") is mine[STORE].open("default")
    assert (f"{SPIN}/store", f"{STORE}/bucket") == LASTING


def test_what_the_guest_did_wrong_is_a_value_and_no_log_line(
    stores: KeyValueStores, caplog: pytest.LogCaptureFixture
) -> None:
    mine = granted(stores, "default")
    bucket = mine[STORE].open("default")
    bucket.set("n", b"not a counter")
    text = "increment: the value has 13 bytes, but a counter is an integer of 8"
    assert raised(lambda: mine[ATOMICS].increment(bucket, "n", 1)) == ("other", text)
    assert not caplog.records


def test_what_the_backend_cannot_do_is_a_value_and_a_log_line(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "kv.db"
    with KeyValueStores.open({"default": StoreConfiguration("spin", path)}) as stores:
        bucket = granted(stores, "default")[STORE].open("default")
        with closing(sqlite3.connect(path)) as other:
            other.execute("DROP TABLE spin_key_value")
        assert raised(lambda: bucket.get("key")) == ("other", "no such table: spin_key_value")
    assert "component `shop`: key-value store `default`: no such table" in caplog.text


def of(store: object, patience: float = 10) -> GrantedStore:
    return GrantedStore("shop", "default", store, LockQueue(patience))  # type: ignore[arg-type]


def busy(times: int, result: object = b"done") -> Callable[[], object]:
    """Return a call that finds the lock held a number of times."""
    left = iter(range(times))

    def attempt() -> object:
        if next(left, None) is not None:
            raise StoreBusy("database is locked")
        return result

    return attempt


@pytest.mark.anyio
async def test_a_call_that_finds_the_lock_is_one_to_wait_for() -> None:
    later = of(None).do(busy(3))
    assert isinstance(later, Awaitable)
    assert await later == b"done"
    assert of(None).do(busy(0)) == b"done"


@pytest.mark.anyio
async def test_a_call_that_finds_no_end_of_the_lock_fails() -> None:
    later = of(None, patience=0.05).do(busy(10**6))
    assert isinstance(later, Awaitable)
    with pytest.raises(Err) as error:
        await later
    text = "database is locked: another program has not let go of it for 0.05 s"
    assert error.value.value == ("other", text)


def counting(items: int, fails_at: dict[int, list[Exception]] | None = None) -> Reading[int, bytes]:
    """Return a reading of one item for each slice; at some it fails, as often as there are failures."""

    def resume(at: int) -> Generator[tuple[int, list[bytes]]]:
        for number in range(at, items):
            if failures := (fails_at or {}).get(number):
                raise failures.pop()
            yield number + 1, [b"%d" % number]

    return Reading(0, resume, seconds=0, stride=1)


@pytest.mark.anyio
async def test_a_long_answer_is_read_with_a_turn_of_the_loop_before_each_slice() -> None:
    turns = 0

    def turn() -> None:
        nonlocal turns
        turns += 1
        asyncio.get_running_loop().call_soon(turn)

    later = of(None).gather(counting(5), list, b"".join)
    assert isinstance(later, Awaitable)
    turn()
    assert await later == b"01234"
    assert turns >= 5


def test_a_short_answer_is_given_at_once() -> None:
    assert of(None).gather(counting(0), list, b"".join) == b""


@pytest.mark.anyio
async def test_a_long_answer_may_find_the_lock_and_may_fail_in_the_end() -> None:
    reading = counting(4, {0: [StoreBusy("")] * 2, 2: [StoreBusy("")] * 3})
    later = of(None).gather(reading, list, b"".join)
    assert isinstance(later, Awaitable)
    assert await later == b"0123"
    failing = of(None).gather(counting(3, {1: [StoreFailure("broken")]}), list, b"".join)
    assert isinstance(failing, Awaitable)
    with pytest.raises(Err) as error:
        await failing
    assert error.value.value == ("other", "broken")
    assert raised(lambda: of(None).gather(counting(1, {0: [StoreFailure("broken")]}), list, b"".join)) == (
        "other",
        "broken",
    )


def test_guests_can_call_only_what_they_are_to_call(stores: KeyValueStores) -> None:
    """Under the name of an interface they may ask for any public method."""
    mine = {name: each for name, each in granted(stores, "default").items() if name != OLD}
    mine[OLD] = granted(stores, "default")[OLD].make()
    objects = [*mine.values(), mine[STORE].open("default"), mine[SPIN].Store, mine[ATOMICS].Cas]
    public = {name for each in objects for name in dir(each) if name[0] != "_" and callable(getattr(each, name))}
    wit = {"open", "get", "set", "delete", "exists", "get_keys", "list_keys", "close", "increment", "swap", "new"}
    assert public == wit | {"current", "get_many", "set_many", "delete_many", "Store", "Bucket", "Cas"}


def test_granting_a_store_that_is_not_declared_names_the_nearest(stores: KeyValueStores) -> None:
    with pytest.raises(ManifestError) as raised:
        granted(stores, "cach")
    assert str(raised.value) == ("component `shop`: key-value store `cach` is not declared; did you mean `cache`?")
    with pytest.raises(ManifestError, match=r"only; use that in `key_value_stores`"):
        granted(stores, "visits")


def test_an_unknown_type_names_the_known_ones() -> None:
    with pytest.raises(StoreError, match="`cache`: its type `etcd` is unknown; use one of `spin`, `memory`"):
        KeyValueStores.open({"cache": StoreConfiguration("etcd")})


def test_by_default_there_is_one_store_in_the_state_folder(tmp_path: Path) -> None:
    with KeyValueStores.open(default_configurations(tmp_path)) as stores:
        assert list(stores) == ["default"]
        assert isinstance(stores["default"], SqliteStore)
    assert (tmp_path / "sqlite_key_value.db").is_file()


def test_without_a_state_folder_the_default_store_is_in_memory() -> None:
    with KeyValueStores.open(default_configurations(None)) as stores:
        stores["default"].set(b"key", b"value")
        assert stores["default"].get(b"key") == b"value"


def test_labels_of_one_file_share_it_and_a_store_that_fails_closes_the_others(tmp_path: Path) -> None:
    file = StoreConfiguration("spin", tmp_path / "kv.db")
    with KeyValueStores.open({"one": file, "two": file}) as stores:
        stores["one"].set(b"key", b"1")
        assert stores["two"].get(b"key") is None
    # An open file that is dropped would warn, and warnings are errors.
    with pytest.raises(StoreError):
        KeyValueStores.open({"one": file, "bad": StoreConfiguration("spin", tmp_path)})

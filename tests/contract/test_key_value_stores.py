"""What every key-value backend does, whichever it is."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from set_clock import SetClock

from whorl.capabilities.key_value.failures import MAX_RESULT_BYTES, StoreFailure
from whorl.capabilities.key_value.memory import MemoryBackend
from whorl.capabilities.key_value.readings import Reading, whole
from whorl.capabilities.key_value.sqlite import SqliteBackend
from whorl.capabilities.key_value.stores import Backend, Mismatch, Store

MEBIBYTE = bytes(1024 * 1024)
ONE = (1).to_bytes(8, "little")


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture(params=["memory", "sqlite"])
def backend(request: pytest.FixtureRequest, tmp_path: Path, clock: SetClock) -> Iterator[Backend]:
    if request.param == "memory":
        yield MemoryBackend(clock)
    else:
        with SqliteBackend.open(tmp_path / "kv.db", "process", clock) as opened:
            yield opened


@pytest.fixture
def store(backend: Backend) -> Store:
    return backend.store("default")


def test_a_missing_key_has_no_value(store: Store) -> None:
    assert store.get(b"missing") is None
    assert not store.exists(b"missing")


def test_what_was_set_is_got(store: Store) -> None:
    store.set(b"key", b"value")
    assert store.get(b"key") == b"value"
    assert store.exists(b"key")


def test_set_overwrites(store: Store) -> None:
    store.set(b"key", b"one")
    store.set(b"key", b"two")
    assert store.get(b"key") == b"two"
    assert store.keys() == [b"key"]


@pytest.mark.parametrize("value", [b"", b"\0", bytes(range(256)), "grün".encode(), MEBIBYTE])
def test_values_are_any_bytes(store: Store, value: bytes) -> None:
    store.set(b"key", value)
    assert store.get(b"key") == value


@pytest.mark.parametrize("key", [b"", b"\0", b"a\0b", "grün ☃ 😀".encode(), b"k" * 10_000, b"%_'\""])
def test_keys_are_any_text(store: Store, key: bytes) -> None:
    store.set(key, b"value")
    assert store.get(key) == b"value"
    assert store.keys() == [key]


def test_keys_are_compared_by_their_bytes(store: Store) -> None:
    store.set(b"key", b"lower")
    store.set(b"KEY", b"upper")
    assert store.get_many([b"KEY", b"key"]) == [b"upper", b"lower"]


def test_deleting_takes_the_value_away_and_a_missing_key_is_no_error(store: Store) -> None:
    store.set(b"key", b"value")
    store.delete(b"key")
    store.delete(b"key")
    assert store.get(b"key") is None
    assert store.keys() == []


def test_stores_of_one_backend_share_nothing(backend: Backend) -> None:
    backend.store("one").set(b"key", b"1")
    backend.store("two").set(b"key", b"2")
    backend.store("one").delete(b"key")
    assert backend.store("two").get(b"key") == b"2"
    assert backend.store("one").keys() == []


def test_get_many_answers_in_the_order_asked(store: Store) -> None:
    store.set_many([(b"a", b"1"), (b"b", b"2")])
    assert store.get_many([b"b", b"missing", b"a", b"b"]) == [b"2", None, b"1", b"2"]


def test_empty_batches_do_nothing(store: Store) -> None:
    store.set_many([])
    store.delete_many([])
    assert store.get_many([]) == []


def test_of_two_entries_with_one_key_the_last_counts(store: Store) -> None:
    store.set_many([(b"a", b"1"), (b"a", b"2")])
    assert store.get(b"a") == b"2"


def test_delete_many_skips_what_is_missing(store: Store) -> None:
    store.set_many([(b"a", b"1"), (b"b", b"2")])
    store.delete_many([b"a", b"missing"])
    assert store.keys() == [b"b"]


def test_a_missing_counter_is_zero(store: Store) -> None:
    assert store.increment(b"n", 5) == 5
    assert store.increment(b"n", -7) == -2
    assert store.get(b"n") == (-2).to_bytes(8, "little", signed=True)


@pytest.mark.parametrize("value", [b"", b"1", bytes(7), bytes(9)])
def test_incrementing_what_is_no_counter_fails_and_changes_nothing(store: Store, value: bytes) -> None:
    store.set(b"n", value)
    with pytest.raises(StoreFailure, match="a counter is an integer of 8"):
        store.increment(b"n", 1)
    assert store.get(b"n") == value


@pytest.mark.parametrize(("start", "delta"), [(2**63 - 1, 1), (-(2**63), -1)])
def test_a_counter_that_would_overflow_fails_and_keeps_its_value(store: Store, start: int, delta: int) -> None:
    store.increment(b"n", start)
    with pytest.raises(StoreFailure, match="does not fit"):
        store.increment(b"n", delta)
    assert store.increment(b"n", 0) == start


def test_a_swap_succeeds_only_from_the_expected_value(store: Store) -> None:
    assert store.swap(b"key", None, b"one") is None
    assert store.swap(b"key", None, b"two") == Mismatch(b"one")
    assert store.swap(b"key", b"other", b"two") == Mismatch(b"one")
    assert store.swap(b"key", b"one", b"two") is None
    assert store.get(b"key") == b"two"
    assert store.swap(b"gone", b"one", b"two") == Mismatch(None)


def test_a_value_is_gone_when_its_time_has_come(store: Store, clock: SetClock) -> None:
    store.set(b"key", b"value", 1000)
    clock.now += 999
    assert store.get(b"key") == b"value"
    assert store.keys() == [b"key"]
    clock.now += 1
    assert store.get(b"key") is None
    assert not store.exists(b"key")
    assert store.keys() == []
    assert store.get_many([b"key"]) == [None]


def test_an_expired_value_counts_as_none_for_increment_and_swap(store: Store, clock: SetClock) -> None:
    store.set(b"n", ONE, 10)
    store.set(b"key", b"old", 10)
    clock.now += 10
    assert store.swap(b"key", b"old", b"new") == Mismatch(None)
    assert store.swap(b"key", None, b"new") is None
    assert store.increment(b"n", 2) == 2
    clock.now += 1_000_000
    assert store.get(b"key") == b"new"
    assert store.increment(b"n", 0) == 2


@pytest.mark.parametrize("write", ["set", "set_many", "swap", "delete"])
def test_a_later_write_lasts_for_ever(store: Store, clock: SetClock, write: str) -> None:
    store.set(b"key", b"old", 10)
    match write:
        case "set":
            store.set(b"key", b"new")
        case "set_many":
            store.set_many([(b"key", b"new")])
        case "swap":
            store.swap(b"key", b"old", b"new")
        case "delete":
            store.delete(b"key")
            store.set(b"key", b"new")
    clock.now += 100
    assert store.get(b"key") == b"new"


def test_an_increment_keeps_the_time_to_live(store: Store, clock: SetClock) -> None:
    store.set(b"n", ONE, 10)
    assert store.increment(b"n", 1) == 2
    clock.now += 10
    assert store.get(b"n") is None


def test_setting_the_time_anew_replaces_it(store: Store, clock: SetClock) -> None:
    store.set(b"key", b"value", 10)
    store.set(b"key", b"value", 100)
    clock.now += 50
    assert store.exists(b"key")
    store.set(b"key", b"value", 10)
    clock.now += 10
    assert not store.exists(b"key")


def test_the_longest_time_to_live_is_accepted(store: Store, clock: SetClock) -> None:
    store.set(b"key", b"value", 2**64 - 1)
    clock.now += 10**15
    assert store.get(b"key") == b"value"


def test_a_result_larger_than_the_limit_fails(store: Store) -> None:
    store.set(b"key", MEBIBYTE)
    count = MAX_RESULT_BYTES // len(MEBIBYTE)
    assert len(store.get_many([b"key"] * count)) == count
    with pytest.raises(StoreFailure, match="^query result exceeds limit of 134217728 bytes$"):
        store.get_many([b"key"] * (count + 1))
    assert store.get(b"key") == MEBIBYTE


def crawl(reading: Reading[Any, Any]) -> None:
    """Let `reading` end each slice after one position."""
    reading._seconds, reading._stride = 0, 1


ODD_KEYS = [b"", b"\0", b"a", b"a\0", b"a\0b", b"b", "ü".encode(), "😀".encode()]


def test_keys_are_read_slice_by_slice_each_of_them_once(store: Store) -> None:
    store.set_many((key, b"value") for key in ODD_KEYS)
    reading = store.read_keys()
    crawl(reading)
    slices = []
    while not reading.is_done:
        slices.append(reading.read())
    assert sorted(key for keys in slices for key in keys) == ODD_KEYS
    assert max(map(len, slices)) == 1


def test_what_is_there_all_the_time_is_read_though_others_write_between_slices(store: Store, clock: SetClock) -> None:
    store.set_many((b"key-%d" % number, b"value") for number in range(10))
    store.set(b"key-3", b"value", 1)
    reading = store.read_keys()
    crawl(reading)
    keys = reading.read()
    clock.now += 1
    store.delete(keys[0])
    store.set(b"another", b"value")
    store.delete(b"key-9")
    keys += whole(reading)
    assert {b"key-%d" % number for number in range(10)} - {b"key-3", b"key-9"} <= set(keys)
    assert b"key-9" not in keys
    assert len(keys) == len(set(keys))


def test_values_are_read_slice_by_slice_in_the_order_asked(store: Store) -> None:
    store.set_many([(b"a", b"1"), (b"b", b"2")])
    reading = store.read_many([b"b", b"missing", b"a", b"b"])
    crawl(reading)
    assert [reading.read() for _ in range(4)] == [[b"2"], [None], [b"1"], [b"2"]]
    assert whole(reading) == []
    assert reading.is_done


def test_a_slice_ends_after_many_bytes(store: Store) -> None:
    store.set(b"key", MEBIBYTE)
    reading = store.read_many([b"key"] * 3)
    reading._seconds = 1000
    assert reading.read() == [MEBIBYTE]


def test_nobody_is_kept_from_writing_between_slices(backend: Backend, store: Store) -> None:
    store.set_many([(b"a", b"1"), (b"b", b"2")])
    keys, values = store.read_keys(), store.read_many([b"a", b"b"])
    crawl(keys)
    crawl(values)
    assert len(keys.read() + values.read()) == 2
    assert not isinstance(backend, SqliteBackend) or not backend.connection.in_transaction
    store.set(b"c", b"3", 1000)
    assert whole(values) == [b"2"]


def test_keys_that_are_more_than_the_limit_fail(store: Store) -> None:
    store.set_many((b"%d" % number * (32 * 1024 * 1024), b"") for number in range(5))
    with pytest.raises(StoreFailure, match="^query result exceeds limit of 134217728 bytes$"):
        store.keys()


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=3).map(str.encode)
KEYS = st.sampled_from([b"", b"a", b"b", "ü".encode()]) | TEXT
VALUES = st.sampled_from([b"", ONE, b"\xff"]) | st.binary(max_size=20)


class Model(RuleBasedStateMachine):
    """Calls a store and a dictionary in the same way."""

    def __init__(self, store: Store, clock: SetClock) -> None:
        super().__init__()
        self.store = store
        self.clock = clock
        self.store.delete_many(self.store.keys())
        self.values: dict[bytes, tuple[bytes, float]] = {}

    def alive(self) -> dict[bytes, bytes]:
        return {key: value for key, (value, until) in self.values.items() if until > self.clock.now}

    @rule(key=KEYS, value=VALUES, ttl=st.integers(0, 30))
    def set(self, key: bytes, value: bytes, ttl: int) -> None:
        self.store.set(key, value, ttl)
        self.values[key] = (value, self.clock.now + ttl if ttl else float("inf"))

    @rule(keys=st.lists(KEYS, max_size=3))
    def delete(self, keys: list[bytes]) -> None:
        self.store.delete_many(keys)
        for key in keys:
            self.values.pop(key, None)

    @rule(entries=st.lists(st.tuples(KEYS, VALUES), max_size=3))
    def set_many(self, entries: list[tuple[bytes, bytes]]) -> None:
        self.store.set_many(entries)
        self.values |= {key: (value, float("inf")) for key, value in entries}

    @rule(key=KEYS, expected=st.none() | VALUES, value=VALUES)
    def swap(self, key: bytes, expected: bytes | None, value: bytes) -> None:
        current = self.alive().get(key)
        mismatch = self.store.swap(key, expected, value)
        assert mismatch == (None if current == expected else Mismatch(current))
        if mismatch is None:
            self.values[key] = (value, float("inf"))

    @rule(milliseconds=st.integers(0, 6000))
    def wait(self, milliseconds: int) -> None:
        self.clock.now += milliseconds

    @rule(keys=st.lists(KEYS, max_size=5))
    def read(self, keys: list[bytes]) -> None:
        alive = self.alive()
        assert sorted(self.store.keys()) == sorted(alive)
        assert self.store.get_many(keys) == [alive.get(key) for key in keys]
        assert [self.store.exists(key) for key in keys] == [key in alive for key in keys]


def test_any_sequence_of_calls_does_what_a_dictionary_would(backend: Backend, clock: SetClock) -> None:
    run_state_machine_as_test(
        lambda: Model(backend.store("model"), clock),  # type: ignore[arg-type]  # any factory will do
        settings=settings(max_examples=60, stateful_step_count=30, deadline=None),
    )

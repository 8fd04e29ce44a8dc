"""Key-value stores as guests see them, interface by interface, through bridges and over a store in memory."""

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wasmtime.component import ResourceAny, Variant

from whorl.capabilities.key_value import KeyValueCapability, KeyValueStores, Store, StoreConfiguration, StoreFailure

SPIN = "fermyon:spin/key-value@2.0.0"
OLD = "fermyon:spin/key-value"
WASI = "wasi:keyvalue/store@0.2.0-draft2"
BATCH = "wasi:keyvalue/batch@0.2.0-draft2"
ATOMICS = "wasi:keyvalue/atomics@0.2.0-draft2"
TIME_TO_LIVE = "whorl:key-value/time-to-live@0.1.0"

ROOT = Path(__file__).parents[2]
SHELF = ROOT / "tests/guests/shelf.wasm"
OLD_GUEST = f"""(component
    (import "{OLD}" (instance
        (type $store' u32)
        (export "store" (type $store (eq $store')))
        (type $error' (variant (case "store-table-full") (case "no-such-store") (case "access-denied")
            (case "invalid-store") (case "no-such-key") (case "io" string)))
        (export "error" (type $error (eq $error')))
        (export "open" (func (param "name" string) (result (result $store (error $error)))))
        (export "get" (func (param "store" $store) (param "key" string) (result (result (list u8) (error $error)))))
        (export "set" (func (param "store" $store) (param "key" string) (param "value" (list u8))
            (result (result (error $error)))))
        (export "delete" (func (param "store" $store) (param "key" string) (result (result (error $error)))))
        (export "exists" (func (param "store" $store) (param "key" string) (result (result bool (error $error)))))
        (export "get-keys" (func (param "store" $store) (result (result (list string) (error $error)))))
        (export "close" (func (param "store" $store)))))
    (import "{TIME_TO_LIVE}" (instance
        (type $error' (variant (case "access-denied") (case "no-such-store") (case "other" string)))
        (export "error" (type $error (eq $error')))
        (export "set" (func (param "store" string) (param "key" string) (param "value" (list u8))
            (param "milliseconds" u64) (result (result (error $error))))))))""".encode()
"""Imports the interfaces that no guest of the tests imports."""

Adapter = Any
Load = Callable[..., Adapter]

DENIED = ("access-denied", None)


def case(value: object) -> object:
    """Return the case and payload of a variant, which does not compare equal by itself; other values as they are."""
    return (value.tag, value.payload) if isinstance(value, Variant) else value


@pytest.fixture
def stores() -> Iterator[KeyValueStores]:
    memory = StoreConfiguration("memory")
    with KeyValueStores.open({"default": memory, "secret": memory}) as opened:
        yield opened


@pytest.fixture
def store(stores: KeyValueStores) -> Store:
    return stores["default"]


@pytest.fixture(scope="session")
def load(bridged: Callable[..., Load]) -> Load:
    return bridged(SHELF, WASI, BATCH, ATOMICS)


@pytest.fixture(scope="session")
def load_spin(bridged: Callable[..., Load], python_hello: Path) -> Load:
    return bridged(python_hello, SPIN)


@pytest.fixture
def adapter(stores: KeyValueStores, load: Load) -> Adapter:
    return load(implementations(stores))


@pytest.fixture
def old(stores: KeyValueStores, bridged: Callable[..., Load]) -> Adapter:
    """Give the interfaces that no guest of the tests imports."""
    return bridged(OLD_GUEST, OLD, TIME_TO_LIVE)(implementations(stores))


@pytest.fixture
def spin_adapter(stores: KeyValueStores, load_spin: Load) -> Adapter:
    return load_spin(implementations(stores))


def implementations(stores: KeyValueStores) -> dict[str, object]:
    return KeyValueCapability(stores).implementations("shop", ["default"])


@pytest.fixture
def spin(spin_adapter: Adapter) -> Any:
    return resource(spin_adapter, SPIN, "store", spin_adapter[f"{SPIN}#[static]store.open"]("default"))


@pytest.fixture
def bucket(adapter: Adapter) -> Any:
    return resource(adapter, WASI, "bucket", adapter[f"{WASI}#open"]("default"))


def resource(adapter: Adapter, interface: str, name: str, handle: object) -> Any:
    """Return an object that has the methods of a resource, and its handle."""

    def method(function: str) -> Any:
        exported = adapter[f"{interface}#[method]{name}.{function}"]
        return lambda *arguments: case(exported(handle, *arguments))

    functions = {"store": ["get-keys"], "bucket": ["list-keys"]}[name] + ["get", "set", "delete", "exists"]
    return SimpleNamespace(handle=handle, **{function.replace("-", "_"): method(function) for function in functions})


def test_spin_sets_gets_and_deletes(spin: Any) -> None:
    assert spin.get("key") is None
    assert spin.set("key", b"\xff\0") is None
    assert (spin.get("key"), spin.exists("key"), spin.get_keys()) == (b"\xff\0", True, ["key"])
    assert spin.delete("key") is None
    assert spin.delete("key") is None
    assert (spin.get("key"), spin.exists("key"), spin.get_keys()) == (None, False, [])


def test_wasi_sets_gets_and_deletes(bucket: Any) -> None:
    assert bucket.get("key") is None
    assert bucket.set("key", b"\xff\0") is None
    assert (bucket.get("key"), bucket.exists("key")) == (b"\xff\0", True)
    keys = bucket.list_keys(None)
    assert (keys.keys, keys.cursor) == (["key"], None)
    assert bucket.delete("key") is None
    assert bucket.get("key") is None


def test_a_cursor_is_not_supported_in_spins_words(bucket: Any) -> None:
    assert bucket.list_keys("cursor") == ("other", "list_keys: cursor not supported")


@pytest.mark.parametrize("label", ["secret", "unknown", "", "DEFAULT", "default\0"])
def test_opening_a_store_that_is_not_granted_is_denied_whether_it_exists_or_not(
    adapter: Adapter, spin_adapter: Adapter, old: Adapter, label: str
) -> None:
    assert case(adapter[f"{WASI}#open"](label)) == DENIED
    assert case(spin_adapter[f"{SPIN}#[static]store.open"](label)) == DENIED
    assert case(old[f"{OLD}#open"](label)) == DENIED


def test_a_time_to_live_is_denied_too(old: Adapter, stores: KeyValueStores) -> None:
    assert case(old[f"{TIME_TO_LIVE}#set"]("secret", "key", b"value", 1000)) == DENIED
    assert stores["secret"].keys() == []


def test_a_time_to_live_is_given_to_the_store(old: Adapter, store: Store) -> None:
    assert old[f"{TIME_TO_LIVE}#set"]("default", "key", b"\xff", 2**64 - 1) is None
    assert store.get(b"key") == b"\xff"
    assert old[f"{TIME_TO_LIVE}#set"]("default", "key", b"\xff", 1) is None
    while store.exists(b"key"):
        pass


def test_batches_keep_the_order_asked_and_name_what_is_missing(adapter: Adapter, bucket: Any) -> None:
    assert adapter[f"{BATCH}#set-many"](bucket.handle, [("a", b"1"), ("ü:3", b"\xff"), ("", b"")]) is None
    assert adapter[f"{BATCH}#get-many"](bucket.handle, ["ü:3", "missing", "a", ""]) == [
        ("ü:3", b"\xff"),
        ("missing", None),
        ("a", b"1"),
        ("", b""),
    ]
    assert adapter[f"{BATCH}#delete-many"](bucket.handle, ["a", "missing"]) is None
    assert bucket.get("a") is None


def test_empty_batches_are_fine(adapter: Adapter, bucket: Any) -> None:
    assert adapter[f"{BATCH}#set-many"](bucket.handle, []) is None
    assert adapter[f"{BATCH}#get-many"](bucket.handle, []) == []
    assert adapter[f"{BATCH}#delete-many"](bucket.handle, []) is None


def test_counters_add_up_and_fail_as_values(adapter: Adapter, bucket: Any, store: Store) -> None:
    increment = adapter[f"{ATOMICS}#increment"]
    assert increment(bucket.handle, "n", 2**63 - 1) == 2**63 - 1
    assert case(increment(bucket.handle, "n", 1)) == (
        "other",
        "increment: the sum does not fit a signed integer of 64 bits",
    )
    assert increment(bucket.handle, "m", -1) == -1
    assert store.get(b"m") == b"\xff" * 8
    bucket.set("text", b"seven..")
    assert case(increment(bucket.handle, "text", 1)) == (
        "other",
        "increment: the value has 7 bytes, but a counter is an integer of 8",
    )


def test_a_swap_from_what_was_seen_succeeds(adapter: Adapter, bucket: Any) -> None:
    bucket.set("key", b"\xff old")
    cas = adapter[f"{ATOMICS}#[static]cas.new"](bucket.handle, "key")
    assert adapter[f"{ATOMICS}#[method]cas.current"](cas) == b"\xff old"
    assert adapter[f"{ATOMICS}#swap"](cas, b"new") is None
    assert bucket.get("key") == b"new"


@pytest.mark.parametrize("seen", [b"old", None])
def test_a_swap_fails_when_the_value_changed_and_can_be_tried_again(
    adapter: Adapter, bucket: Any, seen: bytes | None
) -> None:
    if seen is not None:
        bucket.set("key", seen)
    cas = adapter[f"{ATOMICS}#[static]cas.new"](bucket.handle, "key")
    assert adapter[f"{ATOMICS}#[method]cas.current"](cas) == seen
    bucket.set("key", b"of another")
    failed = adapter[f"{ATOMICS}#swap"](cas, b"mine")
    assert isinstance(failed, ResourceAny)
    assert bucket.get("key") == b"of another"
    assert adapter[f"{ATOMICS}#swap"](failed, b"mine") is None
    assert bucket.get("key") == b"mine"


def test_a_swap_fails_when_the_value_was_deleted(adapter: Adapter, bucket: Any) -> None:
    bucket.set("key", b"old")
    cas = adapter[f"{ATOMICS}#[static]cas.new"](bucket.handle, "key")
    adapter[f"{ATOMICS}#[method]cas.current"](cas)
    bucket.delete("key")
    failed = adapter[f"{ATOMICS}#swap"](cas, b"mine")
    assert isinstance(failed, ResourceAny)
    assert adapter[f"{ATOMICS}#[method]cas.current"](failed) is None


def test_a_swap_that_was_never_asked_for_its_value_writes(adapter: Adapter, bucket: Any) -> None:
    bucket.set("key", b"old")
    cas = adapter[f"{ATOMICS}#[static]cas.new"](bucket.handle, "key")
    assert adapter[f"{ATOMICS}#swap"](cas, b"new") is None
    assert bucket.get("key") == b"new"


def test_the_unversioned_interface_names_stores_by_number(old: Adapter) -> None:
    first, second = old[f"{OLD}#open"]("default"), old[f"{OLD}#open"]("default")
    assert (first, second) == (0, 1)
    assert old[f"{OLD}#set"](first, "key", b"value") is None
    assert old[f"{OLD}#get"](second, "key") == b"value"
    assert case(old[f"{OLD}#get"](second, "missing")) == ("no-such-key", None)
    assert old[f"{OLD}#exists"](second, "key") is True
    assert old[f"{OLD}#get-keys"](second) == ["key"]
    assert old[f"{OLD}#delete"](second, "key") is None
    old[f"{OLD}#close"](first)
    assert case(old[f"{OLD}#get"](first, "key")) == ("invalid-store", None)
    assert case(old[f"{OLD}#get-keys"](99)) == ("invalid-store", None)
    old[f"{OLD}#close"](2**32 - 1)
    assert old[f"{OLD}#open"]("default") == 0


def test_the_unversioned_interface_has_a_full_table_after_256_stores(old: Adapter) -> None:
    assert [old[f"{OLD}#open"]("default") for _ in range(256)] == list(range(256))
    assert case(old[f"{OLD}#open"]("default")) == ("store-table-full", None)


def test_what_the_store_cannot_do_is_a_value_for_each_interface(
    adapter: Adapter, spin_adapter: Adapter, old: Adapter, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object) -> None:
        raise StoreFailure("disk I/O error\nsecond \udcff line")

    text = "disk I/O error\nsecond ? line"
    bucket = adapter[f"{WASI}#open"]("default")
    cas = adapter[f"{ATOMICS}#[static]cas.new"](bucket, "key")
    opened = spin_adapter[f"{SPIN}#[static]store.open"]("default")
    number = old[f"{OLD}#open"]("default")
    for name in ("get", "set"):
        monkeypatch.setattr(type(store), name, fail)
    assert case(adapter[f"{WASI}#[method]bucket.get"](bucket, "key")) == ("other", text)
    assert case(spin_adapter[f"{SPIN}#[method]store.get"](opened, "key")) == ("other", text)
    assert case(old[f"{OLD}#get"](number, "key")) == ("io", text)
    assert case(old[f"{TIME_TO_LIVE}#set"]("default", "key", b"", 1)) == ("other", text)
    failed = adapter[f"{ATOMICS}#swap"](cas, b"new")
    assert case(failed) == ("other", text)


ODD = st.integers(0, 300).flatmap(lambda size: st.binary(min_size=size, max_size=size))
MIXED = st.tuples(st.text(), ODD).map(lambda parts: parts[0].encode() + parts[1])


@settings(max_examples=300, deadline=None)
@given(value=ODD | MIXED)
def test_values_of_any_length_cross_both_ways(load_spin: Load, value: bytes) -> None:
    with KeyValueStores.open({"default": StoreConfiguration("memory")}) as stores:
        adapter = load_spin(implementations(stores))
        store = adapter[f"{SPIN}#[static]store.open"]("default")
        assert adapter[f"{SPIN}#[method]store.set"](store, "key", value) is None
        assert stores["default"].get(b"key") == value
        assert adapter[f"{SPIN}#[method]store.get"](store, "key") == value


def test_an_instance_gives_its_memory_back(stores: KeyValueStores, load: Load) -> None:
    adapter = load(implementations(stores), memory=65536)
    bucket = resource(adapter, WASI, "bucket", adapter[f"{WASI}#open"]("default"))
    value = bytes(range(256)) * 8
    for number in range(200):
        bucket.set("key", value[number:])
        assert bucket.get("key") == value[number:]
        adapter[f"{BATCH}#get-many"](bucket.handle, ["key", "missing"])


def test_a_guest_may_open_a_store_any_number_of_times(adapter: Adapter) -> None:
    """What stands behind a handle is the same for all of them."""
    handles = [adapter[f"{WASI}#open"]("default") for _ in range(1000)]
    assert adapter[f"{WASI}#[method]bucket.get"](handles[-1], "key") is None

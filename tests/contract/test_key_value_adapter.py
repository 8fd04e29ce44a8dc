"""The key-value adapter, interface by interface, over the host functions and a store in memory."""

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wasmtime.component import ResourceAny, Variant

from whorl.capabilities.key_value import KeyValueCapability, KeyValueStores, Store, StoreConfiguration
from whorl.engine.host_interfaces import HostFunction, HostInterface, ValueType

SPIN = "fermyon:spin/key-value@2.0.0"
OLD = "fermyon:spin/key-value"
WASI = "wasi:keyvalue/store@0.2.0-draft2"
BATCH = "wasi:keyvalue/batch@0.2.0-draft2"
ATOMICS = "wasi:keyvalue/atomics@0.2.0-draft2"
TIME_TO_LIVE = "whorl:key-value/time-to-live@0.1.0"

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


@pytest.fixture
def adapter(stores: KeyValueStores, load_adapter: Load) -> Adapter:
    return load_adapter("key-value.wasm", KeyValueCapability(stores).bind("shop", ["default"]))


@pytest.fixture
def spin(adapter: Adapter) -> Any:
    return resource(adapter, SPIN, "store", adapter[f"{SPIN}#[static]store.open"]("default"))


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


@pytest.mark.parametrize("name", [f"{SPIN}#[static]store.open", f"{WASI}#open", f"{OLD}#open"])
@pytest.mark.parametrize("label", ["secret", "unknown", ""])
def test_opening_a_store_that_is_not_granted_is_denied(adapter: Adapter, name: str, label: str) -> None:
    assert case(adapter[name](label)) == DENIED


def test_a_time_to_live_is_denied_too(adapter: Adapter, stores: KeyValueStores) -> None:
    assert case(adapter[f"{TIME_TO_LIVE}#set"]("secret", "key", b"value", 1000)) == DENIED
    assert stores["secret"].keys() == []


def test_a_time_to_live_is_given_to_the_store(load_adapter: Load) -> None:
    calls: list[tuple[object, ...]] = []

    def record(_instance: object, *arguments: object) -> bytes:
        calls.append(arguments)
        return b""

    params = (ValueType.STRING, ValueType.STRING, ValueType.STRING, ValueType.U64)
    functions = (HostFunction("set", params, ValueType.STRING, record),)
    adapter = load_adapter("key-value.wasm", recording(functions))
    assert adapter[f"{TIME_TO_LIVE}#set"]("default", "key", b"\xff", 2**64 - 1) is None
    assert calls == [(b"default", b"key", b"b/w==", 2**64 - 1)]


def recording(functions: tuple[HostFunction, ...]) -> HostInterface:
    """Return the whole interface, of which some functions are replaced."""
    with KeyValueStores.open({}) as empty:
        interface = KeyValueCapability(empty).bind("shop", [])
    replaced = {function.name: function for function in functions}
    return HostInterface(interface.name, tuple(replaced.get(f.name, f) for f in interface.functions))


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


def test_the_unversioned_interface_names_stores_by_number(adapter: Adapter) -> None:
    first, second = adapter[f"{OLD}#open"]("default"), adapter[f"{OLD}#open"]("default")
    assert (first, second) == (0, 1)
    assert adapter[f"{OLD}#set"](first, "key", b"value") is None
    assert adapter[f"{OLD}#get"](second, "key") == b"value"
    assert case(adapter[f"{OLD}#get"](second, "missing")) == ("no-such-key", None)
    assert adapter[f"{OLD}#exists"](second, "key") is True
    assert adapter[f"{OLD}#get-keys"](second) == ["key"]
    assert adapter[f"{OLD}#delete"](second, "key") is None
    adapter[f"{OLD}#close"](first)
    assert case(adapter[f"{OLD}#get"](first, "key")) == ("invalid-store", None)
    assert case(adapter[f"{OLD}#get-keys"](99)) == ("invalid-store", None)
    adapter[f"{OLD}#close"](2**32 - 1)
    assert adapter[f"{OLD}#open"]("default") == 0


def test_the_unversioned_interface_has_a_full_table_after_256_stores(adapter: Adapter) -> None:
    assert [adapter[f"{OLD}#open"]("default") for _ in range(256)] == list(range(256))
    assert case(adapter[f"{OLD}#open"]("default")) == ("store-table-full", None)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (b"xaccess-denied", DENIED),
        (b"xno-such-store", ("no-such-store", None)),
        (b"xstore-table-full", ("store-table-full", None)),
        (b"xother\ndisk I/O error\nsecond line", ("other", "disk I/O error\nsecond line")),
        (b"", ("other", "the host's answer is malformed")),
        (b"?", ("other", "the host's answer is malformed")),
        (b"b/w=", ("other", "the host's answer is malformed")),
    ],
)
def test_every_failure_of_the_host_is_a_value(load_adapter: Load, answer: bytes, expected: object) -> None:
    params = (ValueType.STRING, ValueType.STRING)
    get = HostFunction("get", params, ValueType.STRING, lambda *_: answer)
    opened = HostFunction("open", params[:1], ValueType.STRING, lambda *_: b"")
    adapter = load_adapter("key-value.wasm", recording((get, opened)))
    store = adapter[f"{SPIN}#[static]store.open"]("default")
    assert case(adapter[f"{SPIN}#[method]store.get"](store, "key")) == expected


ODD = st.integers(0, 300).flatmap(lambda size: st.binary(min_size=size, max_size=size))
MIXED = st.tuples(st.text(), ODD).map(lambda parts: parts[0].encode() + parts[1])


@settings(max_examples=300, deadline=None)
@given(value=ODD | MIXED)
def test_values_of_any_length_cross_both_ways(load_adapter: Load, value: bytes) -> None:
    with KeyValueStores.open({"default": StoreConfiguration("memory")}) as stores:
        adapter = load_adapter("key-value.wasm", KeyValueCapability(stores).bind("shop", ["default"]))
        store = adapter[f"{SPIN}#[static]store.open"]("default")
        assert adapter[f"{SPIN}#[method]store.set"](store, "key", value) is None
        assert stores["default"].get(b"key") == value
        assert adapter[f"{SPIN}#[method]store.get"](store, "key") == value


def test_an_instance_gives_its_memory_back(stores: KeyValueStores, load_adapter: Load) -> None:
    interface = KeyValueCapability(stores).bind("shop", ["default"])
    adapter = load_adapter("key-value.wasm", interface, memory=3 * 65536)
    bucket = resource(adapter, WASI, "bucket", adapter[f"{WASI}#open"]("default"))
    value = bytes(range(256)) * 8
    for number in range(200):
        bucket.set("key", value[number:])
        assert bucket.get("key") == value[number:]
        adapter[f"{BATCH}#get-many"](bucket.handle, ["key", "missing"])


STRING, LABEL = ValueType.STRING, (ValueType.STRING,)
CALLS: dict[str, tuple[tuple[ValueType, ...], str, tuple[object, ...], bytes, object]] = {
    "get": ((STRING,), f"{WASI}#[method]bucket.get", ("key",), b"rvalue", b"value"),
    "set": ((STRING, STRING, ValueType.U64), f"{WASI}#[method]bucket.set", ("key", b""), b"", None),
    "delete": ((STRING,), f"{WASI}#[method]bucket.delete", ("key",), b"", None),
    "exists": ((STRING,), f"{WASI}#[method]bucket.exists", ("key",), b"y", True),
    "get-many": ((STRING,), f"{BATCH}#get-many", (["a", "b"],), b"l1:n2:r1", [("a", None), ("b", b"1")]),
    "set-many": ((STRING,), f"{BATCH}#set-many", ([("a", b"")],), b"", None),
    "delete-many": ((STRING,), f"{BATCH}#delete-many", (["a"],), b"", None),
    "increment": ((STRING, ValueType.S64), f"{ATOMICS}#increment", ("n", 1), b"i7", 7),
}


def waiting(name: str, params: tuple[ValueType, ...], answers: list[bytes], calls: list[object]) -> list[HostInterface]:
    """Return hosts whose function `name` gives the first of `answers`, and `finish` the others."""

    def tell(*call: object) -> bytes:
        calls.append(call)
        return answers.pop(0)

    def wait(_instance: object, tasks: bytes, until: int) -> bytes:
        calls.append(("wait", tasks, until))
        return tasks

    first = HostFunction(name, (*LABEL, *params), STRING, lambda *_: tell(name))
    finish = HostFunction("finish", (ValueType.U32,), STRING, lambda _, task: tell("finish", task))
    opened = HostFunction("open", LABEL, STRING, lambda *_: b"")
    tasks = HostFunction("wait", (STRING, ValueType.U64), STRING, wait)
    return [recording((opened, first, finish)), HostInterface("whorl:host/tasks@0.1.0", (tasks,))]


@pytest.mark.parametrize("name", CALLS)
def test_a_call_that_takes_time_waits_for_its_task_as_often_as_it_is_told(load_adapter: Load, name: str) -> None:
    params, function, arguments, last, expected = CALLS[name]
    calls: list[object] = []
    adapter = load_adapter("key-value.wasm", *waiting(name, params, [b"w16", b"w16", last], calls))
    bucket = adapter[f"{WASI}#open"]("default")
    assert adapter[function](bucket, *arguments) == expected
    assert calls == [(name,), *[("wait", b"16", 2**64 - 1), ("finish", 16)] * 2]


@pytest.mark.parametrize("name", CALLS)
def test_a_call_that_takes_time_may_fail_in_the_end(load_adapter: Load, name: str) -> None:
    params, function, arguments, _, _ = CALLS[name]
    adapter = load_adapter("key-value.wasm", *waiting(name, params, [b"w16", b"xother\nlocked"], []))
    assert case(adapter[function](adapter[f"{WASI}#open"]("default"), *arguments)) == ("other", "locked")


def test_a_long_answer_comes_in_parts(load_adapter: Load) -> None:
    answers = [b"w16 1:a2:bc", b"w16", b"w16 ", b"k1:d"]
    adapter = load_adapter("key-value.wasm", *waiting("keys", (), answers, []))
    store = adapter[f"{SPIN}#[static]store.open"]("default")
    assert adapter[f"{SPIN}#[method]store.get-keys"](store) == ["a", "bc", "d"]
    answers = [b"w16 2:r1", b"l1:n"]
    adapter = load_adapter("key-value.wasm", *waiting("get-many", LABEL, answers, []))
    bucket = adapter[f"{WASI}#open"]("default")
    assert adapter[f"{BATCH}#get-many"](bucket, ["a", "b"]) == [("a", b"1"), ("b", None)]


@pytest.mark.parametrize("answers", [[b"w"], [b"wx"], [b"w-1"], [b"w16 2:a"], [b"w16 1:a", b"l"], [b"w99999999999"]])
def test_what_the_host_may_not_say_ends_the_wait(load_adapter: Load, answers: list[bytes]) -> None:
    adapter = load_adapter("key-value.wasm", *waiting("keys", (), answers, []))
    store = adapter[f"{SPIN}#[static]store.open"]("default")
    malformed = ("other", "the host's answer is malformed")
    assert case(adapter[f"{SPIN}#[method]store.get-keys"](store)) == malformed

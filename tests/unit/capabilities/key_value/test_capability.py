"""What one component may do with the stores, through the functions of `whorl:host/key-value`."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whorl.capabilities.key_value import KeyValueCapability, KeyValueStores, StoreConfiguration, default_configurations
from whorl.capabilities.key_value.sqlite_stores import SqliteStore
from whorl.engine.packing import MalformedError, decode_netstrings, encode_netstrings, pack
from whorl.errors import ManifestError, StoreError

Call = Callable[..., bytes]
ROOT = Path(__file__).parents[4]


@pytest.fixture
def stores() -> Iterator[KeyValueStores]:
    memory = StoreConfiguration("memory")
    with KeyValueStores.open({"default": memory, "cache": memory}) as opened:
        yield opened


@pytest.fixture
def call(stores: KeyValueStores) -> Call:
    return bound(stores, "default")


def bound(stores: KeyValueStores, *granted: str) -> Call:
    """Return a caller of the host functions of a component that was granted some stores."""
    functions = {function.name: function for function in KeyValueCapability(stores).bind("shop", granted).functions}

    def call(name: str, *arguments: bytes | int) -> bytes:
        answer: bytes = functions[name].call(None, *arguments)
        return answer

    return call


def test_a_value_crosses_packed(call: Call) -> None:
    assert call("set", b"default", b"text", "rgrün".encode(), 0) == b""
    assert call("set", b"default", b"data", b"b/w==", 0) == b""
    assert call("get", b"default", b"text") == "rgrün".encode()
    assert call("get", b"default", b"data") == b"b/w=="
    assert call("get", b"default", b"missing") == b"n"


def test_every_function_answers(call: Call) -> None:
    assert call("open", b"default") == b""
    assert call("set-many", b"default", encode_netstrings([b"a", b"r1", b"b", b"b/w=="])) == b""
    assert call("get-many", b"default", encode_netstrings([b"b", b"c", b"a"])) == b"l5:b/w==1:n2:r1"
    assert call("exists", b"default", b"a") == b"y"
    assert call("delete-many", b"default", b"1:a") == b""
    assert call("exists", b"default", b"a") == b"n"
    assert call("keys", b"default") == b"k1:b"
    assert call("delete", b"default", b"b") == b""
    assert call("increment", b"default", b"i", -3) == b"i-3"
    assert call("swap", b"default", b"s", b"n", b"r1") == b""
    assert call("swap", b"default", b"s", b"rx", b"r2") == b"cr1"
    assert call("swap", b"default", b"t", b"r", b"r2") == b"cn"


def test_a_time_to_live_reaches_the_store(stores: KeyValueStores, call: Call) -> None:
    call("set", b"default", b"key", b"r", 2**64 - 1)
    assert stores["default"].exists(b"key")
    call("set", b"default", b"key", b"r", 1)
    while stores["default"].exists(b"key"):
        pass


ARGUMENTS = {
    "open": (),
    "get": (b"k",),
    "set": (b"k", b"r", 0),
    "delete": (b"k",),
    "exists": (b"k",),
    "keys": (),
    "get-many": (b"",),
    "set-many": (b"",),
    "delete-many": (b"",),
    "increment": (b"k", 1),
    "swap": (b"k", b"n", b"r"),
}


@pytest.mark.parametrize("label", [b"cache", b"unknown", b"", b"DEFAULT", b"default\0"])
@pytest.mark.parametrize("name", ARGUMENTS)
def test_a_store_that_is_not_granted_is_denied_whether_it_exists_or_not(call: Call, name: str, label: bytes) -> None:
    assert call(name, label, *ARGUMENTS[name]) == b"xaccess-denied"


def test_two_components_see_one_store_if_both_are_granted_it(stores: KeyValueStores) -> None:
    bound(stores, "default")("set", b"default", b"key", b"rvalue", 0)
    assert bound(stores, "cache", "default")("get", b"default", b"key") == b"rvalue"


def test_what_the_guest_did_wrong_is_a_value_and_no_log_line(call: Call, caplog: pytest.LogCaptureFixture) -> None:
    call("set", b"default", b"n", b"rnot a counter", 0)
    answer = call("increment", b"default", b"n", 1)
    assert answer.startswith(b"xother\nincrement: the value has 13 bytes")
    assert not caplog.records


def test_what_the_backend_cannot_do_is_a_value_and_a_log_line(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "kv.db"
    with KeyValueStores.open({"default": StoreConfiguration("spin", path)}) as stores:
        with closing(sqlite3.connect(path)) as other:
            other.execute("DROP TABLE spin_key_value")
        answer = bound(stores, "default")("get", b"default", b"key")
    assert answer == b"xother\nno such table: spin_key_value"
    assert "component `shop`: key-value store `default`: no such table" in caplog.text


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("set", (b"k", b"", 0)),
        ("set", (b"k", b"xvalue", 0)),
        ("set", (b"k", b"b/w=", 0)),
        ("get-many", (b"1",)),
        ("get-many", (b"5:ab",)),
        ("get-many", (b"1:\xc3",)),
        ("delete-many", (b"-1:a",)),
        ("set-many", (b"1:a",)),
        ("set-many", (b"1:a0:",)),
        ("set-many", (b"1:\xc32:r1",)),
        ("swap", (b"k", b"", b"r")),
        ("swap", (b"k", b"nothing", b"r")),
        ("swap", (b"k", b"n", b"q")),
    ],
)
def test_malformed_arguments_are_a_trap(call: Call, name: str, arguments: tuple[bytes | int, ...]) -> None:
    with pytest.raises(MalformedError):
        call(name, b"default", *arguments)


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), st.binary()))
def test_whatever_is_set_in_a_batch_is_got_in_a_batch(values: dict[str, bytes]) -> None:
    with KeyValueStores.open({"default": StoreConfiguration("memory")}) as stores:
        call = bound(stores, "default")
        entries = [part for key, value in values.items() for part in (key.encode(), pack(value))]
        assert call("set-many", b"default", encode_netstrings(entries)) == b""
        keys = [key.encode() for key in values]
        answer = call("get-many", b"default", encode_netstrings(keys))
        assert answer == b"l" + encode_netstrings(map(pack, values.values()))
        assert sorted(decode_netstrings(call("keys", b"default")[1:])) == sorted(keys)


def test_the_functions_are_those_of_the_interface_definition(stores: KeyValueStores) -> None:
    interface = KeyValueCapability(stores).bind("shop", ["default"])
    wit = (ROOT / "platform/adapter/wit/host.wit").read_text()
    block = wit.partition("interface key-value {")[2].partition("\n}")[0]
    lines = [line.strip() for line in block.splitlines() if ": func(" in line]
    declared = {
        line.split(":")[0]: [parameter.split(": ")[1] for parameter in line.partition("(")[2].split(")")[0].split(", ")]
        for line in lines
    }
    assert interface.name == "whorl:host/key-value@0.1.0"
    assert {f.name: [p.name.lower() for p in f.params] for f in interface.functions} == declared


def test_granting_a_store_that_is_not_declared_names_the_nearest(stores: KeyValueStores) -> None:
    with pytest.raises(ManifestError) as raised:
        bound(stores, "cach")
    assert str(raised.value) == ("component `shop`: key-value store `cach` is not declared; did you mean `cache`?")
    with pytest.raises(ManifestError, match=r"only; use that in `key_value_stores`"):
        bound(stores, "visits")


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

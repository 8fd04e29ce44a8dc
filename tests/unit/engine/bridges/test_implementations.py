"""What a guest may call is what the classes of an implementation have been written with."""

from typing import Any

import pytest

from whorl.capabilities import denied
from whorl.capabilities.key_value import KeyValueCapability, KeyValueStores, StoreConfiguration
from whorl.engine.bridges.bridge import Bridge
from whorl.engine.bridges.descriptions import BridgeDescription, Function, Resource
from whorl.engine.bridges.types import PRIMITIVES, Handle, ListOf, Record, Text, Type
from whorl.errors import ComponentError

INTERFACE = "a:b/c"


class Visit:
    def note(self, text: str) -> None: ...


class Customers(dict[str, str]):
    """A user's object, which is a dictionary and holds what guests should not reach."""

    Visit = Visit

    def __init__(self) -> None:
        super().__init__()
        self.helper = print

    def find(self, name: str) -> str:
        return name


def bound(name: str, params: list[Type], objects: dict[str, object], *resources: Resource) -> Bridge:
    """Bind a guest that calls one function."""
    [interface] = {each.interface for each in resources} or {INTERFACE}
    named = tuple((f"p{number}", kind) for number, kind in enumerate(params))
    function = Function(interface, name, named, None)
    return Bridge("guest", BridgeDescription("whorl:host/bridge-0@0.1.0", resources, (function,)), objects, set())


VISIT = Resource(INTERFACE, "visit")
TEXT = Text()


@pytest.mark.parametrize(
    ("name", "params"), [("find", [TEXT]), ("[method]visit.note", [Handle(0, is_owned=False), TEXT])]
)
def test_what_was_written_may_be_called(name: str, params: list[Type]) -> None:
    bound(name, params, {INTERFACE: Customers()}, VISIT)


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("clear", []),
        ("pop", [TEXT]),
        ("helper", [TEXT]),
        ("[static]visit.mro", []),
        ("[method]visit.mro", [Handle(0, is_owned=False)]),
        ("[static]visit.register", [TEXT]),
    ],
)
def test_what_python_has_by_itself_and_what_an_object_holds_may_not(name: str, params: list[Type]) -> None:
    with pytest.raises(ComponentError, match="has no method"):
        bound(name, params, {INTERFACE: Customers()}, VISIT)


def test_a_resource_without_a_class_is_refused() -> None:
    with pytest.raises(ComponentError, match="the resource `foo` of `a:b/c`, but `Customers`, .* has no class `Foo`"):
        bound("find", [TEXT], {INTERFACE: Customers()}, Resource(INTERFACE, "foo"))


def whorls_own() -> dict[str, Any]:
    with KeyValueStores.open({"default": StoreConfiguration("memory")}) as stores:
        own = KeyValueCapability(stores).implementations("shop", ["default"])
    return {**denied.IMPLEMENTATIONS, **own}


@pytest.mark.parametrize("interface", whorls_own())
@pytest.mark.parametrize("resource", ["foo", "dict", "any"])
def test_whorls_interfaces_have_no_resources_but_their_own(interface: str, resource: str) -> None:
    with pytest.raises(ComponentError, match="has no class"):
        bound("x", [], whorls_own(), Resource(interface, resource))


STORE, SPIN, ATOMICS = (
    Resource("wasi:keyvalue/store@0.2.0-draft2", "bucket", is_lasting=True),
    Resource("fermyon:spin/key-value@2.0.0", "store", is_lasting=True),
    Resource("wasi:keyvalue/atomics@0.2.0-draft2", "cas"),
)
MADE_UP = Record("granted", (("store", Record("store", (("set", TEXT),))),))


@pytest.mark.parametrize("resource", [STORE, SPIN, ATOMICS])
@pytest.mark.parametrize("params", [[], [TEXT], [MADE_UP], [MADE_UP, TEXT], [ListOf(MADE_UP)]])
def test_guests_cannot_make_stores(resource: Resource, params: list[Type]) -> None:
    with pytest.raises(ComponentError, match="otherwise than"):
        bound(f"[constructor]{resource.name}", params, whorls_own(), resource)


@pytest.mark.parametrize("kind", [MADE_UP, TEXT, PRIMITIVES["u32"]])
def test_what_is_no_store_is_not_taken_for_one(kind: Type) -> None:
    with pytest.raises(ComponentError, match="`bucket` is to be `OpenBucket`"):
        bound("increment", [kind, TEXT, PRIMITIVES["s64"]], whorls_own(), ATOMICS)

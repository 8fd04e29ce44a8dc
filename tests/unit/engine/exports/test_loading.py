"""Compositions with a caller: what is composed, what is told of it, and what is refused."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from bridge_guests import INTERFACE

from whorl.engine.cache import CompiledCache
from whorl.engine.components import LinkedComponent
from whorl.engine.compositions import ComponentSource, Composition
from whorl.engine.engines import Engine
from whorl.engine.exports.descriptions import CallerDescription
from whorl.engine.exports.exports import Exports
from whorl.engine.exports.names import NoExportError
from whorl.engine.instances import instantiate
from whorl.engine.limits import InstanceLimits
from whorl.engine.loading import ComponentLoader
from whorl.engine.tools import ComponentTools, cached_in
from whorl.errors import ComponentError

pytestmark = pytest.mark.anyio

HELLO = Path(__file__).parents[3] / "guests/hello.wasm"


def constant(number: int, *names: str) -> bytes:
    """Return a component that exports an interface, `a:b/c`, and functions that return a number."""
    exported = " ".join(f'(export "{name}" (func $f))' for name in names)
    return f"""(component
      (core module $m (func (export "f") (result i32) (i32.const {number})))
      (core instance $i (instantiate $m))
      (func $f (result u32) (canon lift (core func $i "f")))
      (instance $c (export "get" (func $f)))
      (export "a:b/c" (instance $c))
      {exported})""".encode()


def importing(declarations: str) -> bytes:
    """Return a component that imports `INTERFACE` with `declarations`, and exports a function."""
    return f"""(component
      (import "{INTERFACE}" (instance {declarations}))
      (core module $m (func (export "f")))
      (core instance $i (instantiate $m))
      (func (export "f") (canon lift (core func $i "f"))))""".encode()


Load = Callable[[Composition], tuple[LinkedComponent, Exports]]


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> CompiledCache:
    return CompiledCache(tmp_path_factory.mktemp("cache"))


@pytest.fixture
def load(engine: Engine, cache: CompiledCache, request: pytest.FixtureRequest) -> Load:
    """Give a function that loads and links a composition."""

    def load(composition: Composition) -> tuple[LinkedComponent, Exports]:
        code, _, caller = ComponentLoader(engine, cache).load("guest", composition)
        assert caller is not None
        exports = Exports("guest", CallerDescription.from_json(caller))
        linked = LinkedComponent(engine, "guest", code, [exports.interface()])
        request.addfinalizer(linked.close)
        return linked, exports

    return load


async def test_an_export_is_the_roots_though_an_adapter_has_it_too(load: Load) -> None:
    adapters = (ComponentSource("adapter", constant(2)),)
    composition = Composition((ComponentSource("guest", constant(1)),), adapters, called=())
    linked, exports = await asyncio.to_thread(load, composition)
    instance = await instantiate(linked, InstanceLimits())
    assert await exports.call(instance, "get") == 1
    instance.close()


def test_those_are_called_that_are_asked_for(load: Load) -> None:
    root = (ComponentSource("guest", constant(1, "one", "two")),)
    _, exports = load(Composition(root, called=("two", "a:b/c")))
    assert sorted(each.signature for each in exports.functions) == ["get: func() -> u32", "two: func() -> u32"]
    _, exports = load(Composition(root, called=()))
    assert len(exports.functions) == 3


def test_what_is_told_of_a_caller_is_kept_with_the_code(engine: Engine, cache: CompiledCache) -> None:
    composition = Composition((ComponentSource("guest", constant(1)),), called=())
    first = ComponentLoader(engine, cache).load("guest", composition)
    second = ComponentLoader(engine, cache).load("guest", composition)
    assert first == second
    assert first.bridges == ()


def test_an_export_that_there_is_not_is_refused(load: Load) -> None:
    with pytest.raises(ComponentError, match="`guest`: the component does not export `two`; it exports `a:b/c`, `one`"):
        load(Composition((ComponentSource("guest", constant(1, "one")),), called=("two",)))


async def test_a_component_that_exports_nothing_has_nothing_to_call(load: Load) -> None:
    composition = Composition((ComponentSource("guest", b"(component)"),), called=())
    linked, exports = await asyncio.to_thread(load, composition)
    with pytest.raises(NoExportError, match="has no export `f`; there is nothing that can be called"):
        exports.find("f")
    (await instantiate(linked, InstanceLimits())).close()


def test_functions_with_resources_of_others_are_told_as_such() -> None:
    exports = Exports("hello", CallerDescription.from_json(ComponentTools(cached_in(CompiledCache())).caller(HELLO)[1]))
    with pytest.raises(NoExportError, match="it uses the resource `incoming-request` of `wasi:http/types@0.2"):
        exports.find("handle")


def test_an_interface_of_types_alone_needs_nobody(load: Load) -> None:
    values = '(type $r (record (field "x" u8))) (export "r" (type (eq $r)))'
    load(Composition((ComponentSource("guest", importing(values)),), called=()))


@pytest.mark.parametrize("declarations", ['(export "r" (type (sub resource)))', '(export "f" (func))'])
def test_an_interface_with_more_than_types_of_values_needs_somebody(load: Load, declarations: str) -> None:
    with pytest.raises(ComponentError, match="imports `a:b/c@1.0.0`, which nobody provides"):
        load(Composition((ComponentSource("guest", importing(declarations)),), called=()))

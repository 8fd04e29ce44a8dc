"""Components of WASI 0.3 in compositions: what is lowered together, and what is refused."""

from collections.abc import Iterator

import pytest

from whorl.engine.cache import CompiledCache
from whorl.engine.compositions import ComponentSource, Composition
from whorl.engine.engines import Engine
from whorl.engine.loading import ComponentLoader
from whorl.errors import ComponentError
from whorl.guest import artefact_path

WASI = ComponentSource("whorl:wasi", artefact_path("wasi"))

WAITING = """
    (core func $new (canon waitable-set.new))
    (core module $Waiting (import "a" "new" (func (result i32))))
    (core instance (instantiate $Waiting (with "a" (instance (export "new" (func $new))))))
"""
"""What only a component of WASI 0.3 has."""


@pytest.fixture(scope="module")
def loader() -> Iterator[ComponentLoader]:
    with Engine() as engine:
        yield ComponentLoader(engine, CompiledCache())


def root(body: str = "") -> bytes:
    """Return a component that calls `f` of `test:a/b`."""
    return f"""(component
        (import "test:a/b" (instance $b (export "f" (func (result u32)))))
        (core func $f (canon lower (func $b "f")))
        (core module $Root (import "b" "f" (func $f (result i32))) (func (export "handle") (drop (call $f))))
        (core instance $root (instantiate $Root (with "b" (instance (export "f" (func $f))))))
        (func (export "handle") (canon lift (core func $root "handle")))
        {body})""".encode()


def provider(body: str = "", lift: str = '(func $f (result u32) (canon lift (core func $code "f")))') -> bytes:
    """Return a component that exports `f` of `test:a/b`."""
    return f"""(component
        (core module $Code
            (func (export "f") (result i32) (i32.const 0))
            (func (export "callback") (param i32 i32 i32) (result i32) (i32.const 0)))
        (core instance $code (instantiate $Code))
        {lift}
        (instance $b (export "f" (func $f)))
        (export "test:a/b" (instance $b))
        {body})""".encode()


def load(loader: ComponentLoader, of_root: bytes, of_provider: bytes, optional: tuple[str, ...] = ()) -> None:
    components = (ComponentSource("root", of_root, {"test:a/b": "other"}), ComponentSource("other", of_provider))
    loader.load("root", Composition(components, (WASI,), optional=optional))


@pytest.mark.parametrize(("body", "of_other"), [("", ""), (WAITING, ""), ("", WAITING)])
def test_one_component_of_a_composition_may_be_asynchronous(loader: ComponentLoader, body: str, of_other: str) -> None:
    load(loader, root(body), provider(of_other))


def test_two_asynchronous_components_would_share_their_handles(loader: ComponentLoader) -> None:
    with pytest.raises(ComponentError) as refused:
        load(loader, root(WAITING), provider(WAITING))
    message = str(refused.value)
    assert "`other`" in message
    assert "`root`" in message
    assert "build the dependency for WASI 0.2" in message


def test_asynchronous_functions_between_components_are_refused_by_name(loader: ComponentLoader) -> None:
    lift = """(type $F (func async (result u32)))
        (alias core export $code "f" (core func $start))
        (alias core export $code "callback" (core func $callback))
        (func $f (type $F) (canon lift (core func $start) async (callback $callback)))"""
    with pytest.raises(ComponentError, match="imports `test:a/b` of `other`, whose functions are asynchronous"):
        load(loader, root(), provider(lift=lift))


def test_what_nobody_provides_is_a_mistake_unless_it_is_optional(loader: ComponentLoader) -> None:
    body = f"""(import "spin:absent/it@3.0.0" (instance $absent
            (export "thing" (type $thing (sub resource)))
            (export "[method]thing.go" (func async (param "self" (borrow $thing)) (result u32)))))
        (alias export $absent "[method]thing.go" (func $go))
        (core func $going (canon lower (func $go) async (memory $memory)))
        (core module $Going (import "a" "go" (func (param i32 i32) (result i32))))
        (core instance (instantiate $Going (with "a" (instance (export "go" (func $going))))))
        {WAITING}"""
    memory = """(core module $Memory (memory (export "memory") 1))
        (core instance $m (instantiate $Memory))
        (alias core export $m "memory" (core memory $memory))"""
    with pytest.raises(ComponentError, match="imports `spin:absent/it@3.0.0`, which nobody provides"):
        load(loader, root(memory + body), provider())
    load(loader, root(memory + body), provider(), ("spin:",))

"""Components that use `wasi:io/streams` in ways that no toolchain does: they are composed, or refused, never both."""

import pytest
from wasmtime import component as wasm

from whorl.engine.cache import CompiledCache
from whorl.engine.compositions import ComponentSource, ComposedComponent, Composition
from whorl.engine.engines import Engine
from whorl.engine.tools import ComponentTools, cached_in
from whorl.errors import ToolError
from whorl.guest import artefact_path

START = """
  (type $streams (instance
    (export "error" (type $error (sub resource)))
    (export "output-stream" (type $output (sub resource)))
    (type $failure' (variant (case "last-operation-failed" (own $error)) (case "closed")))
    (export "stream-error" (type $failure (eq $failure')))
    (export "[method]output-stream.write" (func
      (param "self" (borrow $output)) (param "contents" (list u8)) (result (result (error $failure)))))
    (export "[method]output-stream.blocking-write-and-flush" (func
      (param "self" (borrow $output)) (param "contents" (list u8)) (result (result (error $failure)))))))
  (import "wasi:io/streams@0.2.0" (instance $io (type $streams)))
  (core module $memory (memory (export "memory") 1) (func (export "run")))
  (core instance $m (instantiate $memory))
  (alias core export $m "memory" (core memory $mem))
  (alias core export $m "run" (core func $run))
  (alias export $io "[method]output-stream.write" (func $write))
  (alias export $io "[method]output-stream.blocking-write-and-flush" (func $flush))
"""


def composed(body: str) -> ComposedComponent:
    root = ComponentSource("shop", f"(component {START} {body})".encode())
    tools = ComponentTools(cached_in(CompiledCache()))
    return tools.compose(Composition((root,), (ComponentSource("wasi", artefact_path("wasi")),)))


def is_valid(engine: Engine, composition: ComposedComponent) -> bool:
    try:
        wasm.Component(engine.wasmtime, composition.wasm).close()
    except Exception:  # noqa: BLE001 - whatever it says
        return False
    return True


def test_methods_are_replaced(engine: Engine) -> None:
    composition = composed("""
        (core func (canon lower (func $write) (memory $mem)))
        (core func (canon lower (func $flush) (memory $mem)))
        (core func (canon lower (func $write) (memory $mem)))
        (func (export "run") (canon lift (core func $run)))""")
    assert is_valid(engine, composition)
    assert composition.wasm.count(b"whorl:adapter/byte-streams") > 1


@pytest.mark.parametrize(
    "body",
    [
        # lifts where it lowers, and lowers another one later
        """(core func (canon lower (func $write) (memory $mem)))
           (func $lifted (canon lift (core func $run)))
           (core module $empty)
           (core func (canon lower (func $flush) (memory $mem)))
           (export "run" (func $lifted))""",
        # another memory for each
        """(core instance $n (instantiate $memory))
           (alias core export $n "memory" (core memory $other))
           (core func (canon lower (func $write) (memory $mem)))
           (core func (canon lower (func $flush) (memory $other)))
           (func (export "run") (canon lift (core func $run)))""",
    ],
)
def test_what_is_not_understood_stays_as_it_is(engine: Engine, body: str) -> None:
    assert is_valid(engine, composed(body))


def test_what_is_not_valid_does_not_become_so() -> None:
    with pytest.raises(ToolError, match="component `shop` is not valid: lowered parameter types"):
        composed("""
            (core func $lowered (canon lower (func $write) (memory $mem)))
            (func $lifted (param "a" u32) (param "b" u32) (param "c" u32) (param "d" u32) (param "e" u32)
              (canon lift (core func $lowered)))
            (export "run" (func $lifted))""")

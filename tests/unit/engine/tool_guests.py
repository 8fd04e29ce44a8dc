"""Components in text, small enough to read, for the tests of the component tools, and how they are run."""

import wasmtime
from wasmtime import component as wasm

from whorl.engine.compositions import ComponentSource, ComposedComponent, Composition
from whorl.engine.tools import ComponentTools


def provider(interface: str, answer: int, functions: tuple[str, ...] = ("get",), memory: int | None = None) -> bytes:
    """Return a component that exports `interface`, whose functions all answer `answer`.

    With `memory` it has one, of so many pages.
    """
    code = f'(func (export "answer") (result i32) (i32.const {answer}))'
    if memory is None:
        return _provider(interface, functions, code, "")
    used = '(alias core export $running "memory" (core memory $memory))'
    return _provider(interface, functions, f'(memory (export "memory") {memory}) {code}', "", used)


def relay(interface: str, source: str) -> bytes:
    """Return a component that exports `interface`, and answers what `get` of `source` answers and one more."""
    code = """
        (import "source" "get" (func $get (result i32)))
        (func (export "answer") (result i32) (i32.add (call $get) (i32.const 1)))"""
    return _provider(interface, ("get",), code, source)


def caller(*interfaces: str, export: str = "run") -> bytes:
    """Return a component whose function `export` answers the sum of what `get` of each interface answers."""
    imports = "".join(
        f'(import "{name}" (instance ${n} (export "get" (func (result u32)))))' for n, name in _each(interfaces)
    )
    lowered = "".join(f'(core func $get{n} (canon lower (func ${n} "get")))' for n, _ in _each(interfaces))
    arguments = "".join(f'(export "get{n}" (func $get{n}))' for n, _ in _each(interfaces))
    functions = "".join(f'(import "source" "get{n}" (func $get{n} (result i32)))' for n, _ in _each(interfaces))
    total = "".join(f"(call $get{n}) (i32.add)" for n, _ in _each(interfaces))
    return f"""(component
        {imports}
        (core module $code {functions} (func (export "{export}") (result i32) (i32.const 0) {total}))
        {lowered}
        (core instance $running (instantiate $code (with "source" (instance {arguments}))))
        (func (export "{export}") (result u32) (canon lift (core func $running "{export}"))))""".encode()


def _provider(interface: str, functions: tuple[str, ...], code: str, source: str, aliases: str = "") -> bytes:
    imports = lowered = arguments = ""
    if source:
        imports = f'(import "{source}" (instance $source (export "get" (func (result u32)))))'
        lowered = '(core func $get (canon lower (func $source "get")))'
        arguments = '(with "source" (instance (export "get" (func $get))))'
    exports = "".join(f'(export "{name}" (func $answer))' for name in functions)
    return f"""(component
        {imports}
        (core module $code {code})
        {lowered}
        (core instance $running (instantiate $code {arguments}))
        {aliases}
        (func $answer (result u32) (canon lift (core func $running "answer")))
        (instance $interface {exports})
        (export "{interface}" (instance $interface)))""".encode()


def _each(interfaces: tuple[str, ...]) -> list[tuple[int, str]]:
    return list(enumerate(interfaces))


RESOURCE_PROVIDER = b"""(component
    (core module $code
        (func (export "open") (result i32) (i32.const 7)))
    (core instance $running (instantiate $code))
    (type $bucket' (resource (rep i32)))
    (component $types
        (import "bucket" (type $bucket (sub resource)))
        (import "open" (func $open (result (own $bucket))))
        (export $exported "bucket" (type $bucket))
        (export "open" (func $open) (func (result (own $exported)))))
    (core func $new (canon resource.new $bucket'))
    (core module $make
        (import "" "new" (func $new (param i32) (result i32)))
        (func (export "open") (result i32) (call $new (i32.const 7))))
    (core instance $making (instantiate $make (with "" (instance (export "new" (func $new))))))
    (func $open (result (own $bucket')) (canon lift (core func $making "open")))
    (instance $interface (instantiate $types (with "bucket" (type $bucket')) (with "open" (func $open))))
    (export "ns:data/store@0.2.6" (instance $interface)))"""
"""Exports `ns:data/store@0.2.6`: a resource `bucket`, and `open`, which makes one."""

RESOURCE_USER = b"""(component
    (import "ns:data/store@0.2.0" (instance $store
        (export "bucket" (type (sub resource)))
        (export "open" (func (result (own 0))))))
    (alias export $store "bucket" (type $bucket))
    (import "ns:data/batch@0.2.0" (instance $batch
        (alias outer 1 $bucket (type $outer))
        (export "bucket" (type (eq $outer)))
        (export "clear" (func (param "of" (borrow 1))))))
    (core module $code (func (export "run")))
    (core instance $running (instantiate $code))
    (func (export "run") (canon lift (core func $running "run"))))"""
"""Imports `ns:data/store@0.2.0`, and `ns:data/batch@0.2.0`, which uses the resource of the former."""

COMMAND = b"""(module
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 1)
    (func (export "_start") (call $exit (i32.const 0))))"""
"""A program for WASI 0.1, without a world of its own."""


def compose(tools: ComponentTools, root: bytes, *adapters: bytes) -> ComposedComponent:
    """Return `root` composed with adapters named `adapter0`, `adapter1` ..."""
    sources = tuple(ComponentSource(f"adapter{n}", adapter) for n, adapter in enumerate(adapters))
    return tools.compose(Composition((ComponentSource("guest", root),), sources))


def run(component: bytes, export: str = "run") -> object:
    """Return what a component that imports nothing answers."""
    engine = wasmtime.Engine()
    with wasmtime.Store(engine) as store:
        instance = wasm.Linker(engine).instantiate(store, wasm.Component(engine, component))
        function = instance.get_func(store, export)
        assert function is not None
        return function(store)

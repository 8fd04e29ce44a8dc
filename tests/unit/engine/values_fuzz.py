"""Gives thousands of values, good and bad, to all of ours that reaches wasmtime's C API. A program: it may be aborted.

It ends well when each was taken, or raised in Python. What is raised for what is in `test_values.py`; here it only
counts that the process lives.
"""

import asyncio
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from engine_guests import ECHO, NOTE
from engine_probe import Probe
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from wasmtime import component as wasm

from whorl.engine.cache import CompiledCache
from whorl.engine.components import LinkedComponent
from whorl.engine.compositions import ComponentSource, Composition
from whorl.engine.configuration import EngineConfiguration, make_engine
from whorl.engine.engines import Engine
from whorl.engine.fibers import Call
from whorl.engine.host_interfaces import HostFunction, HostInterface, ValueType
from whorl.engine.instances import instantiate
from whorl.engine.limits import InstanceLimits
from whorl.engine.packing import Text
from whorl.engine.tools import ComponentTools, cached_in
from whorl.engine.traps import Trap
from whorl.errors import ComponentError, EngineError, ToolError

CASES = 3000
KINDS = {"bool": ValueType.BOOL, "u32": ValueType.U32, "s64": ValueType.S64, "u64": ValueType.U64}
ASKS = """
(component
  (import "test:host/kinds@0.1.0" (instance $kinds (export "give" (func (result KIND)))))
  (core func $give (canon lower (func $kinds "give")))
  (core module $main (import "host" "give" (func $give (result CORE))) (func (export "handle") (drop (call $give))))
  (core instance $i (instantiate $main (with "host" (instance (export "give" (func $give))))))
  (func (export "handle") (canon lift (core func $i "handle"))))
"""


class LyingBytes(bytes):
    """Says a length that is not its own."""

    __slots__ = ()

    def __len__(self) -> int:
        return 1 << 40


class SilentError(Exception):
    """Cannot say what it is."""

    def __str__(self) -> str:
        raise ValueError


surrogates = st.text(st.characters(categories=["L", "Cs", "Cc", "So"]))
broken = st.text(min_size=1).map(str.encode).flatmap(lambda data: st.integers(0, len(data)).map(lambda n: data[:n]))
numbers = st.integers() | st.sampled_from([sign * (1 << bits) + step for sign in (1, -1) for bits in (31, 32, 63, 64)
                                           for step in (-1, 0, 1)])  # fmt: skip
values = st.one_of(
    st.binary(),
    broken,
    st.text().map(str.encode),
    st.text().map(lambda text: Text(text.encode())),
    st.binary().map(LyingBytes),
    st.binary().map(bytearray),
    surrogates,
    numbers,
    st.booleans(),
    st.none(),
    st.floats(),
    st.lists(st.integers(), max_size=2),
)
quietly = settings(
    max_examples=CASES,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
few = settings(quietly, max_examples=CASES // 20)


async def end(call: Call) -> None:
    with suppress(Trap):
        await call


def call_once(linked: Any) -> None:
    async def run() -> None:
        instance = await instantiate(linked, InstanceLimits())
        await end(instance.call())
        instance.close()

    asyncio.run(run())


def answers(engine: Engine) -> None:
    """What host functions answer, of each type."""
    probe = Probe()
    giving: list[Any] = [None]
    asked = [LinkedComponent(engine, "guest", wasm.Component(engine.wasmtime, ECHO), [probe.interface()])]
    for name, kind in KINDS.items():
        text = ASKS.replace("KIND", name).replace("CORE", "i64" if name.endswith("64") else "i32")
        interface = HostInterface(
            "test:host/kinds@0.1.0", (HostFunction("give", (), kind, lambda _instance: giving[0]),)
        )
        asked.append(LinkedComponent(engine, "guest", wasm.Component(engine.wasmtime, text), [interface]))

    @quietly
    @given(values, st.sampled_from(asked))
    def answer(value: Any, linked: Any) -> None:
        probe.answer = giving[0] = value
        call_once(linked)

    answer()


def failures(engine: Engine) -> None:
    """What host functions raise."""
    probe = Probe()
    linked = LinkedComponent(engine, "guest", wasm.Component(engine.wasmtime, NOTE), [probe.interface()])

    @settings(quietly, max_examples=CASES // 3)
    @given(surrogates.map(ValueError) | st.binary().map(OSError) | st.just(SilentError()))
    def fail(error: Exception) -> None:
        probe.raises = error
        call_once(linked)

    fail()


def limits(engine: Engine) -> None:
    """What instances may use."""
    linked = LinkedComponent(engine, "guest", wasm.Component(engine.wasmtime, NOTE), [Probe().interface()])

    @settings(quietly, max_examples=CASES // 3)
    @given(values | numbers, values | numbers)
    def limit(memory: Any, elements: Any) -> None:
        async def run() -> None:
            with suppress(Trap, ValueError):
                (await instantiate(linked, InstanceLimits(memory, elements))).close()

        asyncio.run(run())

    limit()


def links(engine: Engine) -> None:
    """What host interfaces are called, and of which types their functions are."""
    component = wasm.Component(engine.wasmtime, NOTE)
    names = surrogates | st.sampled_from(["note", "echo", "number"])
    interfaces = st.sampled_from(["test:host/probe@0.1.0"]) | surrogates
    types = st.lists(st.sampled_from(ValueType), max_size=4).map(tuple)
    functions = st.lists(st.tuples(names, types, st.none() | st.sampled_from(ValueType)), max_size=4)

    @few
    @given(interfaces, functions)
    def link(name: str, given_functions: list[tuple[str, Any, Any]]) -> None:
        whole = Probe().interface().functions
        named = tuple(HostFunction(each, params, result, print) for each, params, result in given_functions)
        with suppress(ComponentError):
            LinkedComponent(engine, "guest", component, [HostInterface(name, (*named, *whole))]).close()

    link()


def configurations(_engine: Engine) -> None:
    """How engines are set up."""
    sizes = st.sampled_from([1 << bits for bits in range(34)]) | numbers
    names = ("max_instances", "max_memory", "max_table_elements", "memory_keep_resident", "table_keep_resident")
    stacks = ("stack_keep_resident", "stack_size", "wasm_stack_size")

    @few
    @given(st.dictionaries(st.sampled_from(names + stacks), sizes, max_size=3), st.booleans())
    def configure(chosen: dict[str, Any], is_pooled: bool) -> None:  # noqa: FBT001 - drawn
        with suppress(ValueError, EngineError):
            make_engine(EngineConfiguration(**{"max_instances": 10, **chosen}, is_pooled=is_pooled)).close()

    configure()


def compositions(_engine: Engine) -> None:
    """What the component tools are given: names, and files that are no components."""
    with tempfile.TemporaryDirectory() as folder:
        tools = ComponentTools(cached_in(CompiledCache(Path(folder) / "cache")))

        @settings(quietly, max_examples=CASES // 100)
        @given(surrogates, st.binary() | broken | st.binary().map(lambda data: b"\0asm" + data))
        def compose(name: str, content: bytes) -> None:
            with suppress(ToolError, UnicodeError):
                tools.compose(Composition((ComponentSource(name, NOTE.encode()),)))
            with suppress(ToolError):
                tools.describe(content)

        compose()


PARTS: dict[str, Callable[[Engine], None]] = {
    part.__name__: part for part in (answers, failures, limits, links, configurations, compositions)
}


if __name__ == "__main__":
    with Engine() as shared:
        PARTS[sys.argv[1]](shared)
    print("alive")  # noqa: T201 - what the test looks for

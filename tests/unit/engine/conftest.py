"""The engine and the linker that the engine's tests share."""

from collections.abc import Iterator

import pytest
from engine_probe import Link, Measured, Probe
from wasmtime import component as wasm

from whorl.engine.cache import CompiledCache
from whorl.engine.components import LinkedComponent
from whorl.engine.compositions import ComponentSource, Composition
from whorl.engine.engines import Engine
from whorl.engine.tools import ComponentTools, cached_in


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine() as engine:
        yield engine


@pytest.fixture
def link(engine: Engine) -> Link:
    def make(text: str | bytes) -> tuple[LinkedComponent, Probe]:
        probe = Probe()
        return LinkedComponent(engine, "guest", wasm.Component(engine.wasmtime, text), [probe.interface()]), probe

    return make


@pytest.fixture(scope="module")
def measured() -> Measured:
    tools = ComponentTools(cached_in(CompiledCache()))

    def make(text: str) -> bytes:
        root = ComponentSource("guest", text.encode())
        return tools.compose(Composition((root,), measure_memory=True)).wasm

    return make

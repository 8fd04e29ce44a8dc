"""The engine and the linker that the engine's tests share."""

from collections.abc import Iterator

import pytest
from engine_probe import Link, Probe
from wasmtime import component as wasm

from whorl.engine.components import LinkedComponent
from whorl.engine.engines import Engine


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine() as engine:
        yield engine


@pytest.fixture
def link(engine: Engine) -> Link:
    def make(text: str) -> tuple[LinkedComponent, Probe]:
        probe = Probe()
        return engine.link("guest", wasm.Component(engine.wasmtime, text), [probe.interface()]), probe

    return make

"""Adapters and bridges over hosts in Python: their exports called directly, or through the lab guest."""

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from bridge_callers import Caller
from guest_builds import built, python_guest
from scripted_host import ScriptedHost
from scripted_lab import ScriptedLab, linked_lab, scripted_lab
from wasmtime import Engine, Store
from wasmtime.component import Component, Func, Linker

from whorl.engine.bridges.bridge import Bridge
from whorl.engine.bridges.descriptions import BridgeDescription
from whorl.engine.components import LinkedComponent
from whorl.engine.host_interfaces import HostFunction, HostInterface, ValueType
from whorl.engine.tools import ComponentTools

WAITING_FOR_NOTHING = HostInterface(
    "whorl:host/tasks@0.1.0",
    (
        HostFunction(
            "wait", (ValueType.STRING, ValueType.U64), ValueType.STRING, lambda _instance, tasks, _until: tasks
        ),
    ),
)
"""Says that every task is ready."""


class Adapter:
    """One instance of a bridge; its functions are found by `interface#function`."""

    def __init__(self, component: Component, store: Store, interfaces: Iterable[HostInterface]) -> None:
        self._store = store
        caller = Caller()
        linker = Linker(store.engine)
        with linker.root() as root:
            for interface in interfaces:
                with root.add_instance(interface.name) as instance:
                    for function in interface.functions:
                        instance.add_func(function.name, partial(_call, function, caller))
        self._instance = linker.instantiate(self._store, component)

    def __getitem__(self, name: str) -> Callable[..., Any]:
        interface, _, function = name.partition("#")
        within = self._instance.get_export_index(self._store, interface)
        index = self._instance.get_export_index(self._store, function, within)
        exported = index and self._instance.get_func(self._store, index)
        if not isinstance(exported, Func):
            raise KeyError(name)
        return partial(exported, self._store)


@pytest.fixture(scope="session")
def bridged() -> Callable[..., Callable[..., Adapter]]:
    """Give a function that makes a bridge to some interfaces which a component imports.

    What it returns makes an instance of the bridge over implementations, with at most `memory` bytes.
    """
    engine = Engine()
    made: dict[tuple[object, ...], tuple[Component, BridgeDescription]] = {}

    def bridge(wasm: Path | bytes, *interfaces: str) -> Callable[..., Adapter]:
        key = (wasm, *interfaces)
        if key not in made:
            bytes_, told = ComponentTools().bridge(wasm, interfaces)
            made[key] = Component(engine, bytes_), BridgeDescription.from_json(told)
        component, description = made[key]

        def load(implementations: Mapping[str, object], memory: int = -1) -> Adapter:
            store = Store(engine)
            store.set_limits(memory_size=memory)
            interface = Bridge("shop", description, implementations, set()).interface()
            return Adapter(component, store, (interface, WAITING_FOR_NOTHING))

        return load

    return bridge


@pytest.fixture(scope="session")
def python_hello() -> Path:
    """Give a guest that imports most interfaces of Spin."""
    return built(python_guest, "python_hello")


@pytest.fixture(scope="module")
def lab_host() -> ScriptedHost:
    """Give the host that plays the tests' scripts to the lab guest."""
    return ScriptedHost()


@pytest.fixture(scope="module")
def linked(lab_host: ScriptedHost) -> Iterator[LinkedComponent]:
    """Give the lab guest, linked to the scripted host."""
    with linked_lab(lab_host) as linked:
        yield linked


@pytest.fixture
async def lab(linked: LinkedComponent, lab_host: ScriptedHost) -> AsyncIterator[ScriptedLab]:
    """Give an instance of the lab guest over the scripted host."""
    async with scripted_lab(linked, lab_host) as lab:
        yield lab


def _call(function: HostFunction, caller: Caller, _store: object, *arguments: object) -> Any:
    answer = function.call(caller, *[a.encode() if isinstance(a, str) else a for a in arguments])
    return answer.decode() if isinstance(answer, bytes) else answer

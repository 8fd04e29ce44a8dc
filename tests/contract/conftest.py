"""Calling an adapter's exports directly, without a guest, over host interfaces bound in Python."""

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from wasmtime import Engine, Store
from wasmtime.component import Component, Func, Linker

from whorl.engine.host_interfaces import HostFunction, HostInterface

GUEST = Path(__file__).parents[2] / "platform/whorl/guest"


class Adapter:
    """One instance of a component of `whorl/guest`; its functions are found by `interface#function`."""

    def __init__(self, component: Component, store: Store, interfaces: Iterable[HostInterface]) -> None:
        self._store = store
        linker = Linker(store.engine)
        with linker.root() as root:
            for interface in interfaces:
                with root.add_instance(interface.name) as instance:
                    for function in interface.functions:
                        instance.add_func(function.name, partial(_call, function))
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
def load_adapter() -> Callable[..., Adapter]:
    """Give a function that makes an instance of an adapter over host interfaces, with at most `memory` bytes."""
    engine = Engine()
    compiled: dict[str, Component] = {}

    def load(name: str, *interfaces: HostInterface, memory: int = -1) -> Adapter:
        if name not in compiled:
            compiled[name] = Component(engine, (GUEST / name).read_bytes())
        store = Store(engine)
        store.set_limits(memory_size=memory)
        return Adapter(compiled[name], store, interfaces)

    return load


def _call(function: HostFunction, _store: object, *arguments: object) -> Any:
    answer = function.call(None, *[a.encode() if isinstance(a, str) else a for a in arguments])
    return answer.decode() if isinstance(answer, bytes) else answer

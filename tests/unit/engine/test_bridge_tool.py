"""Bridges made of what a component imports: which frames reach the host, and what becomes of its replies."""

import json
import struct
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
import wasmtime
from wasmtime import component as wasm

from whorl.engine.cache import CompiledCache
from whorl.engine.tools import ComponentTools, cached_in

HOST = "whorl:host/bridge-0@0.1.0"
SLOTS = 16
ARENA = 144

Reply = Callable[[int], bytes]
"""Makes a reply that begins at an address."""


def done(result: bytes = b"", fixups: tuple[tuple[int, int], ...] = ()) -> Reply:
    """Reply that the call is done; `fixups` are offsets in `result` and resources."""

    def reply(base: int) -> bytes:
        address = base + 16
        padded = result + bytes(-len(result) % 4)
        pairs = b"".join(struct.pack("<II", address + offset, resource) for offset, resource in fixups)
        return struct.pack("<IIII", 0, address, address + len(padded), len(fixups)) + padded + pairs

    return reply


class Host:
    """Answers with the replies that it has been given, and notes what it is called with."""

    def __init__(self) -> None:
        self.replies: list[Reply] = []
        self.calls: list[tuple[Any, ...]] = []
        self.base = 0

    def call(self, _store: object, function: int, frame: str) -> str:
        self.base = len(frame)
        return self._answer("call", function, frame.encode("latin-1"))

    def finish(self, _store: object, task: int) -> str:
        return self._answer("finish", task)

    def resolved(self, _store: object, frame: str) -> str:
        return self._answer("resolved", frame.encode("latin-1"))

    def drop(self, _store: object, resource: int, rep: int) -> None:
        self.calls.append(("drop", resource, rep))

    def wait(self, _store: object, tasks: str, deadline: int) -> str:
        self.calls.append(("wait", tasks, deadline))
        return tasks

    def _answer(self, *call: object) -> str:
        self.calls.append(call)
        return self.replies.pop(0)(self.base).decode("latin-1")


class Bridge:
    """A bridge that is called directly, over a host that is scripted."""

    def __init__(self, store: wasmtime.Store, instance: wasm.Instance, host: Host, description: str) -> None:
        self._store = store
        self._instance = instance
        self.host = host
        self.description = json.loads(description)

    def __call__(self, interface: str, function: str, *arguments: object) -> Any:
        within = self._instance.get_export_index(self._store, interface)
        index = self._instance.get_export_index(self._store, function, within)
        assert index is not None
        called = self._instance.get_func(self._store, index)
        assert called is not None
        return called(self._store, *arguments)


@pytest.fixture(scope="session")
def tools() -> ComponentTools:
    return ComponentTools(cached_in(CompiledCache()))


@pytest.fixture
def bridge(tools: ComponentTools) -> Iterator[Callable[..., Bridge]]:
    with wasmtime.Store(wasmtime.Engine()) as store:
        yield partial(bridged, tools, store)


def bridged(
    tools: ComponentTools, store: wasmtime.Store, declarations: str, *, keeps_nothing: tuple[str, ...] = ()
) -> Bridge:
    made, description = tools.bridge(
        f'(component (import "a:b/c@1.0.0" (instance {declarations})))'.encode(),
        ["a:b/c@1.0.0"],
        keeps_nothing=keeps_nothing,
    )
    host = Host()
    linker = wasm.Linker(store.engine)
    with linker.root() as root:
        with root.add_instance(HOST) as instance:
            for name in ("call", "finish", "resolved", "drop"):
                instance.add_func(name, getattr(host, name))
        with root.add_instance("whorl:host/tasks@0.1.0") as instance:
            instance.add_func("wait", host.wait)
    compiled = wasm.Component(store.engine, made)
    return Bridge(store, linker.instantiate(store, compiled), host, description)


def test_a_frame_has_the_flat_parameters_in_slots_and_the_rest_behind(bridge: Callable[..., Bridge]) -> None:
    made = bridge('(export "f" (func (param "a" u8) (param "b" string) (param "c" s64) (result u32)))')
    made.host.replies = [done(struct.pack("<I", 7))]
    assert made("a:b/c@1.0.0", "f", 5, "hé", -2) == 7
    [(_, function, frame)] = made.host.calls
    a, b, length, c = struct.unpack_from("<QQQq", frame, SLOTS)
    assert (function, a, c) == (0, 5, -2)
    assert frame[b : b + length].decode() == "hé"
    assert b == ARENA

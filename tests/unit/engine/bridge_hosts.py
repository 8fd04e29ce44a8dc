"""Hosts of bridges that answer what a test tells them to, and bridges that a test calls directly."""

import json
import struct
from collections.abc import Callable
from functools import partial
from typing import Any

import wasmtime
from bridge_guests import INTERFACE, guest
from wasmtime import component as wasm

from whorl.engine.tools import ComponentTools

HOST = "whorl:host/bridge-0@0.1.0"
TASKS = "whorl:host/tasks@0.1.0"

CALLED_AT = 64
"""Where the number of the function stands that is called, and the size of the frame."""
SLOTS = 80
"""Where the first parameter is in a frame; each has 8 bytes."""
ARENA = 256
"""Where what does not fit into parameters begins."""

Reply = Callable[[int], bytes]
"""Makes a reply that begins at an address."""


def done(result: bytes = b"", fixups: tuple[tuple[int, int], ...] = ()) -> Reply:
    """Reply with a result; `fixups` are offsets in it, each with a resource."""

    def reply(base: int) -> bytes:
        address = base + 16
        padded = result + bytes(-len(result) % 4)
        pairs = b"".join(struct.pack("<II", address + offset, resource) for offset, resource in fixups)
        return struct.pack("<IIII", 0, address, address + len(padded), len(fixups)) + padded + pairs

    return reply


def done_with(*parts: str | bytes | int, size: int = 4) -> Reply:
    """Reply with a result of integers of `size` bytes, and of the addresses and lengths of strings behind them."""

    def reply(base: int) -> bytes:
        head, behind = b"", b""
        end = base + 16 + sum(size if isinstance(part, int) else 8 for part in parts)
        for part in parts:
            if isinstance(part, int):
                head += part.to_bytes(size, "little")
            else:
                content = part.encode() if isinstance(part, str) else part
                head += struct.pack("<II", end + len(behind), len(content))
                behind += content
        return done(head + behind)(base)

    return reply


def waiting(task: int, awaited: str = "") -> Reply:
    """Reply that `task` has to be waited for."""
    text = (awaited or str(task)).encode()
    return lambda base: struct.pack("<IIII", 1, base + 16, len(text), task) + text


def resolving(*handles: tuple[int, int]) -> Reply:
    """Reply that the host must know what it knows some resources by; `handles` are resources and handles."""
    triples = b"".join(struct.pack("<III", *each, 0xDEAD) for each in handles)
    return lambda base: struct.pack("<IIII", 2, 0, base + 16, len(handles)) + triples


class Host:
    """Gives the replies that a test has left, one for each call, and notes the calls."""

    def __init__(self) -> None:
        self.replies: list[Reply] = []
        self.calls: list[tuple[Any, ...]] = []
        self._base = self._end = 0

    @property
    def frames(self) -> list[bytes]:
        """The frames of all calls of functions."""
        return [call[2] for call in self.calls if call[0] == "call"]

    def add_to(self, linker: wasm.Linker) -> None:
        """Define what bridges import."""
        with linker.root() as root:
            with root.add_instance(HOST) as instance:
                for name in ("call", "finish", "resolved", "drop", "enter", "fill", "challenge", "locate"):
                    instance.add_func(name, partial(self._run, name))
            with root.add_instance(TASKS) as instance:
                instance.add_func("wait", self.wait)

    def _run(self, name: str, *arguments: Any) -> Any:
        return getattr(self, name)(*arguments)

    def call(self, _store: object, text: str) -> str:
        frame = text.encode("latin-1")
        function, self._base = struct.unpack_from("<II", frame, CALLED_AT)
        assert self._base == len(frame)
        return self._answer("call", function, frame)

    def finish(self, _store: object, task: int) -> str:
        return self._answer("finish", task)

    def resolved(self, _store: object, frame: str) -> str:
        self._base = -(-self._end // 8) * 8
        return self._answer("resolved", frame.encode("latin-1"))

    def drop(self, _store: object, resource: int, rep: int) -> None:
        self.calls.append(("drop", resource, rep))

    def challenge(self, _store: object) -> str:
        return ""  # the memory is not seen

    def locate(self, _store: object, _address: int) -> int:
        raise AssertionError("a bridge asked for its memory without a challenge")

    def enter(self, _store: object) -> None:
        raise AssertionError("a bridge left a call in its memory, which is not seen")

    def fill(self, _store: object, _address: int) -> None:
        raise AssertionError("a bridge asked for a reply in its memory, which is not seen")

    def wait(self, _store: object, tasks: str, deadline: int) -> str:
        self.calls.append(("wait", tasks, deadline))
        return f"{tasks} and more than the tasks that are ready"

    def _answer(self, *call: object) -> str:
        self.calls.append(call)
        reply = self.replies.pop(0)(self._base)
        self._end = self._base + len(reply)
        return reply.decode("latin-1")


class Bridge:
    """A bridge that a test calls directly; functions are those of `INTERFACE`."""

    def __init__(self, store: wasmtime.Store, host: Host, made: bytes, description: str) -> None:
        linker = wasm.Linker(store.engine)
        host.add_to(linker)
        self._instance = linker.instantiate(store, wasm.Component(store.engine, made))
        self._store = store
        self.host = host
        self.description = json.loads(description)

    def __call__(self, function: str, *arguments: object) -> Any:
        within = self._instance.get_export_index(self._store, INTERFACE)
        index = self._instance.get_export_index(self._store, function, within)
        exported = index and self._instance.get_func(self._store, index)
        if not isinstance(exported, wasm.Func):
            raise KeyError(function)
        return exported(self._store, *arguments)

    def answer(self, reply: Reply, function: str, *arguments: object) -> Any:
        """Call a function that the host answers with `reply`."""
        self.host.replies.append(reply)
        return self(function, *arguments)

    def frame(self, function: str, *arguments: object) -> bytes:
        """Return the frame of a function that has no result."""
        self.answer(done(), function, *arguments)
        return self.host.frames[-1]


def bridge_of(
    tools: ComponentTools, store: wasmtime.Store, declarations: str, keeps_nothing: tuple[str, ...] = ()
) -> Bridge:
    """Return the bridge of a component that imports `INTERFACE` with `declarations`."""
    made, description = tools.bridge(guest(declarations), [INTERFACE], keeps_nothing=keeps_nothing)
    return Bridge(store, Host(), made, description)

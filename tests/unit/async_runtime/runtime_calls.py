"""The calls of the crate `async-runtime` as programs of `tests/guests/async_runtime` have them."""

import struct
from enum import IntEnum
from pathlib import Path

from wasmtime import Engine, Func, Instance, Memory, Module, Store

GUEST = Path(__file__).parents[2] / "guests" / "async_runtime.wasm"
NONE = 2**64 - 1
"""The answer where there is no value."""
_CALL = struct.Struct("<6I")

Program = list[tuple[int, ...]]


class Call(IntEnum):
    """The calls; each takes up to five numbers."""

    SET_NEW = 0
    SET_DROP = 1
    JOIN = 2
    POLL = 3
    CHANNEL_NEW = 4
    READ = 5
    WRITE = 6
    CANCEL_READ = 7
    CANCEL_WRITE = 8
    DROP_READABLE = 9
    DROP_WRITABLE = 10
    CLAIM = 11
    TAKE = 12
    PUT = 13
    NATIVE_WRITER = 14
    NATIVE_READER_OF = 15
    GIVE_READABLE = 16
    OFFER = 17
    SET_ROOM = 18
    DROP_NATIVE_WRITER = 19
    DROP_NATIVE_READER = 20
    LOOK = 21
    SUBTASK_NEW = 22
    SUBTASK_RESOLVE = 23
    SUBTASK_CANCELLED = 24
    SUBTASK_CANCEL = 25
    SUBTASK_OUTCOME = 26
    SUBTASK_DROP = 27
    IS_SETTLED = 28
    SUBTASK_NOTE = 29
    WITHDRAW = 30
    COPY_OUTCOME = 31
    TASK_BEGIN = 32
    SUSPEND = 33
    NEXT = 34
    TASK_RETURN = 35
    TASK_CANCEL = 36
    REQUEST_CANCEL = 37
    CURRENT = 38
    CAN_BE_WOKEN = 39


class Crate:
    """The crate, compiled to a core module."""

    def __init__(self, longest: int) -> None:
        """Load it, with memory for programs of up to `longest` calls."""
        engine = Engine()
        self._store = Store(engine)
        exports = Instance(self._store, Module.from_file(engine, str(GUEST)), []).exports(self._store)
        memory, run, reserve = exports["memory"], exports["run"], exports["reserve"]
        assert isinstance(memory, Memory)
        assert isinstance(run, Func)
        assert isinstance(reserve, Func)
        self._memory, self._run = memory, run
        self._program: int = reserve(self._store, longest * _CALL.size)
        self._results: int = reserve(self._store, longest * 8)

    def run(self, program: Program) -> list[int]:
        """Return what the calls answer, up to the first that is a trap."""
        packed = b"".join(_CALL.pack(*call, *(0,) * (6 - len(call))) for call in program)
        self._memory.write(self._store, packed, self._program)
        count: int = self._run(self._store, self._program, len(program), self._results)
        results = self._memory.read(self._store, self._results, self._results + 8 * count)
        return list(struct.unpack(f"<{count}Q", results))

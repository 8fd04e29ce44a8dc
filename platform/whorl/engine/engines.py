"""The engine: process scope. Owns wasmtime's engine, the epoch ticker, the places of instances and the code in use."""

import threading
import warnings
import weakref
from ctypes import c_void_p, cast
from types import TracebackType
from typing import Self

from wasmtime import component as wasm

from whorl.engine.configuration import EngineConfiguration, make_engine
from whorl.engine.epochs import EpochTicker
from whorl.engine.fairness import CoreTime
from whorl.engine.memories import Memories, Slots
from whorl.engine.places import Places


class Engine:
    """What compiles and runs components; one for a process. Use as a context manager, or call `close`.

    Attributes:
        address: the engine, as the C API knows it; 0 when it is closed.
        places: who may have how many instances.
        core: which of them run when they want more than there is time for.
        memories: where adapters have their memories.
        code: the compiled components that are in use, by the digest of what they were made from.
        loading: held by who looks for code there and adds it, from any thread.
    """

    def __init__(self, configuration: EngineConfiguration | None = None) -> None:
        self.configuration = configuration or EngineConfiguration()
        self.wasmtime = make_engine(self.configuration)
        self.address: int = cast(self.wasmtime.ptr(), c_void_p).value or 0
        self.ticker = EpochTicker(self.wasmtime)
        self.places = Places(self.configuration.max_instances)
        self.core = CoreTime(self.ticker)
        self.memories = Memories(self._memory_slots())
        self.code: weakref.WeakValueDictionary[str, wasm.Component] = weakref.WeakValueDictionary()
        self.loading = threading.Lock()
        self._stop_ticker = weakref.finalize(self, self.ticker.stop)  # at the interpreter's exit too

    def _memory_slots(self) -> Slots | None:
        count = self.configuration.pooled_memories
        return Slots.of(self.wasmtime, count) if count > 1 else None

    def close(self) -> None:
        """Stop the ticker and free the engine; every instance must have been closed."""
        self.address = 0
        self._stop_ticker()
        for component in list(self.code.values()):
            component.close()
        self.wasmtime.close()

    def __del__(self) -> None:
        if getattr(self, "address", 0):
            warnings.warn("an engine was not closed", ResourceWarning, source=self, stacklevel=2)
            self._stop_ticker()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

"""The engine: process scope. Owns wasmtime's engine, the epoch ticker and the cache of compiled components."""

from collections.abc import Sequence
from ctypes import c_void_p, cast
from types import TracebackType
from typing import Self

from wasmtime import component as wasm

from whorl.engine.components import LinkedComponent
from whorl.engine.configuration import EngineConfiguration, make_engine
from whorl.engine.epochs import EpochTicker
from whorl.engine.host_interfaces import HostInterface


class Engine:
    """Compiles, links and runs components; one for a process. Use as a context manager, or call `close`."""

    def __init__(self, configuration: EngineConfiguration | None = None) -> None:
        self.configuration = configuration or EngineConfiguration()
        self.wasmtime = make_engine(self.configuration)
        self.address: int = cast(self.wasmtime.ptr(), c_void_p).value or 0
        self.ticker = EpochTicker(self.address)

    def link(self, name: str, component: wasm.Component, interfaces: Sequence[HostInterface]) -> LinkedComponent:
        """Return `component` linked to `interfaces`, ready to be instantiated.

        Raises:
            ComponentError: it imports something that nobody provides.
        """
        return LinkedComponent(self, name, component, interfaces)

    def close(self) -> None:
        """Stop the ticker and free the engine; every instance must have been closed."""
        self.ticker.stop()
        self.wasmtime.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

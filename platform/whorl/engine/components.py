"""A composed component that is ready to be instantiated: its code, its linker, and the host functions behind it."""

import ctypes
from collections.abc import Sequence
from ctypes import c_void_p, cast
from typing import Any

from wasmtime import WasmtimeError
from wasmtime import component as wasm

from whorl.engine import bindings
from whorl.engine.call_spaces import CallSpace
from whorl.engine.compositions import MEMORY_EXPORT
from whorl.engine.engines import Engine
from whorl.engine.fairness import CoreShare
from whorl.engine.host_functions import callback_address, make_callback
from whorl.engine.host_interfaces import HostFunction, HostInterface, ValueType
from whorl.engine.memories import MEMORY
from whorl.engine.waiting import INTERFACE as WAIT_INTERFACE
from whorl.engine.waiting import Suspendable, WaitFunction
from whorl.errors import ComponentError

EXPORT = "handle"
"""What is called of a composition: its driver exports it, or its root in place of a handler of WASI 0.3."""
_TYPES = {
    wasm.Bool: ValueType.BOOL,
    wasm.U32: ValueType.U32,
    wasm.S64: ValueType.S64,
    wasm.U64: ValueType.U64,
    wasm.String: ValueType.STRING,
}


class LinkedComponent:
    """A component of one app, linked to what it is granted, ready to be instantiated.

    Args:
        engine: the engine that compiled it.
        name: the component's id, for messages.
        component: the compiled component.
        interfaces: the host interfaces that it may import.

    Raises:
        ComponentError: it imports something that nobody provides, or does not export `handle`.
    """

    def __init__(
        self, engine: Engine, name: str, component: wasm.Component, interfaces: Sequence[HostInterface]
    ) -> None:
        self.name = name
        self.ticker = engine.ticker
        self.engine = engine
        self.places = engine.places
        self.share = CoreShare(engine.core)
        self.max_memory = engine.configuration.max_memory
        self.max_table_elements = engine.configuration.max_table_elements
        self.is_closed = False
        self.instances: dict[int, Suspendable] = {}  # by the address of their context
        self.spaces: list[CallSpace] = []  # of closed instances, for the next
        self.memory_places: list[int] = []  # as well
        self.wait = WaitFunction(self.instances)
        self._component: wasm.Component | None = component
        self._callbacks: list[Any] = []
        self._linker = wasm.Linker(engine.wasmtime)
        imported = component.type.imports(engine.wasmtime)
        self._link(engine, imported, {interface.name: interface for interface in (MEMORY, *interfaces)})
        index = component.get_export_index(EXPORT)
        if index is None:
            raise ComponentError(f"component `{name}`: the composition does not export `{EXPORT}`")
        self._export = index
        self.export_address = _address(index)
        self._memory_export = component.get_export_index(MEMORY_EXPORT)
        self.memory_export_address = _address(self._memory_export) if self._memory_export is not None else None
        self.component_address = _address(component)
        self.linker_address = _address(self._linker)

    def _link(self, engine: Engine, imported: dict[str, Any], provided: dict[str, HostInterface]) -> None:
        with self._linker.root() as root:
            for name, extern in imported.items():
                if name not in provided and name != WAIT_INTERFACE:
                    if _has_values_alone(extern.ty, engine):
                        continue
                    raise ComponentError(
                        f"component `{self.name}` imports `{name}`, which nobody provides; add a dependency that"
                        " exports it, or build the component without it"
                    )
                wanted = extern.ty.exports(engine.wasmtime)
                with root.add_instance(name) as linker_instance:
                    if name == WAIT_INTERFACE:
                        self._add(linker_instance, "wait", self.wait.address, bindings.add_func_async)
                    else:
                        self._add_interface(linker_instance, provided[name], wanted)

    def _add_interface(self, linker_instance: Any, interface: HostInterface, wanted: dict[str, Any]) -> None:
        for function in interface.functions:
            if function.name in wanted:
                if not _fits(function, wanted.pop(function.name)):
                    raise ComponentError(
                        f"component `{self.name}`: `{function.name}` of `{interface.name}` has other types here than"
                        " the component imports; build it against the interface that this version provides"
                    )
                callback = make_callback(function, self.instances)
                self._callbacks.append(callback)
                self._add(linker_instance, function.name, callback_address(callback), bindings.add_func)
        if wanted:
            missing = ", ".join(f"`{name}`" for name in sorted(wanted))
            raise ComponentError(f"component `{self.name}`: `{interface.name}` does not provide {missing}")

    def _add(self, linker_instance: Any, name: str, callback: int, add: Any) -> None:
        encoded = name.encode()
        error = add(_address(linker_instance), encoded, len(encoded), callback, None, None)
        if error:
            message = WasmtimeError._from_ptr(cast(error, ctypes.POINTER(_error_type())))  # noqa: SLF001
            raise ComponentError(f"component `{self.name}`: `{name}` cannot be linked: {message}")

    def close(self) -> None:
        """Free the code and the linker; every instance must have been closed."""
        self.is_closed = True
        self._linker.close()
        self._export.close()
        if self._memory_export is not None:
            self._memory_export.close()
        self._component = None  # the code may be others' too; it goes with the last of them


def _address(managed: Any) -> int:
    return cast(managed.ptr(), c_void_p).value or 0


def _error_type() -> Any:
    from wasmtime import _bindings  # noqa: PLC0415 - only on the way to an error

    return _bindings.wasmtime_error_t


def _has_values_alone(imported: Any, engine: Engine) -> bool:
    """Tell whether an import is an interface of types of values, which nobody has to provide."""
    exports = imported.exports(engine.wasmtime) if isinstance(imported, wasm.ComponentInstanceType) else {}
    others = (wasm.FuncType, wasm.ResourceType)
    return bool(exports) and not any(isinstance(each.ty, others) for each in exports.values())


def _fits(function: HostFunction, imported: Any) -> bool:
    """Tell whether a guest calls the function with the types that it is read and answered with."""
    declared = imported.ty
    if not isinstance(declared, wasm.FuncType):
        return False
    params = tuple(_TYPES.get(type(kind)) for _, kind in declared.params)
    result = declared.result
    return params == function.params and (None if result is None else _TYPES.get(type(result))) == function.result

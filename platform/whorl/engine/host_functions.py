"""Host functions as the C API calls them: one precompiled callback for each function of a flat host interface."""

from collections.abc import Callable
from ctypes import c_void_p, cast
from typing import TYPE_CHECKING, Any

from whorl.engine import bindings
from whorl.engine.host_interfaces import HostFunction, ValueType
from whorl.engine.values import make_reader, make_writer, write_string

if TYPE_CHECKING:
    from whorl.engine.instances import Instance

Instances = dict[int, "Instance"]
"""The instances of one component, by the address of their context."""

_Call = Callable[["Instance", int, int], None]


def record_failure(instance: "Instance", raised: BaseException) -> int:
    """Keep what a host function raised as the cause of the trap, and return the error that makes it one."""
    instance.failure = raised
    address: int = bindings.error_new(f"{type(raised).__name__}: {raised}".encode(errors="replace").replace(b"\0", b""))
    return address


def make_callback(function: HostFunction, instances: Instances) -> Any:
    """Return the C callback for `function`; it must be kept alive as long as a linker knows it."""
    if not function.params and function.result is ValueType.STRING:
        return bindings.SyncCallback(_text_giver(function.call, instances))
    call = _adapt(function)

    def callback(
        _data: Any, context: int, _type: Any, arguments: int, _count: int, results: int, _result_count: int
    ) -> int | None:
        instance = instances[context]
        instance.host_calls += 1
        try:
            call(instance, arguments, results)
        except BaseException as raised:  # noqa: BLE001 - nothing may pass through C; it becomes a trap
            return record_failure(instance, raised)
        return None

    return bindings.SyncCallback(callback)


def _text_giver(call: Callable[["Instance"], bytes], instances: Instances) -> Callable[..., int | None]:
    """Return the callback of a function without parameters that gives a string, with two frames less than any other."""

    def callback(_data: Any, context: int, _type: Any, _arguments: int, _n: int, results: int, _m: int) -> int | None:
        instance = instances[context]
        instance.host_calls += 1
        try:
            write_string(results, call(instance))
        except BaseException as raised:  # noqa: BLE001 - as above
            return record_failure(instance, raised)
        return None

    return callback


def callback_address(callback: Any) -> int:
    """Return the address that the C API calls for `callback`."""
    return cast(callback, c_void_p).value or 0


def _adapt(function: HostFunction) -> _Call:
    call = function.call
    if function.result is None:
        read = make_reader(function.params)
        return lambda instance, arguments, _results: call(instance, *read(arguments))
    write = make_writer(function.result)
    if not function.params:
        return lambda instance, _arguments, results: write(results, call(instance))
    read = make_reader(function.params)
    return lambda instance, arguments, results: write(results, call(instance, *read(arguments)))

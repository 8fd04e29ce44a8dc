"""Host functions as the C API calls them: one precompiled callback for each function of a flat host interface."""

from collections.abc import Callable, Mapping
from ctypes import c_void_p, cast
from typing import Any, Protocol

from whorl.engine import bindings
from whorl.engine.host_interfaces import HostFunction, ValueType
from whorl.engine.traps import words_of
from whorl.engine.values import make_reader, make_writer, read_string


class Caller(Protocol):
    """The instance whose guest calls a host function.

    Attributes:
        host_calls: how often its guest called the host, over its life.
        failure: what a host function raised during the current call.
    """

    host_calls: int
    failure: BaseException | None


Instances = Mapping[int, Caller]
"""The instances of one component, by the address of their context."""

_Call = Callable[[Caller, int, int], None]


def record_failure(instance: Caller, raised: BaseException) -> int:
    """Keep what a host function raised as the cause of the trap, and return the error that makes it one."""
    instance.failure = raised
    message = f"{type(raised).__name__}: {words_of(raised)}"
    address: int = bindings.error_new(message.encode(errors="replace").replace(b"\0", b""))
    return address


def make_callback(function: HostFunction, instances: Instances) -> Any:
    """Return the C callback for `function`; it must be kept alive as long as a linker knows it.

    Functions that only give a string or only take one have callbacks of their own, though much in them is alike: every
    request calls both kinds, and a Python call more in each shows in `scripts/bench`.
    """
    shape = (function.params, function.result)
    if shape == ((), ValueType.STRING):
        return bindings.SyncCallback(_giving_string(function, instances))
    if shape == ((ValueType.STRING,), None):
        return bindings.SyncCallback(_taking_string(function.call, instances))
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


def _giving_string(function: HostFunction, instances: Instances) -> Any:
    call = function.call
    write = make_writer(ValueType.STRING, function.name)

    def callback(
        _data: Any, context: int, _type: Any, _arguments: int, _count: int, results: int, _result_count: int
    ) -> int | None:
        instance = instances[context]
        instance.host_calls += 1
        try:
            write(results, call(instance))
        except BaseException as raised:  # noqa: BLE001 - as for any other
            return record_failure(instance, raised)
        return None

    return callback


def _taking_string(call: Callable[[Caller, bytes], None], instances: Instances) -> Any:
    def callback(
        _data: Any, context: int, _type: Any, arguments: int, _count: int, _results: int, _result_count: int
    ) -> int | None:
        instance = instances[context]
        instance.host_calls += 1
        try:
            call(instance, read_string(arguments))
        except BaseException as raised:  # noqa: BLE001 - as for any other
            return record_failure(instance, raised)
        return None

    return callback


def callback_address(callback: Any) -> int:
    """Return the address that the C API calls for `callback`."""
    return cast(callback, c_void_p).value or 0


def _adapt(function: HostFunction) -> _Call:
    call = function.call
    read = make_reader(function.params)
    if function.result is None and not function.params:
        return lambda instance, _arguments, _results: call(instance)
    if function.result is None:
        return lambda instance, arguments, _results: call(instance, *read(arguments))
    write = make_writer(function.result, function.name)
    if not function.params:
        return lambda instance, _arguments, results: write(results, call(instance))
    if function.params == (ValueType.STRING,):
        return lambda instance, arguments, results: write(results, call(instance, read_string(arguments)))
    return lambda instance, arguments, results: write(results, call(instance, *read(arguments)))

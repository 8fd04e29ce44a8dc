"""The part of wasmtime's C API that the engine drives itself: typed once, called through raw addresses.

The wheel wraps components synchronously; their asynchronous half is exported by the same library. Signatures here use
plain `c_void_p`, which converts an address in a fraction of the time that ctypes' typed pointers take. Functions that
run guest code release the GIL (the epoch ticker must be able to run beside them); short ones keep it (`_short`).
"""

import ctypes
from ctypes import c_bool, c_char_p, c_size_t, c_uint64, c_void_p
from typing import Any

from wasmtime import _bindings, _ffi

VALUE_SIZE = ctypes.sizeof(_bindings.wasmtime_component_val_t)
"""Bytes of one `wasmtime_component_val_t`: the kind in the first, the payload from `PAYLOAD_OFFSET` on."""

PAYLOAD_OFFSET: int = _bindings.wasmtime_component_val_t.of.offset

NAMES = (
    "wasmtime_call_future_delete",
    "wasmtime_call_future_poll",
    "wasmtime_component_func_call_async",
    "wasmtime_component_instance_get_func",
    "wasmtime_component_linker_instance_add_func",
    "wasmtime_component_linker_instance_add_func_async",
    "wasmtime_component_linker_instantiate_async",
    "wasmtime_component_val_clone",
    "wasmtime_context_epoch_deadline_async_yield_and_update",
    "wasmtime_context_set_epoch_deadline",
    "wasmtime_engine_increment_epoch",
    "wasmtime_error_new",
    "wasmtime_store_context",
    "wasmtime_store_delete",
    "wasmtime_store_limiter",
    "wasmtime_store_new",
)
"""Every symbol that is used from here; a test names the one that an upgrade removes."""


def _address(name: str) -> int:
    function = getattr(_ffi.dll, name, None)
    address = None if function is None else ctypes.cast(function, c_void_p).value
    if address is None:
        raise ImportError(f"the wasmtime library does not export `{name}`")
    return address


def _releasing(name: str, result: Any, *params: Any) -> Any:
    return ctypes.CFUNCTYPE(result, *params)(_address(name))


def _short(name: str, result: Any, *params: Any) -> Any:
    return ctypes.PYFUNCTYPE(result, *params)(_address(name))


class AsyncContinuation(ctypes.Structure):
    """`wasmtime_async_continuation_t`: what a suspended host function is asked whenever its fiber is polled."""

    _fields_ = (("callback", c_void_p), ("env", c_void_p), ("finalizer", c_void_p))


SyncCallback = ctypes.CFUNCTYPE(c_void_p, c_void_p, c_void_p, c_void_p, c_void_p, c_size_t, c_void_p, c_size_t)
"""data, context, type, arguments, count, results, count -> error."""

AsyncCallback = ctypes.CFUNCTYPE(
    None, c_void_p, c_void_p, c_void_p, c_void_p, c_size_t, c_void_p, c_size_t, c_void_p, c_void_p
)
"""As `SyncCallback`, with the addresses of the error and of the continuation at the end."""

ContinuationCallback = ctypes.CFUNCTYPE(c_bool, c_void_p)

error_new = _short("wasmtime_error_new", c_void_p, c_char_p)

store_new = _short("wasmtime_store_new", c_void_p, c_void_p, c_void_p, c_void_p)
store_context = _short("wasmtime_store_context", c_void_p, c_void_p)
store_delete = _short("wasmtime_store_delete", None, c_void_p)
store_limiter = _short(
    "wasmtime_store_limiter",
    None,
    c_void_p,
    ctypes.c_int64,
    ctypes.c_int64,
    ctypes.c_int64,
    ctypes.c_int64,
    ctypes.c_int64,
)
set_epoch_deadline = _short("wasmtime_context_set_epoch_deadline", None, c_void_p, c_uint64)
yield_at_epoch_deadline = _short("wasmtime_context_epoch_deadline_async_yield_and_update", c_void_p, c_void_p, c_uint64)
increment_epoch = _short("wasmtime_engine_increment_epoch", None, c_void_p)

call_async = _short(
    "wasmtime_component_func_call_async",
    c_void_p,
    c_void_p,
    c_void_p,
    c_void_p,
    c_size_t,
    c_void_p,
    c_size_t,
    c_void_p,
)
instantiate_async = _short(
    "wasmtime_component_linker_instantiate_async", c_void_p, c_void_p, c_void_p, c_void_p, c_void_p, c_void_p
)
instance_get_func = _short("wasmtime_component_instance_get_func", c_bool, c_void_p, c_void_p, c_void_p, c_void_p)
future_poll = _releasing("wasmtime_call_future_poll", c_bool, c_void_p)
value_clone = _short("wasmtime_component_val_clone", None, c_void_p, c_void_p)
future_delete = _releasing("wasmtime_call_future_delete", None, c_void_p)

add_func = _short(
    "wasmtime_component_linker_instance_add_func",
    c_void_p,
    c_void_p,
    c_char_p,
    c_size_t,
    c_void_p,
    c_void_p,
    c_void_p,
)
add_func_async = _short(
    "wasmtime_component_linker_instance_add_func_async",
    c_void_p,
    c_void_p,
    c_char_p,
    c_size_t,
    c_void_p,
    c_void_p,
    c_void_p,
)

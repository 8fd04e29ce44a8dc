"""Where the C API writes what concerns one instance: room of its own, which the next one takes over."""

import ctypes
from ctypes import POINTER, c_uint64, c_void_p, cast

from wasmtime import WasmtimeError, _bindings

_ERROR_POINTER = POINTER(_bindings.wasmtime_error_t)


class CallSpace(ctypes.Structure):
    """Room for what the C API writes about one instance, by address: its handle, its function, the error of a call."""

    _fields_ = (("instance", c_uint64 * 2), ("function", c_uint64 * 4), ("error", c_void_p))

    def take_error(self) -> str:
        """Return the message of the error, of which there must be one; frees it."""
        value: int = self.error or 0
        self.error: int | None = None
        error = WasmtimeError._from_ptr(cast(value, _ERROR_POINTER))  # noqa: SLF001 - the wheel has no public way
        try:
            return str(error)
        finally:
            error.close()


FUNCTION_OFFSET: int = getattr(CallSpace, "function").offset  # noqa: B009 - a ctypes descriptor
ERROR_OFFSET: int = getattr(CallSpace, "error").offset  # noqa: B009 - as above

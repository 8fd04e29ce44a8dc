"""The symbols of wasmtime's library that are called directly, against the library that is installed."""

import ctypes
from typing import Any

import pytest
from wasmtime import _ffi

from whorl.engine import bindings


def address(function: Any) -> int | None:
    return ctypes.cast(function, ctypes.c_void_p).value


@pytest.mark.parametrize("name", bindings.NAMES)
def test_the_library_exports_each_name(name: str) -> None:
    assert hasattr(_ffi.dll, name)


def test_the_names_are_those_of_all_bound_functions() -> None:
    function_pointer = ctypes.CFUNCTYPE(None).__base__
    assert function_pointer is not None
    bound = {address(value) for value in vars(bindings).values() if isinstance(value, function_pointer)}
    assert bound == {address(getattr(_ffi.dll, name)) for name in bindings.NAMES}
    assert len(bound) == len(bindings.NAMES)


def test_a_name_that_is_not_exported_is_said() -> None:
    with pytest.raises(ImportError, match="does not export `wasmtime_nothing`"):
        bindings._address("wasmtime_nothing")

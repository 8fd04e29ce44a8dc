"""Arguments and results of flat host functions: between the C API's value structs and Python's `int`, `bool`, `bytes`.

Arguments without a string are read by one copy and one `struct` unpacking, a string by one view and one copy. A result
is written in place, a string by letting the library copy a struct that points at Python's bytes. Every ctypes call
costs as much as a dozen lines of Python, so there are no more of them than that.
"""

import ctypes
from collections.abc import Callable
from ctypes import addressof, c_size_t, c_ssize_t, c_uint64, c_void_p, memmove, py_object, string_at
from struct import Struct
from typing import Any

from whorl.engine import bindings
from whorl.engine.host_interfaces import ValueType

Reader = Callable[[int], list[Any]]
Writer = Callable[[int, Any], None]

_FORMATS = {
    ValueType.BOOL: "?7x8x",
    ValueType.U32: "I4x8x",
    ValueType.U64: "Q8x",
    ValueType.S64: "q8x",
    ValueType.STRING: "QQ",
}
_HEAD = "8x"
_TAIL = f"{bindings.VALUE_SIZE - bindings.PAYLOAD_OFFSET - 16}x"

_words_at = (c_uint64 * 3).from_address
_bytes_at = ctypes.PYFUNCTYPE(py_object, c_void_p, c_ssize_t)(("PyBytes_FromStringAndSize", ctypes.pythonapi))


class _Text(ctypes.Structure):
    """A value struct that holds a string."""

    _fields_ = (
        ("kind", c_uint64),
        ("size", c_size_t),
        ("data", ctypes.c_char_p),
        ("rest", ctypes.c_char * (bindings.VALUE_SIZE - 24)),
    )


def make_reader(params: tuple[ValueType, ...]) -> Reader:
    """Return a function that reads the arguments at an address as a list."""
    unpack = Struct("<" + "".join(_HEAD + _FORMATS[kind] + _TAIL for kind in params)).unpack
    size = bindings.VALUE_SIZE * len(params)
    if ValueType.STRING not in params:
        return lambda address: list(unpack(string_at(address, size)))

    def read(address: int) -> list[Any]:
        words = iter(unpack(string_at(address, size)))
        return [_text(next(words), next(words)) if kind is ValueType.STRING else next(words) for kind in params]

    return read


def read_string(address: int) -> bytes:
    """Return the string of the value struct at `address`."""
    words = _words_at(address)
    return _text(words[1], words[2])


def make_writer(result: ValueType) -> Writer:
    """Return a function that writes a result to an address; not for several threads at once."""
    if result is ValueType.STRING:
        return _make_string_writer()
    pack = Struct(f"<B7x{_FORMATS[result]}").pack

    def write(address: int, value: Any) -> None:
        memmove(address, pack(result, value), 24)

    return write


def _make_string_writer() -> Writer:
    """Return a function that writes a string (valid UTF-8) to an address; the library frees it."""
    text = _Text(kind=ValueType.STRING)
    source = addressof(text)

    def write(address: int, value: bytes) -> None:
        text.size = len(value)
        text.data = value
        bindings.value_clone(source, address)
        text.data = None

    return write


def _text(size: int, data: int) -> bytes:
    text: bytes = _bytes_at(data, size)
    return text

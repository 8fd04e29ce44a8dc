"""Arguments and results of flat host functions: between the C API's value structs and Python's `int`, `bool`, `bytes`.

Arguments without a string are read by one copy and one `struct` unpacking, a string by one view and one copy. A result
is written in place, a string by letting the library copy a struct that points at Python's bytes. Every ctypes call
costs as much as a dozen lines of Python, so there are no more of them than that.

The library ends the process when a value is not what its kind promises, so nothing is written here that has not been
looked at: a string is UTF-8, a number fits, a boolean is one. What is not raises, which is a trap of the calling guest.
"""

import ctypes
import reprlib
from collections.abc import Callable
from ctypes import addressof, c_size_t, c_ssize_t, c_uint64, c_void_p, memmove, py_object, string_at
from struct import Struct
from struct import error as StructError  # noqa: N812 - it is a class
from typing import Any

from whorl.engine import bindings
from whorl.engine.host_interfaces import ValueType
from whorl.engine.packing import Text, is_utf8

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


class BadValueError(Exception):
    """A host function answered what its interface does not allow: a mistake of ours, or of what we relied on."""


class _StringValue(ctypes.Structure):
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


def make_writer(result: ValueType, name: str = "a host function") -> Writer:
    """Return a function that writes a result to an address; not for several threads at once.

    Args:
        result: what is written.
        name: whose result it is, for messages.

    The function raises:
        BadValueError: the value is not of that type; nothing has been written.
    """
    if result is ValueType.STRING:
        return _make_string_writer(name)
    pack = Struct(f"<B7x{_FORMATS[result]}").pack
    kind = bool if result is ValueType.BOOL else int

    def write(address: int, value: Any) -> None:
        if type(value) is not kind:
            raise _bad_value(name, result, value)
        try:
            packed = pack(result, value)
        except StructError:
            raise _bad_value(name, result, value) from None
        memmove(address, packed, 24)

    return write


def _make_string_writer(name: str) -> Writer:
    """Return a function that writes a string to an address; the library frees it."""
    text = _StringValue(kind=ValueType.STRING)
    source = addressof(text)

    def write(address: int, value: bytes) -> None:
        kind = type(value)
        if kind is not Text and (kind is not bytes or not is_utf8(value)):
            raise _bad_value(name, ValueType.STRING, value)
        text.size = len(value)
        text.data = value
        bindings.value_clone(source, address)
        text.data = None

    return write


def _bad_value(name: str, result: ValueType, value: Any) -> BadValueError:
    wanted = "a string in UTF-8" if result is ValueType.STRING else f"a {result.name.lower()}"
    return BadValueError(f"`{name}` of the host answered {reprlib.repr(value)}, which is not {wanted}")


def _text(size: int, data: int) -> bytes:
    text: bytes = _bytes_at(data, size)
    return text

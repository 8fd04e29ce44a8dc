"""Arguments and results of flat host functions: between the C API's value structs and Python's `int`, `bool`, `bytes`.

All arguments of a call are read by one copy and one `struct` unpacking; strings then by one copy each. A result is
written in place. No ctypes object is made on the way: each would cost as much as the whole conversion does.
"""

from collections.abc import Callable
from ctypes import memmove, string_at
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


def make_reader(params: tuple[ValueType, ...]) -> Reader:
    """Return a function that reads the arguments at an address as a list."""
    unpack = Struct("<" + "".join(_HEAD + _FORMATS[kind] + _TAIL for kind in params)).unpack
    size = bindings.VALUE_SIZE * len(params)
    if ValueType.STRING not in params:
        return lambda address: list(unpack(string_at(address, size)))
    if params == (ValueType.STRING,):
        return lambda address: [_text(*unpack(string_at(address, size)))]

    def read(address: int) -> list[Any]:
        words = iter(unpack(string_at(address, size)))
        return [_text(next(words), next(words)) if kind is ValueType.STRING else next(words) for kind in params]

    return read


def make_writer(result: ValueType) -> Writer:
    """Return a function that writes a result to an address."""
    if result is ValueType.STRING:
        return write_string
    pack = Struct(f"<B7x{_FORMATS[result]}").pack

    def write(address: int, value: Any) -> None:
        memmove(address, pack(result, value), 24)

    return write


_STRING_KIND = bytes([ValueType.STRING])


def write_string(address: int, text: bytes) -> None:
    """Write `text` (valid UTF-8) to the value struct at `address`; the library frees it."""
    memmove(address, _STRING_KIND, 1)
    bindings.byte_vec_new(address + bindings.PAYLOAD_OFFSET, len(text), text)


def _text(size: int, data: int) -> bytes:
    return string_at(data, size) if size else b""

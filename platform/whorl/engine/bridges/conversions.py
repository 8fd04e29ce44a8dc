"""What generated code calls to take values from Python that are not of the usual type, or to refuse them."""

from collections.abc import Callable, Collection, Mapping, Sequence
from struct import Struct, pack
from struct import error as StructError  # noqa: N812 - it is a class
from typing import Any, Final, TypeGuard

from whorl.engine.bridges.records import python_name
from whorl.engine.bridges.types import Record
from whorl.values import Err, Ok, Some

FAILURES = (StructError, TypeError, ValueError, LookupError, AttributeError, OverflowError)
"""What lowering raises for a value that is not of its type."""


def is_list(x: Any) -> TypeGuard[Collection[Any]]:
    """Tell whether a value may be given for a list: strings, bytes and mappings may not."""
    return isinstance(x, Collection) and not isinstance(x, str | Mapping) and not is_bytes(x)


def is_bytes(x: Any) -> TypeGuard[bytes | bytearray | memoryview]:
    """Tell whether a value may be given for a list of bytes."""
    return isinstance(x, bytes | bytearray | memoryview)


def as_list(x: Any) -> list[Any]:
    """Return the elements of a collection that is no list."""
    if not is_list(x):
        raise TypeError
    return list(x)


def as_bytes(x: Any) -> bytes:
    """Return the bytes of what holds bytes."""
    if not is_bytes(x):
        raise TypeError
    return bytes(x)


def as_case(x: Any) -> tuple[str, Any]:
    """Return case and payload of a variant given as a string, or as a tuple of another class."""
    if isinstance(x, str):
        return x, None
    if not isinstance(x, tuple):
        raise TypeError
    case, payload = x
    return case, payload


def as_parts(x: Any) -> Sequence[Any]:
    """Return the parts of a tuple that is given as something else."""
    if not isinstance(x, tuple | list):
        raise TypeError
    return x


def fields_of(kind: Record) -> Callable[[Any], list[Any]]:
    """Return a function that gives the fields of an object or a mapping, in their order."""
    names = [(name, python_name(name)) for name, _ in kind.fields]

    def fields(x: Any) -> list[Any]:
        if isinstance(x, Mapping):
            return [x[name] if name in x else x[attribute] for name, attribute in names]
        return [getattr(x, attribute) for _, attribute in names]

    return fields


def bits_of(values: Mapping[str, int], x: Any) -> int:
    """Return flags as a number."""
    bits = 0
    for name in x if isinstance(x, frozenset) else as_list(x):
        bits |= values[name]
    return bits


def code_point(x: Any) -> int:
    """Return the number of a character."""
    x.encode()  # surrogates are no characters
    return ord(x)


def not_a(x: Any) -> None:
    """Refuse a value that is no case of its type."""
    raise TypeError(repr(x))


HELPERS: Final = {
    "BOOL": {False: False, True: True},
    "ZEROS": [bytes(size) for size in range(8)],
    "PAIR": Struct("<II").pack,
    "pack": pack,
    "as_list": as_list,
    "as_bytes": as_bytes,
    "as_case": as_case,
    "as_parts": as_parts,
    "code_point": code_point,
    "not_a": not_a,
    "Some": Some,
    "Ok": Ok,
    "Err": Err,
}
"""What generated code refers to."""

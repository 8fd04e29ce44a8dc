"""Where a value from Python is not what WIT says it is: the path inside it, and what was expected there."""

import reprlib
from collections.abc import Callable, Collection, Iterator, Mapping
from enum import Enum as PythonEnum
from typing import Any

from whorl.engine.bridges.conversions import is_bytes, is_list
from whorl.engine.bridges.records import python_name
from whorl.engine.bridges.types import (
    BYTE,
    Enum,
    Flags,
    Handle,
    ListOf,
    Option,
    Primitive,
    Record,
    Result,
    Text,
    Tuple,
    Type,
    Variant,
)
from whorl.values import Err, Ok, Some

_FLOATS = {"f32", "f64"}
_LARGEST_F32 = 3.4028235677973366e38  # rounds to infinity


class Diagnosis:
    """Finds what is wrong with values.

    Args:
        of_resource: tells what keeps a value from being passed as the resource with a number, None if nothing does.
    """

    def __init__(self, of_resource: Callable[[int, Any], str | None] = lambda _resource, _x: None) -> None:
        self._of_resource = of_resource
        self._by_type: dict[type, Callable[[Any, Any, str], Iterator[str]]] = {
            Primitive: self._of_primitive,
            Text: self._of_text,
            ListOf: self._of_list,
            Tuple: self._of_tuple,
            Record: self._of_record,
            Enum: self._of_enum,
            Flags: self._of_flags,
            Option: self._of_option,
            Variant: self._of_variant,
            Result: self._of_result,
            Handle: self._of_handle,
        }

    def complaints(self, kind: Type, x: Any, path: str) -> Iterator[str]:
        """Yield what is wrong with a value, from the outside to the inside.

        Args:
            kind: what it should be.
            x: the value.
            path: where it is, for the messages.
        """
        yield from self._by_type[type(kind)](kind, x, path)

    def of_payload(self, kind: Type | None, x: Any, path: str) -> Iterator[str]:
        """Yield what is wrong with the payload of a case, which may have none."""
        if kind is not None:
            yield from self.complaints(kind, x, path)
        elif x is not None:
            yield _not_a(path, x, "None: there is no payload")

    def _of_primitive(self, kind: Primitive, x: Any, path: str) -> Iterator[str]:
        if not _is_primitive(kind, x):
            yield _not_a(path, x, f"a `{kind.name}`")

    def _of_text(self, _kind: Text, x: Any, path: str) -> Iterator[str]:
        if not isinstance(x, str):
            yield _not_a(path, x, "a string")
        elif not _is_encodable(x):
            yield f"{path}: {reprlib.repr(x)} has surrogates, which UTF-8 does not"

    def _of_tuple(self, kind: Tuple, x: Any, path: str) -> Iterator[str]:
        if not isinstance(x, tuple | list) or len(x) != len(kind.parts):
            yield _not_a(path, x, f"a tuple of {len(kind.parts)}")
            return
        for number, (part, value) in enumerate(zip(kind.parts, x, strict=True)):
            yield from self.complaints(part, value, f"{path}[{number}]")

    def _of_enum(self, kind: Enum, x: Any, path: str) -> Iterator[str]:
        if not isinstance(x, str) or x not in kind.names:
            yield _not_a(path, x, f"one of {_listed(kind.names)} (`{kind.name}`)")

    def _of_result(self, kind: Result, x: Any, path: str) -> Iterator[str]:
        if not isinstance(x, Ok | Err):
            yield _not_a(path, x, "`Ok(…)` or `Err(…)`")
            return
        case = "ok" if isinstance(x, Ok) else "err"
        yield from self.of_payload(dict(kind.cases)[case], x.value, f"{path}.{case}")

    def _of_handle(self, kind: Handle, x: Any, path: str) -> Iterator[str]:
        wrong = self._of_resource(kind.resource, x)
        if wrong is not None:
            yield f"{path}: {reprlib.repr(x)} {wrong}"

    def _of_list(self, kind: ListOf, x: Any, path: str) -> Iterator[str]:
        if kind.element == BYTE:
            if not is_bytes(x):
                yield _not_a(path, x, "bytes")
        elif not is_list(x):
            yield _not_a(path, x, "a list")
        else:
            for number, value in enumerate(x):
                yield from self.complaints(kind.element, value, f"{path}[{number}]")

    def _of_record(self, kind: Record, x: Any, path: str) -> Iterator[str]:
        for name, field in kind.fields:
            attribute = python_name(name)
            if isinstance(x, Mapping):
                key = name if name in x else attribute
                if key not in x:
                    yield f"{path}: {reprlib.repr(x)} has no key {attribute!r}, as a `{kind.name}` has"
                    return
                value = x[key]
            elif hasattr(x, attribute) and not isinstance(x, str | bytes):
                value = getattr(x, attribute)
            else:
                yield f"{path}: {reprlib.repr(x)} has no attribute `{attribute}`, as a `{kind.name}` has"
                return
            yield from self.complaints(field, value, f"{path}.{attribute}")

    def _of_flags(self, kind: Flags, x: Any, path: str) -> Iterator[str]:
        if not is_list(x):
            yield _not_a(path, x, f"a set of {_listed(kind.names)} (`{kind.name}`)")
            return
        for name in x:
            if name not in kind.names:
                yield _not_a(path, name, f"one of {_listed(kind.names)} (`{kind.name}`)")

    def _of_option(self, kind: Option, x: Any, path: str) -> Iterator[str]:
        if x is None:
            return
        if not kind.is_wrapped:
            yield from self.complaints(kind.value, x, path)
        elif not isinstance(x, Some):
            yield _not_a(path, x, "`Some(…)` or None")
        else:
            yield from self.complaints(kind.value, x.value, f"{path}.value")

    def _of_variant(self, kind: Variant, x: Any, path: str) -> Iterator[str]:
        cases = dict(kind.cases)
        case, payload = x if isinstance(x, tuple) and len(x) == len(("case", "payload")) else (x, None)
        if not isinstance(case, str) or case not in cases:
            example = f"({kind.cases[0][0]!r}, …)"
            yield _not_a(
                path, x, f"a case of `{kind.name}` and its payload, as in `{example}`; cases are {_listed(cases)}"
            )
        else:
            yield from self.of_payload(cases[case], payload, f"{path}.{case}")


def _is_primitive(kind: Primitive, x: Any) -> bool:
    if kind.name == "bool":
        return isinstance(x, bool)
    if kind.name == "char":
        return isinstance(x, str) and len(x) == 1 and _is_encodable(x)
    if kind.name in _FLOATS:
        is_number = isinstance(x, int | float) or hasattr(x, "__float__")
        return is_number and (kind.name == "f64" or not _LARGEST_F32 <= abs(float(x)) < float("inf"))
    if not isinstance(x, int) and not hasattr(x, "__index__"):
        return False
    bits = 8 * kind.size
    low, high = (0, 1 << bits) if kind.name.startswith("u") else (-(1 << (bits - 1)), 1 << (bits - 1))
    return low <= int(x.__index__()) < high


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _listed(names: Collection[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _not_a(path: str, x: Any, wanted: str) -> str:
    shown = x.value if isinstance(x, PythonEnum) else x
    return f"{path}: {reprlib.repr(shown)} is not {wanted}"

"""Python source that reads WIT values from a frame: one `struct` unpacking for what lies together, then expressions.

A frame is untrusted. Each pointer is checked against its size; lists inside lists may not have more bytes in them than
the frame has altogether, so that a small frame cannot stand for a large value, and all lists together not more values
than a million. What does not fit raises one of
`FAILURES`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from struct import error as StructError  # noqa: N812 - it is a class
from typing import Any

from whorl.engine.bridges.layouts import IN_MEMORY, Layout
from whorl.engine.bridges.records import RecordTypes
from whorl.engine.bridges.source import NUMBERS, Leaf, Source, struct_of
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
from whorl.engine.packing import MalformedError
from whorl.values import Err, Ok, Some

FAILURES = (StructError, ValueError, LookupError, OverflowError, TypeError)
"""What reading a frame that is none may raise; a `MalformedError` is a `ValueError`."""

_SURROGATES = range(0xD800, 0xE000)


@dataclass(frozen=True, slots=True)
class _Struct:
    """What is read by one unpacking.

    Attributes:
        layout: how the values lie.
        is_nested: they are elements of a list.
        leaves: what is unpacked.
    """

    layout: Layout
    is_nested: bool = False
    leaves: list[Leaf] = field(default_factory=list)

    def fresh(self) -> "_Struct":
        """Return an empty one of the same kind."""
        return replace(self, leaves=[])


class Lifting:
    """Makes the source that reads values of one bridge.

    Generated functions take the frame `m`, its size `z`, and `here`, which knows the handles and what is left to read.
    """

    def __init__(self, source: Source, records: RecordTypes) -> None:
        self._source = source
        self._records = records
        self._by_type: dict[type, Callable[[Any, int, _Struct], str]] = {
            Primitive: self._primitive,
            Text: self._text,
            ListOf: self._list,
            Handle: self._handle,
            Record: self._record,
            Tuple: self._tuple,
            Flags: self._flags,
            Enum: self._enum,
            Option: self._option,
            Variant: self._cases,
            Result: self._cases,
        }
        source.namespace.update(outside=_outside, char=_char, Some=Some, Ok=Ok, Err=Err)

    def function(self, name: str, types: Sequence[Type], layout: Layout, where: str) -> None:
        """Define `name(m, here)`, which returns a tuple of values that lie one after the other from `where` on.

        Args:
            name: of the function.
            types: of the values.
            layout: how they lie.
            where: an expression for the address of the first.
        """
        struct = _Struct(layout)
        parts = self._parts(types, 0, struct)
        counts = ["    here.left, here.values = z, 0"] if any(kind.has(_is_counted) for kind in types) else []
        lines = [f"def {name}(m, here):", "    z = len(m)", *counts]
        if struct.leaves:
            lines.append("    " + self._unpacked(struct, f"m, {where}", "unpack_from"))
        self._source.add(*lines, f"    return ({''.join(f'{part}, ' for part in parts)})")

    def _unpacked(self, struct: _Struct, arguments: str, how: str, size: int | None = None) -> str:
        leaves = sorted(struct.leaves)
        unpack = self._source.constant(getattr(struct_of(leaves, size), how), "unpack")
        return f"{_names(leaves)}, = {unpack}({arguments})"

    # An expression for a value; the numbers that it needs are leaves of the struct.

    def _value(self, kind: Type, offset: int, struct: _Struct) -> str:
        return self._by_type[type(kind)](kind, offset, struct)

    def _primitive(self, kind: Primitive, offset: int, struct: _Struct) -> str:
        number = self._leaf(offset, kind.format, kind.size, struct)
        return f"char({number})" if kind.name == "char" else number

    def _text(self, _kind: Text, offset: int, struct: _Struct) -> str:
        return f"str({self._bytes(1, offset, struct)[0]}, 'utf-8')"

    def _handle(self, kind: Handle, offset: int, struct: _Struct) -> str:
        number = self._leaf(offset, "I", 4, struct)
        return f"here.consume({kind.resource}, {number})" if kind.is_owned else f"here.things[{number}]"

    def _record(self, kind: Record, offset: int, struct: _Struct) -> str:
        made = self._source.constant(self._records.of(kind), "record")
        return f"{made}({', '.join(self._parts(kind.parts, offset, struct))})"

    def _tuple(self, kind: Tuple, offset: int, struct: _Struct) -> str:
        return f"({''.join(f'{part}, ' for part in self._parts(kind.parts, offset, struct))})"

    def _parts(self, types: Sequence[Type], offset: int, struct: _Struct) -> list[str]:
        places = struct.layout.places(types, offset)
        return [self._value(part, place, struct) for part, place in zip(types, places, strict=True)]

    def _list(self, kind: ListOf, offset: int, struct: _Struct) -> str:
        element = kind.element
        data, count = self._bytes(element.size, offset, struct)
        if element == BYTE:
            return data
        if isinstance(element, Primitive) and element.name != "char":
            return f"memoryview(here.few({count}, {data})).cast('{element.format}').tolist()"
        inner = _Struct(IN_MEMORY, is_nested=True)
        value = self._value(element, 0, inner)
        leaves = sorted(inner.leaves)
        iterate = self._source.constant(struct_of(leaves, element.size).iter_unpack, "iterate")
        return f"[{value} for {_names(leaves)}, in {iterate}(here.few({count}*{element.flats}, {data}))]"

    def _flags(self, kind: Flags, offset: int, struct: _Struct) -> str:
        number = self._number(kind.size, offset, struct)
        if kind.size == 1:
            table = [frozenset(name for bit, name in enumerate(kind.names) if n >> bit & 1) for n in range(256)]
            return f"{self._source.constant(table, 'flags')}[{number}]"
        names = self._source.constant(kind.names, "names")
        return f"frozenset([name for bit, name in enumerate({names}) if {number} >> bit & 1])"

    def _enum(self, kind: Enum, offset: int, struct: _Struct) -> str:
        number = self._number(kind.discriminant, offset, struct)
        return f"{self._source.constant(kind.names, 'names')}[{number}]"

    def _option(self, kind: Option, offset: int, struct: _Struct) -> str:
        number = self._number(kind.discriminant, offset, struct)
        raw, size = self._raw_payload(kind, offset, struct)
        some = self._payload(kind.value, struct, size, "Some({})" if kind.is_wrapped else "{}")
        return f"({some}(m, z, here, {raw}) if {number} == 1 else None if {number} == 0 else outside({number}, 0))"

    def _cases(self, kind: Variant | Result, offset: int, struct: _Struct) -> str:
        number = self._number(kind.discriminant, offset, struct)
        raw, size = self._raw_payload(kind, offset, struct)
        names = []
        for case, payload in kind.cases:
            made = f"{'Ok' if case == 'ok' else 'Err'}({{}})" if isinstance(kind, Result) else f"({case!r}, {{}})"
            names.append(self._payload(payload, struct, size, made))
        table = self._source.name("cases")
        self._source.add(f"{table} = ({', '.join(names)},)")
        return f"{table}[{number}](m, z, here, {raw})"

    def _raw_payload(self, kind: Option | Variant | Result, offset: int, struct: _Struct) -> tuple[str, int]:
        """Return the bytes of a payload, which are read when it is known what they are, and how many there are."""
        start = struct.layout.payload(kind)
        size = struct.layout.extent(kind) - start
        return self._leaf(offset + start, f"{size}s", size, struct) if size else "b''", size

    def _payload(self, kind: Type | None, struct: _Struct, size: int, made: str) -> str:
        """Define a function that reads a payload from `size` bytes, and return its name."""
        name = self._source.name("case")
        if kind is None:
            self._source.add(f"def {name}(m, z, here, raw): return {made.format('None')}")
            return name
        inner = struct.fresh()
        value = self._value(kind, 0, inner)
        unpacked = self._unpacked(inner, "raw", "unpack", size)
        self._source.add(f"def {name}(m, z, here, raw):", f"    {unpacked}", f"    return {made.format(value)}")
        return name

    def _leaf(self, offset: int, form: str, size: int, struct: _Struct) -> str:
        name = self._source.name("v")
        struct.leaves.append(Leaf(offset, form, size, name))
        return name

    def _number(self, size: int, offset: int, struct: _Struct) -> str:
        return self._leaf(offset, NUMBERS[size], size, struct)

    def _bytes(self, step: int, offset: int, struct: _Struct) -> tuple[str, str]:
        """Return the bytes that a pointer and a count of elements of `step` bytes tell of, and the count."""
        pointer = self._leaf(offset, "I", 4, struct)
        count = self._leaf(offset + struct.layout.step, "I", 4, struct)
        size = count if step == 1 else f"{count}*{step}"
        if struct.is_nested:
            return f"here.part(m, {pointer}, {size})", count
        return f"(m[{pointer}:{pointer}+{size}] if {pointer}+{size} <= z else outside({pointer}, {size}))", count


def _is_counted(kind: Type) -> bool:
    return isinstance(kind, ListOf) and kind.element != BYTE


def _names(leaves: Sequence[Leaf]) -> str:
    return ", ".join(leaf.expression for leaf in leaves)


def _outside(pointer: int, size: int) -> Any:
    raise MalformedError(f"{size} bytes at {pointer} are not in the frame")


def _char(number: int) -> str:
    if number in _SURROGATES:
        raise MalformedError(f"{number:#x} is no character")
    return chr(number)

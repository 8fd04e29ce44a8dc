"""Python source that writes WIT values: what lies together is packed by one call of `struct`, branch by branch.

What values point to is gathered behind them, in the order in which it was met. `replies` makes of this what answers a
guest's call, `requests` what calls a guest. A value that is not of its type raises one of `conversions.FAILURES`;
`diagnosis` then tells where.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from whorl.engine.bridges.conversions import HELPERS, bits_of, fields_of
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


class ManyValuesError(Exception):
    """There is no room for so many values."""


@dataclass(frozen=True, slots=True)
class Branch:
    """What is packed at once, in one branch.

    Attributes:
        finish: emits what is done with it.
        indent: of the branch's lines.
        origin: where it begins in the whole, or in the element of a list.
        elements: of a list: the names of its packed elements and of the handles in them; None for the whole.
        step: the size of an element.
        layout: how the values lie.
        leaves: what is packed.
    """

    finish: Callable[["Branch"], None]
    indent: str
    origin: int = 0
    elements: tuple[str, str] | None = None
    step: int = 0
    layout: Layout = IN_MEMORY
    leaves: list[Leaf] = field(default_factory=list)

    def branch(self) -> "Branch":
        """Return a copy for the lines of a branch."""
        return replace(self, indent=f"{self.indent}    ", leaves=[*self.leaves])

    def add(self, offset: int, form: str, size: int, expression: str) -> None:
        """Add a leaf."""
        self.leaves.append(Leaf(offset, form, size, expression))


class Lowering(ABC):
    """Makes the source that writes values.

    Generated functions keep what values point to in `blobs`, its end in `pos`, and where handles are in `fixes`.

    Args:
        source: what it is added to.
        records: the classes of whom it is for.
    """

    has_fixes = False
    """Whether who gets the values makes the handles, and has to know where they are."""

    pads_strings = False
    """Whether text and bytes have to be moved to even addresses, in the function that is being made."""

    def __init__(self, source: Source, records: RecordTypes) -> None:
        self._source = source
        self._records = records
        self._out: list[str] = []
        self._by_type: dict[type, Callable[[Any, str, int, Branch], None]] = {
            Primitive: self._primitive,
            Text: self._text,
            ListOf: self._list,
            Handle: self._handle,
            Record: self._record,
            Tuple: self._tuple,
            Flags: self._flags,
            Enum: self._enum,
            Option: self._inner,
            Variant: self._inner,
            Result: self._inner,
        }
        source.namespace.update(HELPERS, many=_many)

    def _emit(self, indent: str, *lines: str) -> None:
        self._out += [f"{indent}{line}" for line in lines]

    def _packed(self, leaves: list[Leaf], size: int) -> str:
        leaves = sorted(leaves)
        packer = self._source.constant(struct_of(leaves, size).pack, "pack")
        return f"{packer}({', '.join(leaf.expression for leaf in leaves)})"

    def _pad(self, alignment: int, indent: str) -> None:
        if alignment > 1:
            mask = alignment - 1
            self._emit(indent, f"if pos & {mask}: add(ZEROS[-pos & {mask}]); pos += -pos & {mask}")

    # What a value needs before it is packed is emitted, its leaves are added.

    def _tail(self, kind: Type, x: str, offset: int, struct: Branch) -> None:
        """Emit the lowering of a value behind which nothing comes: each branch is finished by itself."""
        if isinstance(kind, Option | Variant | Result):
            self._branches(kind, x, offset, struct)
        else:
            self._value(kind, x, offset, struct)
            struct.finish(struct)

    def _value(self, kind: Type, x: str, offset: int, struct: Branch) -> None:
        self._by_type[type(kind)](kind, x, offset, struct)

    def _primitive(self, kind: Primitive, x: str, offset: int, struct: Branch) -> None:
        taken = {"char": f"code_point({x})", "bool": f"BOOL[{x}]"}.get(kind.name, x)
        struct.add(offset, kind.format, kind.size, taken)

    def _text(self, _kind: Text, x: str, offset: int, struct: Branch) -> None:
        text = self._source.name("s")
        self._emit(struct.indent, f"{text} = {x}.encode()")
        self._point_to(text, offset, struct)

    def _point_to(self, data: str, offset: int, struct: Branch) -> None:
        """Emit that `data`, which are bytes, is pointed to."""
        size, pointer = self._source.name("n"), self._source.name("p")
        if self.pads_strings:
            self._pad(2, struct.indent)
        self._emit(struct.indent, f"{size} = len({data}); {pointer} = pos; pos += {size}; add({data})")
        struct.add(offset, "I", 4, pointer)
        struct.add(offset + struct.layout.step, "I", 4, size)

    @abstractmethod
    def _handle(self, kind: Handle, x: str, offset: int, struct: Branch) -> None:
        """Emit what makes a number of an object."""

    def _record(self, kind: Record, x: str, offset: int, struct: Branch) -> None:
        made = self._source.constant(self._records.of(kind), "record")
        fields = self._source.constant(fields_of(kind), "fields")
        self._parts(kind.parts, f"{x} if type({x}) is {made} else {fields}({x})", offset, struct)

    def _tuple(self, kind: Tuple, x: str, offset: int, struct: Branch) -> None:
        self._parts(kind.parts, f"{x} if type({x}) is tuple else as_parts({x})", offset, struct)

    def _parts(self, types: Sequence[Type], parts: str, offset: int, struct: Branch) -> None:
        names = [self._source.name("f") for _ in types]
        self._emit(struct.indent, f"{', '.join(names)}, = {parts}")
        for name, kind, at in zip(names, types, struct.layout.places(types, offset), strict=True):
            self._value(kind, name, at, struct)

    def _list(self, kind: ListOf, x: str, offset: int, struct: Branch) -> None:
        element, items = kind.element, self._source.name("l")
        if element == BYTE:
            self._emit(struct.indent, f"{items} = {x} if type({x}) is bytes else as_bytes({x})")
            self._point_to(items, offset, struct)
            return
        self._emit(
            struct.indent,
            f"{items} = {x} if type({x}) is list else as_list({x})",
            f"here.room -= len({items}) * {element.flats}",
            "if here.room < 0: many()",
        )
        count, pointer = self._source.name("n"), self._source.name("p")
        struct.add(offset, "I", 4, pointer)
        struct.add(offset + struct.layout.step, "I", 4, count)
        if isinstance(element, Primitive) and element.name not in ("char", "bool"):
            data, handles = f"pack(f'<{{{count}}}{element.format}', *{items})", None
        else:
            data, handles = self._elements(element, items, struct)
        self._pad(element.alignment, struct.indent)
        self._emit(
            struct.indent, f"{count} = len({items}); {pointer} = pos; pos += {count} * {element.size}; add({data})"
        )
        if handles is not None:
            self._emit(struct.indent, f"fixes += [({pointer} + at, resource) for at, resource in {handles}]")

    def _elements(self, element: Type, items: str, struct: Branch) -> tuple[str, str | None]:
        """Emit the lowering of a list's elements, and return what they are packed as, and where handles are in it."""
        packed, handles, item = self._source.name("b"), self._source.name("o"), self._source.name("e")
        self._emit(struct.indent, f"{packed} = []; {handles} = []", f"for {item} in {items}:")

        def finish(inner: Branch) -> None:
            self._emit(inner.indent, f"{packed}.append({self._packed(inner.leaves, element.size)})")

        inner = Branch(finish, f"{struct.indent}    ", elements=(packed, handles), step=element.size)
        self._tail(element, item, 0, inner)
        return f"b''.join({packed})", handles if self.has_fixes and element.has(is_handle) else None

    def _flags(self, kind: Flags, x: str, offset: int, struct: Branch) -> None:
        bits = self._source.constant(partial(bits_of, {name: 1 << bit for bit, name in enumerate(kind.names)}), "bits")
        struct.add(offset, NUMBERS[kind.size], kind.size, f"{bits}({x})")

    def _enum(self, kind: Enum, x: str, offset: int, struct: Branch) -> None:
        numbers = self._source.constant({name: number for number, name in enumerate(kind.names)}, "numbers")
        struct.add(offset, NUMBERS[kind.discriminant], kind.discriminant, f"{numbers}[{x}]")

    def _inner(self, kind: Option | Variant | Result, x: str, offset: int, struct: Branch) -> None:
        """Pack a value of several cases by itself, since something comes behind it."""
        raw, size = self._source.name("r"), struct.layout.extent(kind)

        def finish(inner: Branch) -> None:
            self._emit(inner.indent, f"{raw} = {self._packed(inner.leaves, size)}")

        self._branches(kind, x, 0, replace(struct, finish=finish, origin=struct.origin + offset, leaves=[]))
        struct.add(offset, f"{size}s", size, raw)

    # Cases.

    def _branches(self, kind: Option | Variant | Result, x: str, offset: int, struct: Branch) -> None:
        if isinstance(kind, Option):
            some = f"elif type({x}) is Some:" if kind.is_wrapped else "else:"
            conditions, payload = {"none": f"if {x} is None:", "some": some}, f"{x}.value" if kind.is_wrapped else x
        elif isinstance(kind, Result):
            conditions, payload = {"ok": f"if type({x}) is Ok:", "err": f"elif isinstance({x}, Err):"}, f"{x}.value"
        else:
            case, payload = self._source.name("c"), self._source.name("y")
            self._emit(struct.indent, f"{case}, {payload} = {x} if type({x}) is tuple else as_case({x})")
            tests = ["if", *["elif"] * (len(kind.cases) - 1)]
            conditions = {
                name: f"{test} {case} == {name!r}:" for test, (name, _) in zip(tests, kind.cases, strict=True)
            }
        for name, condition in conditions.items():
            self._emit(struct.indent, condition)
            self._case(kind, name, payload, offset, struct.branch())
        if "else:" not in conditions.values():
            self._emit(struct.indent, f"else: not_a({x})")

    def _case(self, kind: Option | Variant | Result, case: str, x: str, offset: int, struct: Branch) -> None:
        """Emit the lowering of one case, whose payload is `x`."""
        number = next(n for n, (name, _) in enumerate(kind.cases) if name == case)
        struct.add(offset, NUMBERS[kind.discriminant], kind.discriminant, str(number))
        payload = kind.cases[number][1]
        if payload is not None:
            self._tail(payload, x, offset + struct.layout.payload(kind), struct)
            return
        if not isinstance(kind, Option):
            self._emit(struct.indent, f"if {x} is not None: not_a({x})")
        struct.finish(struct)


def _many() -> None:
    raise ManyValuesError


def is_handle(kind: Type) -> bool:
    """Tell whether values are handles."""
    return isinstance(kind, Handle)


def points(kind: Type) -> bool:
    """Tell whether values point to something."""
    return isinstance(kind, Text | ListOf)

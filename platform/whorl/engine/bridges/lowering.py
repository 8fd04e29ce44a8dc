"""Python source that writes WIT values: what lies together is packed by one call of `struct`, branch by branch.

What a function returns goes into one reply: its header, the result, then what the result points to, in the order in
which it was met. A value that is not of its type raises one of `conversions.FAILURES`; `diagnosis` then tells where.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from whorl.engine.bridges.conversions import HELPERS, bits_of, fields_of
from whorl.engine.bridges.layouts import IN_MEMORY
from whorl.engine.bridges.protocol import HEADER_SIZE
from whorl.engine.bridges.records import RecordTypes
from whorl.engine.bridges.source import NUMBERS, Leaf, Source, struct_of
from whorl.engine.bridges.types import (
    BYTE,
    Cases,
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
    aligned,
)


class ManyValuesError(Exception):
    """There is no room for so many values."""


@dataclass(frozen=True, slots=True)
class _Struct:
    """What is packed at once, in one branch.

    Attributes:
        finish: emits what is done with it.
        indent: of the branch's lines.
        origin: where it begins in the result, or in the element of a list.
        elements: of a list: the names of its packed elements and of the handles in them; None for the result.
        step: the size of an element.
        leaves: what is packed.
    """

    finish: Callable[["_Struct"], None]
    indent: str
    origin: int = 0
    elements: tuple[str, str] | None = None
    step: int = 0
    leaves: list[Leaf] = field(default_factory=list)

    def branch(self) -> "_Struct":
        """Return a copy for the lines of a branch."""
        return replace(self, indent=f"{self.indent}    ", leaves=[*self.leaves])

    def add(self, offset: int, form: str, size: int, expression: str) -> None:
        """Add a leaf."""
        self.leaves.append(Leaf(offset, form, size, expression))


class Lowering:
    """Makes the source that writes values of one bridge.

    Generated functions keep what the result points to in `blobs`, its end in `pos`, and where handles are in `fixes`.

    Args:
        source: what it is added to.
        records: the classes of the bridge.
        are_strings_even: text and bytes begin at even addresses.
    """

    def __init__(self, source: Source, records: RecordTypes, *, are_strings_even: bool = False) -> None:
        self._source = source
        self._records = records
        self._are_strings_even = are_strings_even
        self._pads_strings = False
        self._out: list[str] = []
        self._by_type: dict[type, Callable[[Any, str, int, _Struct], None]] = {
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

    def function(self, name: str, kind: Type | None, case: str | None = None) -> None:
        """Define `name(x, base, here)`, which returns the reply to a call.

        `base` is where the guest will have the reply; `here` takes handles, and has `room` for so many values, else it
        is a `ManyValuesError`.

        Args:
            name: of the function.
            kind: of the result, None if there is none.
            case: if the result is a `result`, `x` is the payload of this case.
        """
        self._out = [f"def {name}(x, base, here):"]
        crossing = dict(kind.cases)[case] if case is not None and isinstance(kind, Result) else kind
        if isinstance(crossing, Handle):
            self._handle_alone(kind, crossing, case)
        else:
            self._result(kind, crossing, case)
        self._source.add(*self._out)

    def _handle_alone(self, kind: Type | None, handle: Handle, case: str | None) -> None:
        """Emit the lowering of a result that is a handle, by itself or as the payload of `ok`: all in one packing."""
        size, at, leaves = 4, 0, []
        if isinstance(kind, Result):
            size, at = kind.size, kind.payload_offset
            number = [name for name, _ in kind.cases].index(str(case))
            leaves.append(Leaf(HEADER_SIZE, NUMBERS[kind.discriminant], kind.discriminant, str(number)))
        end = HEADER_SIZE + aligned(size, 4)
        header = ("0", f"base + {HEADER_SIZE}", f"base + {end}", "1")
        leaves += [Leaf(4 * n, "I", 4, each) for n, each in enumerate(header)]
        leaves.append(Leaf(HEADER_SIZE + at, "I", 4, f"here.own({handle.resource}, x)"))
        fix = (f"base + {HEADER_SIZE + at}", str(handle.resource))
        leaves += [Leaf(end + 4 * n, "I", 4, each) for n, each in enumerate(fix)]
        self._emit("    ", f"return {self._packed(leaves, end + 8)}")

    def _result(self, kind: Type | None, crossing: Type | None, case: str | None) -> None:
        """Emit the lowering of any result, of which `crossing` is what is there in this case."""
        size = 0 if kind is None else kind.size
        has_handles = crossing is not None and crossing.has(_is_handle)
        self._pads_strings = self._are_strings_even and crossing is not None and _most_blobs(crossing) > 1
        has_blobs = has_handles or (crossing is not None and crossing.has(_points))
        if has_blobs:
            fixes = "fixes = []; " if has_handles else ""
            self._emit("    ", f"blobs = []; {fixes}add = blobs.append; pos = base + {HEADER_SIZE + size}")

        def finish(struct: _Struct) -> None:
            head = ["0", f"base + {HEADER_SIZE}", "0", "0"]
            if has_handles:
                self._pad(4, struct.indent)
                self._emit(struct.indent, "add(b''.join([PAIR(*fix) for fix in fixes]))")
                head[2:] = ["pos", "len(fixes)"]
            leaves = [Leaf(4 * n, "I", 4, each) for n, each in enumerate(head)]
            leaves += [leaf._replace(offset=leaf.offset + HEADER_SIZE) for leaf in struct.leaves]
            packed = self._packed(leaves, HEADER_SIZE + size)
            self._emit(struct.indent, f"return b''.join(({packed}, *blobs))" if has_blobs else f"return {packed}")

        struct = _Struct(finish, "    ")
        if kind is None:
            finish(struct)
        elif case is not None and isinstance(kind, Result):
            self._case(kind, case, "x", 0, struct)
        else:
            self._tail(kind, "x", 0, struct)

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

    def _tail(self, kind: Type, x: str, offset: int, struct: _Struct) -> None:
        """Emit the lowering of a value behind which nothing comes: each branch is finished by itself."""
        if isinstance(kind, Option | Variant | Result):
            self._branches(kind, x, offset, struct)
        else:
            self._value(kind, x, offset, struct)
            struct.finish(struct)

    def _value(self, kind: Type, x: str, offset: int, struct: _Struct) -> None:
        self._by_type[type(kind)](kind, x, offset, struct)

    def _primitive(self, kind: Primitive, x: str, offset: int, struct: _Struct) -> None:
        taken = {"char": f"code_point({x})", "bool": f"BOOL[{x}]"}.get(kind.name, x)
        struct.add(offset, kind.format, kind.size, taken)

    def _text(self, _kind: Text, x: str, offset: int, struct: _Struct) -> None:
        text = self._source.name("s")
        self._emit(struct.indent, f"{text} = {x}.encode()")
        self._point_to(text, offset, struct)

    def _point_to(self, data: str, offset: int, struct: _Struct) -> None:
        """Emit that `data`, which are bytes, is pointed to."""
        size, pointer = self._source.name("n"), self._source.name("p")
        if self._pads_strings:
            self._pad(2, struct.indent)
        self._emit(struct.indent, f"{size} = len({data}); {pointer} = pos; pos += {size}; add({data})")
        struct.add(offset, "I", 4, pointer)
        struct.add(offset + 4, "I", 4, size)

    def _handle(self, kind: Handle, x: str, offset: int, struct: _Struct) -> None:
        handle = self._source.name("h")
        at = struct.origin + offset
        if struct.elements is None:
            fix = f"fixes.append((base + {HEADER_SIZE + at}, {kind.resource}))"
        else:
            packed, handles = struct.elements
            fix = f"{handles}.append((len({packed}) * {struct.step} + {at}, {kind.resource}))"
        self._emit(struct.indent, f"{handle} = here.own({kind.resource}, {x}); {fix}")
        struct.add(offset, "I", 4, handle)

    def _record(self, kind: Record, x: str, offset: int, struct: _Struct) -> None:
        made = self._source.constant(self._records.of(kind), "record")
        fields = self._source.constant(fields_of(kind), "fields")
        self._parts(kind.parts, f"{x} if type({x}) is {made} else {fields}({x})", offset, struct)

    def _tuple(self, kind: Tuple, x: str, offset: int, struct: _Struct) -> None:
        self._parts(kind.parts, f"{x} if type({x}) is tuple else as_parts({x})", offset, struct)

    def _parts(self, types: Sequence[Type], parts: str, offset: int, struct: _Struct) -> None:
        names = [self._source.name("f") for _ in types]
        self._emit(struct.indent, f"{', '.join(names)}, = {parts}")
        for name, kind, at in zip(names, types, IN_MEMORY.places(types, offset), strict=True):
            self._value(kind, name, at, struct)

    def _list(self, kind: ListOf, x: str, offset: int, struct: _Struct) -> None:
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
        struct.add(offset + 4, "I", 4, count)
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

    def _elements(self, element: Type, items: str, struct: _Struct) -> tuple[str, str | None]:
        """Emit the lowering of a list's elements, and return what they are packed as, and where handles are in it."""
        packed, handles, item = self._source.name("b"), self._source.name("o"), self._source.name("e")
        self._emit(struct.indent, f"{packed} = []; {handles} = []", f"for {item} in {items}:")

        def finish(inner: _Struct) -> None:
            self._emit(inner.indent, f"{packed}.append({self._packed(inner.leaves, element.size)})")

        inner = _Struct(finish, f"{struct.indent}    ", elements=(packed, handles), step=element.size)
        self._tail(element, item, 0, inner)
        return f"b''.join({packed})", handles if element.has(_is_handle) else None

    def _flags(self, kind: Flags, x: str, offset: int, struct: _Struct) -> None:
        bits = self._source.constant(partial(bits_of, {name: 1 << bit for bit, name in enumerate(kind.names)}), "bits")
        struct.add(offset, NUMBERS[kind.size], kind.size, f"{bits}({x})")

    def _enum(self, kind: Enum, x: str, offset: int, struct: _Struct) -> None:
        numbers = self._source.constant({name: number for number, name in enumerate(kind.names)}, "numbers")
        struct.add(offset, NUMBERS[kind.discriminant], kind.discriminant, f"{numbers}[{x}]")

    def _inner(self, kind: Option | Variant | Result, x: str, offset: int, struct: _Struct) -> None:
        """Pack a value of several cases by itself, since something comes behind it."""
        raw = self._source.name("r")

        def finish(inner: _Struct) -> None:
            self._emit(inner.indent, f"{raw} = {self._packed(inner.leaves, kind.size)}")

        self._branches(kind, x, 0, replace(struct, finish=finish, origin=struct.origin + offset, leaves=[]))
        struct.add(offset, f"{kind.size}s", kind.size, raw)

    # Cases.

    def _branches(self, kind: Option | Variant | Result, x: str, offset: int, struct: _Struct) -> None:
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

    def _case(self, kind: Option | Variant | Result, case: str, x: str, offset: int, struct: _Struct) -> None:
        """Emit the lowering of one case, whose payload is `x`."""
        number = next(n for n, (name, _) in enumerate(kind.cases) if name == case)
        struct.add(offset, NUMBERS[kind.discriminant], kind.discriminant, str(number))
        payload = kind.cases[number][1]
        if payload is not None:
            self._tail(payload, x, offset + kind.payload_offset, struct)
            return
        if not isinstance(kind, Option):
            self._emit(struct.indent, f"if {x} is not None: not_a({x})")
        struct.finish(struct)


def _many() -> None:
    raise ManyValuesError


def _is_handle(kind: Type) -> bool:
    return isinstance(kind, Handle)


def _points(kind: Type) -> bool:
    return isinstance(kind, Text | ListOf)


def _most_blobs(kind: Type) -> int:
    """Return how much a value may point to at most, 2 standing for more."""
    if isinstance(kind, ListOf) and kind.element != BYTE:
        return 2
    if _points(kind):
        return 1
    each = [_most_blobs(inner) for inner in kind.inner]
    return min(max(each, default=0) if isinstance(kind, Cases) else sum(each), 2)

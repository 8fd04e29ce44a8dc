"""WIT types, with the sizes and alignments of their values.

They are those of the canonical ABI (Component Model, "Alignment", "Element Size" and "Flattening").
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final


class Type:
    """A WIT type.

    Attributes:
        size: of a value in memory, in bytes.
        alignment: of a value in memory, in bytes.
        flats: how many flat values it becomes.
    """

    size: int
    alignment: int
    flats: int

    @property
    def inner(self) -> Sequence["Type"]:
        """The types that it is made of."""
        return ()

    @cached_property
    def count(self) -> int:
        """How many types and cases there are in it, each as often as it is there."""
        return 1 + sum(1 + each.count for each in self.inner)

    @cached_property
    def depth(self) -> int:
        """How many types there are in each other."""
        return 1 + max((each.depth for each in self.inner), default=0)

    def has(self, is_wanted: Callable[["Type"], bool]) -> bool:
        """Tell whether it, or a type that it is made of, is wanted."""
        return is_wanted(self) or any(each.has(is_wanted) for each in self.inner)


@dataclass(frozen=True)
class Primitive(Type):
    """A type that is one number: integers, floats, `bool`, `char`."""

    name: str
    format: str
    size: int
    flats = 1

    @property
    def alignment(self) -> int:  # type: ignore[override]
        """Its size."""
        return self.size


@dataclass(frozen=True)
class Text(Type):
    """`string`."""

    name = "string"
    size = 8
    alignment = 4
    flats = 2


@dataclass(frozen=True)
class ListOf(Type):
    """`list<T>`."""

    element: Type
    size = 8
    alignment = 4
    flats = 2

    @property
    def inner(self) -> Sequence[Type]:
        """The type of its elements."""
        return (self.element,)


class _Product(Type):
    """A type whose values are values of others, one after the other."""

    parts: tuple[Type, ...]

    @property
    def inner(self) -> Sequence[Type]:
        """The types of its parts."""
        return self.parts

    @cached_property
    def size(self) -> int:  # type: ignore[override]
        """Where the last part ends, aligned."""
        places = places_of(self.parts, 0)
        return aligned(max(at + part.size for part, at in zip(self.parts, places, strict=True)), self.alignment)

    @cached_property
    def alignment(self) -> int:  # type: ignore[override]
        """That of the strictest part."""
        return max(part.alignment for part in self.parts)

    @cached_property
    def flats(self) -> int:  # type: ignore[override]
        """All of the parts."""
        return sum(part.flats for part in self.parts)


@dataclass(frozen=True)
class Tuple(_Product):
    """`tuple<…>`."""

    parts: tuple[Type, ...]


@dataclass(frozen=True)
class Record(_Product):
    """`record`."""

    name: str
    fields: tuple[tuple[str, Type], ...]

    @cached_property
    def parts(self) -> tuple[Type, ...]:  # type: ignore[override]
        """The types of its fields."""
        return tuple(kind for _, kind in self.fields)


class Cases(Type):
    """A type whose values are one of several cases."""

    cases: tuple[tuple[str, Type | None], ...]

    @cached_property
    def discriminant(self) -> int:
        """The size of the number that tells the case."""
        return _number_size(len(self.cases))

    @cached_property
    def alignment(self) -> int:  # type: ignore[override]
        """That of the strictest payload, at least that of the discriminant."""
        return max(self.discriminant, *(kind.alignment for kind in self.payloads), 1)

    @cached_property
    def payload_offset(self) -> int:
        """Where payloads lie in memory."""
        return aligned(self.discriminant, max((kind.alignment for kind in self.payloads), default=1))

    @cached_property
    def size(self) -> int:  # type: ignore[override]
        """Room for the largest payload."""
        return aligned(self.payload_offset + max((kind.size for kind in self.payloads), default=0), self.alignment)

    @cached_property
    def flats(self) -> int:  # type: ignore[override]
        """The discriminant, and room for the longest payload."""
        return 1 + max((kind.flats for kind in self.payloads), default=0)

    @property
    def inner(self) -> Sequence[Type]:
        """The types of its payloads."""
        return self.payloads

    @property
    def payloads(self) -> list[Type]:
        """The types of the payloads that there are."""
        return [kind for _, kind in self.cases if kind is not None]


@dataclass(frozen=True)
class Variant(Cases):
    """`variant`."""

    name: str
    cases: tuple[tuple[str, Type | None], ...]


@dataclass(frozen=True)
class Enum(Cases):
    """`enum`."""

    name: str
    names: tuple[str, ...]

    @cached_property
    def cases(self) -> tuple[tuple[str, Type | None], ...]:  # type: ignore[override]
        """Its names, without payloads."""
        return tuple((name, None) for name in self.names)


@dataclass(frozen=True)
class Option(Cases):
    """`option<T>`."""

    value: Type

    @cached_property
    def cases(self) -> tuple[tuple[str, Type | None], ...]:  # type: ignore[override]
        """`none` and `some`."""
        return (("none", None), ("some", self.value))

    @property
    def is_wrapped(self) -> bool:
        """Whether a value is given as `Some`, because it may be None itself."""
        return isinstance(self.value, Option)


@dataclass(frozen=True)
class Result(Cases):
    """`result<T, E>`."""

    ok: Type | None
    err: Type | None

    @cached_property
    def cases(self) -> tuple[tuple[str, Type | None], ...]:  # type: ignore[override]
        """`ok` and `err`."""
        return (("ok", self.ok), ("err", self.err))


@dataclass(frozen=True)
class Flags(Type):
    """`flags`, at most 32 of them."""

    name: str
    names: tuple[str, ...]
    flats = 1

    @cached_property
    def size(self) -> int:  # type: ignore[override]
        """A bit for each."""
        return _number_size(1 << len(self.names))

    @property
    def alignment(self) -> int:  # type: ignore[override]
        """Its size."""
        return self.size


@dataclass(frozen=True)
class Handle(Type):
    """`own<R>` or `borrow<R>`; `resource` is the index of `R` among those of the bridge."""

    resource: int
    is_owned: bool
    size = 4
    alignment = 4
    flats = 1


PRIMITIVES: Final = {
    name: Primitive(name, form, size)
    for name, form, size in (
        ("bool", "?", 1),
        ("u8", "B", 1),
        ("s8", "b", 1),
        ("u16", "H", 2),
        ("s16", "h", 2),
        ("u32", "I", 4),
        ("s32", "i", 4),
        ("u64", "Q", 8),
        ("s64", "q", 8),
        ("f32", "f", 4),
        ("f64", "d", 8),
        ("char", "I", 4),
    )
}
BYTE: Final = PRIMITIVES["u8"]


def places_of(parts: Sequence[Type], offset: int) -> Iterator[int]:
    """Yield where each of `parts` lies in memory, the first at `offset` or behind it."""
    for part in parts:
        offset = aligned(offset, part.alignment)
        yield offset
        offset += part.size


def aligned(offset: int, alignment: int) -> int:
    """Return the next multiple of `alignment`."""
    return -(-offset // alignment) * alignment


def _number_size(values: int) -> int:
    """Return the size of an unsigned number with so many values."""
    return 1 if values <= 1 << 8 else 2 if values <= 1 << 16 else 4

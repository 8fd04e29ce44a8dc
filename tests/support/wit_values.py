"""WIT types and values of them, made up at random from a seed."""

import struct
from collections.abc import Callable
from random import Random
from typing import Any

from whorl.engine.bridges.records import RecordTypes
from whorl.engine.bridges.types import (
    BYTE,
    PRIMITIVES,
    Enum,
    Flags,
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

_LONGEST = 4
_TEXT = "aé€😀\0\n\ud7ff\ue000\U0010ffff"
_FLOATS = (0.0, -0.0, 1.5, -2.25, float("inf"), float("-inf"), 5e-324, 1.7976931348623157e308)


class MadeUpTypes:
    """Makes up types, without resources."""

    def __init__(self, random: Random) -> None:
        self._random = random

    def type(self, depth: int = 3) -> Type:
        """Make up a type that is at most so deep."""
        kinds: list[Callable[[int], Type]] = [self._simple]
        if depth:
            kinds += [self._list, self._option, self._result, self._tuple, self._record, self._variant]
        return self._random.choice(kinds)(depth - 1)

    def _simple(self, _depth: int) -> Type:
        random = self._random
        match random.randrange(8):
            case 0:
                return Enum("kind", _names(random.choice((1, 3, 256, 257))))
            case 1:
                return Flags("marks", _names(random.choice((1, 8, 9, 16, 17, 32))))
            case 2:
                return Text()
            case 3:
                return ListOf(BYTE)
        return random.choice(list(PRIMITIVES.values()))

    def _list(self, depth: int) -> Type:
        return ListOf(self.type(depth))

    def _option(self, depth: int) -> Type:
        return Option(self.type(depth))

    def _result(self, depth: int) -> Type:
        return Result(self._maybe(depth), self._maybe(depth))

    def _tuple(self, depth: int) -> Type:
        return Tuple(tuple(self.type(depth) for _ in range(self._random.randint(1, 5))))

    def _record(self, depth: int) -> Type:
        names = _names(self._random.randint(1, 5))
        return Record("thing", tuple((name, self.type(depth)) for name in names))

    def _variant(self, depth: int) -> Type:
        names = _names(self._random.choice((1, 2, 3, 5, 300)))
        return Variant("shape", tuple((name, self._maybe(depth) if n < 5 else None) for n, name in enumerate(names)))

    def _maybe(self, depth: int) -> Type | None:
        return self.type(depth) if self._random.randrange(3) else None


class MadeUpValues:
    """Makes up values, as they are lifted."""

    def __init__(self, random: Random, records: RecordTypes) -> None:
        self._random = random
        self._records = records
        self._by_type: dict[type, Callable[[Any], Any]] = {
            Primitive: self._primitive,
            Text: self._text,
            ListOf: self._list,
            Enum: lambda kind: self._random.choice(kind.names),
            Flags: self._flags,
            Tuple: lambda kind: tuple(map(self.of, kind.parts)),
            Record: lambda kind: self._records.of(kind)(*map(self.of, kind.parts)),
            Option: self._option,
            Result: self._result,
            Variant: self._variant,
        }

    def of(self, kind: Type) -> Any:
        """Make up a value of a type."""
        return self._by_type[type(kind)](kind)

    def _primitive(self, kind: Primitive) -> Any:
        random = self._random
        if kind.name == "bool":
            return random.random() < 0.5
        if kind.name == "char":
            return random.choice(_TEXT)
        if kind.name.startswith("f"):
            value = random.choice((*_FLOATS, random.uniform(-1e9, 1e9)))
            return value if kind.name == "f64" else _rounded(value)
        bits = 8 * kind.size
        number = random.choice((0, 1, (1 << bits) - 1, 1 << (bits - 1), random.getrandbits(bits)))
        return number - (1 << bits) if kind.name.startswith("s") and number >> (bits - 1) else number

    def _text(self, _kind: Text) -> str:
        return "".join(self._random.choices(_TEXT, k=self._random.choice((0, 1, 3, 30))))

    def _list(self, kind: ListOf) -> Any:
        if kind.element == BYTE:
            return self._random.randbytes(self._random.choice((0, 1, 7, 40)))
        return [self.of(kind.element) for _ in range(self._random.randint(0, _LONGEST))]

    def _flags(self, kind: Flags) -> frozenset[str]:
        return frozenset(self._random.sample(kind.names, self._random.randint(0, len(kind.names))))

    def _option(self, kind: Option) -> Any:
        if self._random.random() < 0.3:
            return None
        value = self.of(kind.value)
        return Some(value) if kind.is_wrapped else value

    def _result(self, kind: Result) -> Any:
        return self._random.choice((lambda: Ok(self._payload(kind.ok)), lambda: Err(self._payload(kind.err))))()

    def _variant(self, kind: Variant) -> Any:
        case, payload = self._random.choice(kind.cases)
        return case, self._payload(payload)

    def _payload(self, kind: Type | None) -> Any:
        return None if kind is None else self.of(kind)


def _names(count: int) -> tuple[str, ...]:
    return tuple(f"part-{number}" for number in range(count))


def _rounded(value: float) -> float:
    try:
        rounded: float = struct.unpack("<f", struct.pack("<f", value))[0]
    except OverflowError:
        return 1.0
    return rounded

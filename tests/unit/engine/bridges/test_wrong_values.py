"""A value from Python that is not what WIT says: it is refused, and the message has the path to what is wrong."""

from dataclasses import dataclass
from enum import Enum as PythonEnum
from enum import StrEnum
from types import SimpleNamespace
from typing import Any

import pytest

from whorl.engine.bridges import conversions
from whorl.engine.bridges.diagnosis import Diagnosis
from whorl.engine.bridges.layouts import IN_MEMORY
from whorl.engine.bridges.lifting import Lifting
from whorl.engine.bridges.protocol import HEADER_SIZE
from whorl.engine.bridges.records import RecordTypes
from whorl.engine.bridges.replies import ReplyLowering
from whorl.engine.bridges.source import Source
from whorl.engine.bridges.types import (
    BYTE,
    PRIMITIVES,
    Enum,
    Flags,
    ListOf,
    Option,
    Record,
    Result,
    Text,
    Tuple,
    Type,
    Variant,
)
from whorl.values import Err, Ok, Some

U8, S16, F32, F64, BOOL, CHAR = (PRIMITIVES[name] for name in ("u8", "s16", "f32", "f64", "bool", "char"))
POINT = Record("point", (("x", F64), ("left-y", U8)))
SHAPE = Variant("shape", (("none", None), ("circle", F32), ("many", ListOf(POINT))))
COLOR = Enum("color", ("red", "light-green"))
MARKS = Flags("marks", ("read", "write"))
BASE = 160


class Here:
    """Stands for a guest without handles."""

    left = 0
    room = 1000

    def part(self, frame: bytes, pointer: int, size: int) -> bytes:
        return frame[pointer : pointer + size]

    def few(self, _count: int, data: bytes) -> bytes:
        return data


def there_and_back(kind: Type, value: Any) -> Any:
    """Lower and lift a value."""
    records, source = RecordTypes(), Source({})
    ReplyLowering(source, records).function("lower", kind)
    Lifting(source, records).function("lift", [kind], IN_MEMORY, str(BASE + HEADER_SIZE))
    made = source.compile()
    (lifted,) = made["lift"](bytes(BASE) + made["lower"](value, BASE, Here()), Here())
    return lifted


@pytest.mark.parametrize(
    ("kind", "value", "complaint"),
    [
        (U8, 256, "x: 256 is not a `u8`"),
        (U8, -1, "x: -1 is not a `u8`"),
        (U8, 1.0, "x: 1.0 is not a `u8`"),
        (U8, None, "x: None is not a `u8`"),
        (S16, -32769, "x: -32769 is not a `s16`"),
        (F32, 1e39, "x: 1e+39 is not a `f32`"),
        (F64, "1", "x: '1' is not a `f64`"),
        (BOOL, "no", "x: 'no' is not a `bool`"),
        (BOOL, 2, "x: 2 is not a `bool`"),
        (CHAR, "ab", "x: 'ab' is not a `char`"),
        (CHAR, "", "x: '' is not a `char`"),
        (CHAR, "\ud800", "x: '\\ud800' is not a `char`"),
        (Text(), b"bytes", "x: b'bytes' is not a string"),
        (Text(), "\udcff", "x: '\\udcff' has surrogates, which UTF-8 does not"),
        (ListOf(BYTE), "text", "x: 'text' is not bytes"),
        (ListOf(BYTE), [1, 2], "x: [1, 2] is not bytes"),
        (ListOf(BYTE), 5, "x: 5 is not bytes"),
        (ListOf(Text()), "abc", "x: 'abc' is not a list"),
        (ListOf(Text()), {"a": 1}, "x: {'a': 1} is not a list"),
        (ListOf(Text()), ["a", 1], "x[1]: 1 is not a string"),
        (ListOf(S16), [1, 40_000], "x[1]: 40000 is not a `s16`"),
        (ListOf(S16), 7, "x: 7 is not a list"),
        (Tuple((U8, Text())), "ab", "x: 'ab' is not a tuple of 2"),
        (Tuple((U8, Text())), (1,), "x: (1,) is not a tuple of 2"),
        (Tuple((U8, Text())), (1, 2), "x[1]: 2 is not a string"),
        (POINT, (1.0, 2), "x: (1.0, 2) has no attribute `x`, as a `point` has"),
        (POINT, SimpleNamespace(x=1.0), "x: namespace(x=1.0) has no attribute `left_y`, as a `point` has"),
        (POINT, {"x": 1.0}, "x: {'x': 1.0} has no key 'left_y', as a `point` has"),
        (POINT, {"x": 1.0, "left-y": 300}, "x.left_y: 300 is not a `u8`"),
        (COLOR, "blue", "x: 'blue' is not one of `red`, `light-green` (`color`)"),
        (COLOR, 0, "x: 0 is not one of `red`, `light-green` (`color`)"),
        (COLOR, ["red"], "x: ['red'] is not one of `red`, `light-green` (`color`)"),
        (MARKS, "read", "x: 'read' is not a set of `read`, `write` (`marks`)"),
        (MARKS, {"read", "run"}, "x: 'run' is not one of `read`, `write` (`marks`)"),
        (Option(U8), "1", "x: '1' is not a `u8`"),
        (Option(Option(U8)), 1, "x: 1 is not `Some(…)` or None"),
        (Option(Option(U8)), Some("1"), "x.value: '1' is not a `u8`"),
        (Result(U8, Text()), 1, "x: 1 is not `Ok(…)` or `Err(…)`"),
        (Result(U8, Text()), Ok("1"), "x.ok: '1' is not a `u8`"),
        (Result(U8, Text()), Err(1), "x.err: 1 is not a string"),
        (Result(None, None), Ok(1), "x.ok: 1 is not None: there is no payload"),
        (SHAPE, "square", "x: 'square' is not a case of `shape` and its payload, as in `('none', …)`; cases are"),
        (SHAPE, ("none", 1), "x.none: 1 is not None: there is no payload"),
        (SHAPE, ("circle",), "x: ('circle',) is not a case of `shape`"),
        (SHAPE, "circle", "x.circle: None is not a `f32`"),
        (SHAPE, ("many", [{"x": 1, "left-y": 2}, {"x": "1", "left-y": 2}]), "x.many[1].x: '1' is not a `f64`"),
        (SHAPE, 1, "x: 1 is not a case of `shape`"),
    ],
)
def test_it_is_refused_and_named(kind: Type, value: Any, complaint: str) -> None:
    with pytest.raises(conversions.FAILURES):
        there_and_back(kind, value)
    with pytest.raises(conversions.FAILURES):
        there_and_back(Tuple((kind, U8)), (value, 1))  # where something comes behind it
    assert next(Diagnosis().complaints(kind, value, "x")).startswith(complaint)
    inside = next(Diagnosis().complaints(ListOf(Tuple((kind, U8))), [(value, 1)], "x"))
    assert inside.startswith(f"x[0][0]{complaint[1:]}")


@dataclass
class Point:
    """A record as users write them."""

    x: float
    left_y: int


class Color(StrEnum):
    """An enum as users write them."""

    GREEN = "light-green"


class Plain(PythonEnum):
    """An enum that is no string."""

    RED = "red"


@pytest.mark.parametrize(
    ("kind", "value", "lifted"),
    [
        (POINT, Point(1.5, 2), (1.5, 2)),
        (POINT, {"x": 1.5, "left-y": 2}, (1.5, 2)),
        (POINT, {"x": 1, "left_y": 2}, (1.0, 2)),
        (COLOR, Color.GREEN, "light-green"),
        (MARKS, ["write", "write"], frozenset({"write"})),
        (MARKS, {"read": 1}.keys(), frozenset({"read"})),
        (SHAPE, "none", ("none", None)),
        (ListOf(BYTE), bytearray(b"ab"), b"ab"),
        (ListOf(BYTE), memoryview(b"abc")[1:], b"bc"),
        (ListOf(U8), bytearray(b"ab"), b"ab"),
        (ListOf(S16), (1, 2), [1, 2]),
        (ListOf(S16), range(3), [0, 1, 2]),
        (ListOf(Text()), {"a": 1}.keys(), ["a"]),
        (Tuple((U8, Text())), [1, "a"], (1, "a")),
        (F64, 1, 1.0),
        (BOOL, True, True),
        (Option(Text()), None, None),
        (Option(Option(U8)), Some(None), Some(None)),
    ],
)
def test_what_stands_for_a_value_is_taken(kind: Type, value: Any, lifted: Any) -> None:
    assert there_and_back(kind, value) == lifted
    assert next(Diagnosis().complaints(kind, value, "x"), None) is None


def test_an_enum_that_is_no_string_is_refused_by_its_value() -> None:
    assert next(Diagnosis().complaints(COLOR, Plain.RED, "x")).startswith("x: 'red' is not one of")

"""Methods whose signatures say that they cannot take what a guest gives them are found before they are called."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Literal, Protocol

import pytest

from whorl.engine.bridges.signatures import complaint
from whorl.engine.bridges.types import BYTE, PRIMITIVES, Enum, Handle, ListOf, Option, Record, Text, Tuple, Type

U32, F64, BOOL, CHAR = (PRIMITIVES[name] for name in ("u32", "f64", "bool", "char"))
POINT = Record("point", (("x", F64),))


class Color(StrEnum):
    RED = "red"


class Closing(Protocol):
    def close(self) -> None: ...


@dataclass
class Point:
    x: float


class Customers:
    def __init__(self, limit: int) -> None: ...

    def plain(self, a, b): ...  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201

    def text(self, a: str) -> None: ...

    def data(self, a: bytes) -> None: ...

    def number(self, a: int) -> None: ...

    def real(self, a: float) -> None: ...

    def several(self, a: list[str]) -> None: ...

    def pair(self, a: tuple[int, str]) -> None: ...

    def maybe(self, a: int | None) -> None: ...

    def color(self, a: Color) -> None: ...

    def one_of(self, a: Literal["red"]) -> None: ...

    def any(self, a: Any) -> None: ...

    def sequence(self, a: Sequence[str]) -> None: ...

    def rest(self, *a: int) -> None: ...

    def defaulted(self, a: int, b: int = 1) -> None: ...

    def unknown(self, a: "NotThere", b: int) -> "NorThis": ...  # type: ignore[name-defined]  # noqa: F821

    def annotated(self, a: Annotated[int, "x"]) -> None: ...

    def protocol(self, a: Closing) -> None: ...

    def point(self, a: Point) -> None: ...

    def customer(self, a: "Customers") -> None: ...


HERE = Customers(1)


@pytest.mark.parametrize(
    ("call", "types"),
    [
        (HERE.plain, [U32, Text()]),
        (HERE.text, [Text()]),
        (HERE.text, [CHAR]),
        (HERE.text, [Enum("color", ("red",))]),
        (HERE.data, [ListOf(BYTE)]),
        (HERE.number, [U32]),
        (HERE.real, [F64]),
        (HERE.several, [ListOf(U32)]),
        (HERE.pair, [Tuple((U32, Text()))]),
        (HERE.pair, [POINT]),
        (HERE.maybe, [Option(U32)]),
        (HERE.color, [Enum("color", ("red",))]),
        (HERE.one_of, [Text()]),
        (HERE.any, [POINT]),
        (HERE.sequence, [ListOf(Text())]),
        (HERE.sequence, [Text()]),
        (HERE.rest, [U32, U32, U32]),
        (HERE.defaulted, [U32]),
        (HERE.unknown, [POINT, U32]),
        (HERE.annotated, [U32]),
        (HERE.protocol, [Text()]),
        (HERE.point, [POINT]),
        (HERE.customer, [Handle(0, is_owned=False)]),
        (Customers, [U32]),
        (Customers.text, [Handle(0, is_owned=False), Text()]),
        (str, [POINT]),
        (lambda *_: None, [POINT, U32]),
    ],
)
def test_what_may_be_taken_passes(call: Callable[..., Any], types: list[Type]) -> None:
    assert complaint(call, named(types), [Customers, Point]) is None


@pytest.mark.parametrize(
    ("call", "types", "expected"),
    [
        (HERE.plain, [U32], "it takes (a, b), but is given `p0`"),
        (HERE.plain, [], "it takes (a, b), but is given nothing"),
        (HERE.text, [U32, U32], "it takes (a: str) -> None, but is given `p0`, `p1`"),
        (HERE.text, [U32], "`a` is to be `str`, but is given `p0`, which is `int`"),
        (HERE.text, [Option(Text())], "`a` is to be `str`, but is given `p0`, which is `str` or None"),
        (HERE.unknown, [POINT, Text()], "`b` is to be `int`, but is given `p1`, which is `str`"),
        (HERE.customer, [POINT], "`a` is to be `Customers`, but is given `p0`, which is none of the plain types"),
        (
            HERE.customer,
            [Handle(1, is_owned=True)],
            "`a` is to be `Customers`, but is given `p0`, which is none of the plain types",
        ),
        (HERE.text, [ListOf(BYTE)], "`a` is to be `str`, but is given `p0`, which is `bytes`"),
        (HERE.data, [Text()], "`a` is to be `bytes`, but is given `p0`, which is `str`"),
        (HERE.data, [ListOf(U32)], "`a` is to be `bytes`, but is given `p0`, which is a list"),
        (HERE.number, [BOOL], "`a` is to be `int`, but is given `p0`, which is `bool`"),
        (HERE.number, [POINT], "`a` is to be `int`, but is given `p0`, which is none of the plain types"),
        (HERE.real, [U32], "`a` is to be `float`, but is given `p0`, which is `int`"),
        (HERE.several, [ListOf(BYTE)], "`a` is to be `list[str]`, but is given `p0`, which is `bytes`"),
        (HERE.maybe, [Text()], "`a` is to be `int | None`, but is given `p0`, which is `str`"),
        (HERE.color, [U32], "`a` is to be `Color`, but is given `p0`, which is `int`"),
        (Customers, [Text()], "`limit` is to be `int`, but is given `p0`, which is `str`"),
        (Customers.text, [Handle(0, is_owned=False), U32], "`a` is to be `str`, but is given `p1`, which is `int`"),
    ],
)
def test_what_cannot_be_taken_is_told(call: Callable[..., Any], types: list[Type], expected: str) -> None:
    assert complaint(call, named(types), [Customers, Point]) == expected


def named(types: list[Type]) -> list[tuple[str, Type]]:
    return [(f"p{number}", kind) for number, kind in enumerate(types)]

"""Text of WebAssembly that loads a value from memory as flat values (Component Model, "Flattening")."""

from collections.abc import Iterator

from whorl.engine.bridges.types import (
    Cases,
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
    places_of,
)

_LOADS = {
    "bool": "i32.load8_u",
    "u8": "i32.load8_u",
    "s8": "i32.load8_s",
    "u16": "i32.load16_u",
    "s16": "i32.load16_s",
    "u64": "i64.load",
    "s64": "i64.load",
    "f32": "f32.load",
    "f64": "f64.load",
}
_NUMBERS = {1: "i32.load8_u", 2: "i32.load16_u", 4: "i32.load"}
_CONVERSIONS = {
    ("f32", "i32"): "(i32.reinterpret_f32 {})",
    ("i32", "i64"): "(i64.extend_i32_u {})",
    ("f32", "i64"): "(i64.extend_i32_u (i32.reinterpret_f32 {}))",
    ("f64", "i64"): "(i64.reinterpret_f64 {})",
}


def flat_types(kind: Type) -> list[str]:
    """Return the core types of a value's flat values."""
    if isinstance(kind, Primitive):
        return [_LOADS.get(kind.name, "i32.load")[:3]]
    if isinstance(kind, Text | ListOf):
        return ["i32", "i32"]
    if isinstance(kind, Record | Tuple):
        return [flat for part in kind.parts for flat in flat_types(part)]
    joined: list[str] = []
    for payload in kind.payloads if isinstance(kind, Cases) else []:
        for number, flat in enumerate(flat_types(payload)):
            if number == len(joined):
                joined.append(flat)
            elif joined[number] != flat:
                joined[number] = "i32" if {joined[number], flat} == {"i32", "f32"} else "i64"
    return ["i32", *joined]


def flat_loads(kind: Type, at: int) -> list[str]:
    """Return an expression for each flat value of the value at an address."""
    if isinstance(kind, Primitive):
        return [f"({_LOADS.get(kind.name, 'i32.load')} (i32.const {at}))"]
    if isinstance(kind, Flags):
        return [f"({_NUMBERS[kind.size]} (i32.const {at}))"]
    if isinstance(kind, Text | ListOf):
        return [f"(i32.load (i32.const {at}))", f"(i32.load (i32.const {at + 4}))"]
    if isinstance(kind, Record | Tuple):
        places = places_of(kind.parts, at)
        return [load for part, place in zip(kind.parts, places, strict=True) for load in flat_loads(part, place)]
    assert isinstance(kind, Enum | Option | Variant | Result)
    number = f"({_NUMBERS[kind.discriminant]} (i32.const {at}))"
    return [number, *(_chosen(kind, number, at, n, flat) for n, flat in enumerate(flat_types(kind)[1:]))]


def _chosen(kind: Cases, number: str, at: int, position: int, wanted: str) -> str:
    """Return what stands at a position behind the discriminant, whichever the case is."""
    expression = f"({wanted}.const 0)"
    for case, load, flat in _candidates(kind, at, position):
        converted = load if flat == wanted else _CONVERSIONS[flat, wanted].format(load)
        condition = f"(i32.eq {number} (i32.const {case}))"
        expression = f"(if (result {wanted}) {condition} (then {converted}) (else {expression}))"
    return expression


def _candidates(kind: Cases, at: int, position: int) -> Iterator[tuple[int, str, str]]:
    for number, (_, payload) in enumerate(kind.cases):
        if payload is not None and position < payload.flats:
            yield number, flat_loads(payload, at + kind.payload_offset)[position], flat_types(payload)[position]

"""What the component tools tell of a bridge that they have made: its functions, their types, its resources."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from whorl.engine.bridges.types import (
    PRIMITIVES,
    Enum,
    Flags,
    Handle,
    ListOf,
    Option,
    Record,
    Result,
    Text,
    Tuple,
    Type,
    Variant,
)


@dataclass(frozen=True)
class Resource:
    """A resource of a bridged interface.

    `is_lasting`: what stands behind it lasts longer than any guest, so nobody is told that a handle is dropped.
    """

    interface: str
    name: str
    is_lasting: bool = False


@dataclass(frozen=True)
class Function:
    """A function, by its name in WIT (`[method]store.get`) and its interface; that is empty if it is by itself.

    `has_strings`: its text and bytes cross as strings of latin1, which begin at even addresses.
    """

    interface: str
    name: str
    params: tuple[tuple[str, Type], ...]
    result: Type | None
    has_strings: bool = False

    def __str__(self) -> str:
        return f"`{self.name}` of `{self.interface}`" if self.interface else f"`{self.name}`"


@dataclass(frozen=True)
class BridgeDescription:
    """What a bridge calls: the functions by their numbers, the resources by theirs.

    Attributes:
        interface: the interface of the host that it imports.
    """

    interface: str
    resources: tuple[Resource, ...]
    functions: tuple[Function, ...]

    @property
    def interfaces(self) -> set[str]:
        """The interfaces that have functions or resources."""
        return {function.interface for function in self.functions} | {each.interface for each in self.resources}

    @classmethod
    def from_json(cls, text: str) -> "BridgeDescription":
        """Read what the tools tell of a bridge that they made."""
        read = json.loads(text)
        return cls(
            read["interface"],
            tuple(Resource(each["interface"], each["name"], each["keeps_nothing"]) for each in read["resources"]),
            functions_of(read),
        )


def functions_of(read: Mapping[str, Any]) -> tuple[Function, ...]:
    """Return the functions that the tools tell of, with their types."""
    types: list[Type] = []
    for each in read["types"]:
        types.append(_type(each, types))
    return tuple(
        Function(
            each["interface"] or "",
            each["name"],
            tuple((name, _resolved(kind, types)) for name, kind in each["params"]),
            None if each["result"] is None else _resolved(each["result"], types),
            each.get("has_strings", False),
        )
        for each in read["functions"]
    )


def _resolved(reference: str | int, types: Sequence[Type]) -> Type:
    if isinstance(reference, int):
        return types[reference]
    return Text() if reference == "string" else PRIMITIVES[reference]


def _type(read: dict[str, Any], types: Sequence[Type]) -> Type:
    """Read one entry of the list of types; it refers to those before it."""

    def of(reference: str | int) -> Type:
        return _resolved(reference, types)

    def optional(reference: str | int | None) -> Type | None:
        return None if reference is None else of(reference)

    name = read.get("name", "")
    makers: dict[str, Callable[[Any], Type]] = {
        "record": lambda fields: Record(name, tuple((field, of(kind)) for field, kind in fields)),
        "variant": lambda cases: Variant(name, tuple((case, optional(kind)) for case, kind in cases)),
        "enum": lambda names: Enum(name, tuple(names)),
        "flags": lambda names: Flags(name, tuple(names)),
        "tuple": lambda parts: Tuple(tuple(map(of, parts))),
        "option": lambda value: Option(of(value)),
        "result": lambda cases: Result(*map(optional, cases)),
        "list": lambda element: ListOf(of(element)),
        "own": lambda resource: Handle(resource, is_owned=True),
        "borrow": lambda resource: Handle(resource, is_owned=False),
    }
    (kind,) = read.keys() - {"name"}
    return makers[kind](read[kind])

"""Python source that is made and compiled: names that nobody else has, and the objects that they stand for."""

from collections.abc import Mapping
from itertools import count
from struct import Struct
from typing import Any, Final, NamedTuple

NUMBERS: Final = {1: "B", 2: "H", 4: "I"}
"""Unsigned numbers by their size."""


class Leaf(NamedTuple):
    """A number, or bytes that are looked at later, at a place of a value."""

    offset: int
    format: str
    size: int
    expression: str


class Source:
    """Lines of a module of its own, and what they refer to."""

    def __init__(self, names: Mapping[str, Any]) -> None:
        self.namespace: dict[str, Any] = dict(names)
        self._lines: list[str] = []
        self._numbers = count(1)

    def name(self, kind: str) -> str:
        """Return a name that nobody has."""
        return f"{kind}{next(self._numbers)}"

    def constant(self, value: Any, kind: str) -> str:
        """Return a name for `value`."""
        name = self.name(kind)
        self.namespace[name] = value
        return name

    def add(self, *lines: str) -> None:
        """Add lines at the module's level."""
        self._lines.extend(lines)

    def compile(self) -> dict[str, Any]:
        """Run the module, and return what it has defined."""
        exec(compile("\n".join(self._lines), "<codecs of a bridge>", "exec"), self.namespace)  # noqa: S102
        return self.namespace


def struct_of(leaves: list[Leaf], size: int | None = None) -> Struct:
    """Return what packs `leaves`, which are in their order, with zeros between them and up to `size`."""
    form, at = ["<"], 0
    for leaf in leaves:
        if leaf.offset > at:
            form.append(f"{leaf.offset - at}x")
        form.append(leaf.format)
        at = leaf.offset + leaf.size
    if size is not None and size > at:
        form.append(f"{size - at}x")
    return Struct("".join(form))

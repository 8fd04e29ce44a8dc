"""What WIT values are in Python where the language has nothing of its own for them.

| WIT | Python |
|---|---|
| `bool`, integers, floats | `bool`, `int`, `float` |
| `char`, `string` | `str` |
| `list<u8>` | `bytes`; `bytearray` and `memoryview` are taken too |
| `list<T>` | `list`; any other collection is taken too |
| `tuple<…>` | `tuple` |
| `record` | a named tuple; any object with these attributes, or a mapping with these keys, is taken too |
| `variant` | the tuple of the case's name and its payload, which is None where it has none |
| `enum` | `str` |
| `flags` | `frozenset` of `str`; any other collection is taken too |
| `option<T>` | the value or None; where `T` can be None itself, `Some(value)` or None |
| `result<T, E>` | of a function: `T` is returned, `Err(E)` raised; elsewhere `Ok(T)` or `Err(E)` |
| a resource | the object |
"""

from typing import Any, NamedTuple


class Some(NamedTuple):
    """A value of an `option` whose values can be None, or of another `option` themselves."""

    value: Any


class Ok(NamedTuple):
    """The good case of a `result` that is part of another value."""

    value: Any = None


class Err(Exception):  # noqa: N818 - the name of the case in WIT
    """The bad case of a `result`: raised by a function whose result it is, or a part of another value.

    Attributes:
        value: the payload, None where there is none.
    """

    __match_args__ = ("value",)

    def __init__(self, value: Any = None) -> None:
        super().__init__(value)
        self.value = value

    def __eq__(self, other: object) -> bool:
        """Tell whether `other` is an `Err` with the same payload."""
        return isinstance(other, Err) and self.value == other.value

    def __hash__(self) -> int:
        """Return what equal ones have in common."""
        return hash((Err, self.value))

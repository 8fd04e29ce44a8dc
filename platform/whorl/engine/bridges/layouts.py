"""Where the parts of a value lie: in memory, or among the flat parameters of a call."""

from collections.abc import Iterator, Sequence
from typing import Final, Protocol

from whorl.engine.bridges.types import Cases, Type, places_of

_SLOT: Final = 8
MAX_FLAT_PARAMS: Final = 16
"""More flat parameters than these go by memory."""


class Layout(Protocol):
    """Where the parts of a value lie.

    Attributes:
        step: how far the second of two numbers of 4 bytes is from the first.
    """

    step: int

    def places(self, parts: Sequence[Type], offset: int) -> Iterator[int]:
        """Yield where each of `parts` begins, the first at `offset` or behind it."""

    def extent(self, kind: Type) -> int:
        """Return how many bytes a value takes."""

    def payload(self, kind: Cases) -> int:
        """Return where the payload of a value lies."""


class _InMemory:
    step = 4

    def places(self, parts: Sequence[Type], offset: int) -> Iterator[int]:
        return places_of(parts, offset)

    def extent(self, kind: Type) -> int:
        return kind.size

    def payload(self, kind: Cases) -> int:
        return kind.payload_offset


class _InSlots:
    """Each flat value has 8 bytes: whatever a payload was joined with, its own bits are at the beginning."""

    step = _SLOT

    def places(self, parts: Sequence[Type], offset: int) -> Iterator[int]:
        for part in parts:
            yield offset
            offset += _SLOT * part.flats

    def extent(self, kind: Type) -> int:
        return _SLOT * kind.flats

    def payload(self, kind: Cases) -> int:  # noqa: ARG002 - of any
        return _SLOT


IN_MEMORY: Final[Layout] = _InMemory()
IN_SLOTS: Final[Layout] = _InSlots()

"""Long answers of a store, read in slices: neither many keys nor many values hold the event loop.

A reading holds nothing between two slices, neither a cursor nor a transaction. So it needs no closing when its guest is
dropped, keeps nobody from writing, and its slices are of different moments: a key that is there all the time is found
once, one that comes or goes meanwhile may be found or not.
"""

from collections.abc import Callable, Generator
from contextlib import closing
from time import perf_counter
from typing import Generic, TypeVar

from whorl.capabilities.key_value.failures import limited

SLICE_SECONDS = 0.002
"""How long a slice is read for; packing what was read takes about as long again."""

STRIDE = 64
"""After how many positions the clock is looked at: a short answer is one slice, whatever else the machine does."""

SLICE_BYTES = 256 * 1024
"""After how many bytes of keys or values a slice ends."""

Item = TypeVar("Item", bound=bytes | None)
Position = TypeVar("Position")

Resume = Callable[[Position], Generator[tuple[Position, list[Item]]]]
"""Goes on from a position: gives the next with what was found there, one item or none. May raise `StoreFailure`."""


class Reading(Generic[Position, Item]):
    """An answer of which each `read` gives some more items.

    Attributes:
        is_done: everything has been read.
    """

    def __init__(
        self,
        start: Position,
        resume: Resume[Position, Item],
        seconds: float = SLICE_SECONDS,
        stride: int = STRIDE,
    ) -> None:
        self.is_done = False
        self._position = start
        self._resume = resume
        self._seconds = seconds
        self._stride = stride
        self._total = 0

    def read(self) -> list[Item]:
        """Return the next slice, which may be empty.

        Raises:
            StoreBusy: the store is locked; to be tried again.
            StoreFailure: the store failed, or the answer is larger than a guest may get.
        """
        items: list[Item] = []
        position, total = self._position, self._total
        until, most = perf_counter() + self._seconds, self._total + SLICE_BYTES
        with closing(self._resume(position)) as found:
            for count, (position, some) in enumerate(found, 1):  # noqa: B007 - the last position counts
                for item in some:
                    total = limited(total + (0 if item is None else len(item)))
                    items.append(item)
                if total > most or (count % self._stride == 0 and perf_counter() >= until):
                    break
            else:
                self.is_done = True
        self._position, self._total = position, total
        return items


def whole(reading: Reading[Position, Item]) -> list[Item]:
    """Return everything that is still to be read, however long it takes."""
    items = reading.read()
    while not reading.is_done:
        items += reading.read()
    return items

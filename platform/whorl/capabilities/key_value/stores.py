"""The seam that every key-value backend implements, and the rules that all of them share.

Keys are the bytes of UTF-8 text, values any bytes, times wall-clock milliseconds. Calls are synchronous and short: they
are made on the event loop.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from struct import Struct
from typing import Any, Protocol

from whorl.capabilities.key_value.failures import StoreFailure
from whorl.capabilities.key_value.readings import Reading

Clock = Callable[[], int]
"""Gives the milliseconds since 1970-01-01T00:00:00Z."""

_COUNTER = Struct("<q")


@dataclass(frozen=True, slots=True)
class Mismatch:
    """What a swap found in place of the value that it expected; `None`: no value."""

    value: bytes | None


class Store(Protocol):
    """One key-value store. Every method raises `StoreFailure` when the backend fails; nothing has changed then."""

    def get(self, key: bytes) -> bytes | None:
        """Return the value of `key`, `None` when there is none; at most `MAX_RESULT_BYTES`."""

    def set(self, key: bytes, value: bytes, ttl: int = 0) -> None:
        """Set `key` to `value`, for `ttl` milliseconds; 0: for ever."""

    def delete(self, key: bytes) -> None:
        """Delete `key`, if it is there."""

    def exists(self, key: bytes) -> bool:
        """Tell whether `key` has a value."""

    def read_keys(self) -> Reading[Any, bytes]:
        """Begin to read all keys, in no order; at most `MAX_RESULT_BYTES` of them."""

    def read_many(self, keys: Sequence[bytes]) -> Reading[Any, bytes | None]:
        """Begin to read the value of each of `keys`, in their order; at most `MAX_RESULT_BYTES` together."""

    def keys(self) -> list[bytes]:
        """Return all keys, however long it takes."""

    def get_many(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """Return the value of each of `keys`, in their order, however long it takes."""

    def set_many(self, entries: Iterable[tuple[bytes, bytes]]) -> None:
        """Set each key of `entries` to its value, for ever; all or none. Of one key twice the last counts."""

    def delete_many(self, keys: Iterable[bytes]) -> None:
        """Delete each of `keys` that is there; all or none."""

    def increment(self, key: bytes, delta: int) -> int:
        """Add `delta` to the counter `key` and return the sum; a missing counter is 0. Its time to live stays."""

    def swap(self, key: bytes, expected: bytes | None, value: bytes) -> Mismatch | None:
        """Set `key` to `value`, for ever, if its value is still `expected` (`None`: no value); else say what it is."""


class Backend(Protocol):
    """Where stores are kept; it has one store for each label."""

    def store(self, label: str) -> Store:
        """Return the store with this label."""

    def close(self) -> None:
        """Release what is held; the stores cannot be used any more."""


def wall_clock() -> int:
    """Return the time, as a `Clock`."""
    return time.time_ns() // 1_000_000


def add_to_counter(value: bytes | None, delta: int) -> tuple[int, bytes]:
    """Return the sum of a stored counter and `delta`, and the value to store: an i64 of 8 bytes, little-endian.

    Raises:
        StoreFailure: the value is not a counter, or the sum does not fit.
    """
    if value is not None and len(value) != _COUNTER.size:
        raise StoreFailure(
            f"increment: the value has {len(value)} bytes, but a counter is an integer of {_COUNTER.size}"
        )
    total: int = delta + (_COUNTER.unpack(value)[0] if value is not None else 0)
    if not -(2**63) <= total < 2**63:
        raise StoreFailure("increment: the sum does not fit a signed integer of 64 bits")
    return total, _COUNTER.pack(total)

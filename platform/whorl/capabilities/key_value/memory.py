"""Key-value stores in memory: for tests, and for applications whose data may vanish with the process."""

import heapq
from collections.abc import Generator, Iterable, Sequence

from whorl.capabilities.key_value.failures import limited
from whorl.capabilities.key_value.readings import Reading, whole
from whorl.capabilities.key_value.stores import Clock, Mismatch, add_to_counter

_PURGED_AT_ONCE = 100


class MemoryBackend:
    """Stores that live as long as this object does."""

    def __init__(self, now: Clock) -> None:
        self._now = now
        self._stores: dict[str, MemoryStore] = {}

    def store(self, label: str) -> "MemoryStore":
        """Return the store with this label; it is empty at first."""
        return self._stores.setdefault(label, MemoryStore(self._now))

    def close(self) -> None:
        """Forget everything."""
        self._stores.clear()


class MemoryStore:
    """One store in memory (`Store`)."""

    def __init__(self, now: Clock) -> None:
        self._now = now
        self._values: dict[bytes, bytes] = {}
        # When a key expires, for those that do; and the same as a heap, which may hold times that no longer count.
        self._expiry: dict[bytes, int] = {}
        self._next_expiry: list[tuple[int, bytes]] = []

    def get(self, key: bytes) -> bytes | None:
        """Return the value of `key`, `None` when there is none."""
        if self._expiry:
            self._purge()
            if self._has_expired(key):
                return None
        value = self._values.get(key)
        if value is not None:
            limited(len(value))
        return value

    def set(self, key: bytes, value: bytes, ttl: int = 0) -> None:
        """Set `key` to `value`, for `ttl` milliseconds; 0: for ever."""
        self._values[key] = value
        if ttl:
            expires_at = self._now() + ttl
            self._expiry[key] = expires_at
            heapq.heappush(self._next_expiry, (expires_at, key))
            self._purge()
        else:
            self._expiry.pop(key, None)

    def delete(self, key: bytes) -> None:
        """Delete `key`, if it is there."""
        self._values.pop(key, None)
        self._expiry.pop(key, None)

    def exists(self, key: bytes) -> bool:
        """Tell whether `key` has a value."""
        return key in self._values and not self._has_expired(key)

    def read_keys(self) -> Reading[int, bytes]:
        """Begin to read all keys."""
        keys = list(self._values)

        def resume(at: int) -> Generator[tuple[int, list[bytes]]]:
            for after in range(at + 1, len(keys) + 1):
                key = keys[after - 1]
                yield after, [key] if self.exists(key) else []

        return Reading(0, resume)

    def read_many(self, keys: Sequence[bytes]) -> Reading[int, bytes | None]:
        """Begin to read the value of each of `keys`, in their order."""

        def resume(at: int) -> Generator[tuple[int, list[bytes | None]]]:
            for after in range(at + 1, len(keys) + 1):
                yield after, [self.get(keys[after - 1])]

        return Reading(0, resume)

    def keys(self) -> list[bytes]:
        """Return all keys."""
        return whole(self.read_keys())

    def get_many(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """Return the value of each of `keys`, in their order."""
        return whole(self.read_many(keys))

    def set_many(self, entries: Iterable[tuple[bytes, bytes]]) -> None:
        """Set each key of `entries` to its value, for ever."""
        for key, value in entries:
            self.set(key, value)

    def delete_many(self, keys: Iterable[bytes]) -> None:
        """Delete each of `keys` that is there."""
        for key in keys:
            self.delete(key)

    def increment(self, key: bytes, delta: int) -> int:
        """Add `delta` to the counter `key` and return the sum."""
        stored = self.get(key)
        total, value = add_to_counter(stored, delta)
        if stored is None:
            self.set(key, value)
        else:
            self._values[key] = value
        return total

    def swap(self, key: bytes, expected: bytes | None, value: bytes) -> Mismatch | None:
        """Set `key` to `value` if its value is still `expected`; else say what it is."""
        current = self.get(key)
        if current != expected:
            return Mismatch(current)
        self.set(key, value)
        return None

    def _has_expired(self, key: bytes) -> bool:
        expires_at = self._expiry.get(key)
        return expires_at is not None and expires_at <= self._now()

    def _purge(self) -> None:
        """Drop what has expired, a bounded number at a time."""
        now = self._now()
        for _ in range(_PURGED_AT_ONCE):
            if not self._next_expiry or self._next_expiry[0][0] > now:
                return
            expires_at, key = heapq.heappop(self._next_expiry)
            if self._expiry.get(key) == expires_at:
                self.delete(key)

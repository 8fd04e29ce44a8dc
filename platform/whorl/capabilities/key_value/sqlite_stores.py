"""A store in an SQLite file (`sqlite.py` opens it): what is asked of the tables, and what SQLite's errors mean.

Other programs may write what the schema does not ask for. A key that is not text in UTF-8 is nothing that a guest could
name, so it is not listed, and the log says so once. A value that is TEXT is given as its bytes; one that is a number
fails, with its key and type.
"""

import logging
import sqlite3
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from functools import partial, wraps
from pathlib import Path
from typing import Concatenate, Literal, ParamSpec, Protocol, TypeVar

from whorl.capabilities.key_value import statements
from whorl.capabilities.key_value.failures import StoreBusy, StoreFailure, limited
from whorl.capabilities.key_value.readings import Reading, whole
from whorl.capabilities.key_value.stores import Clock, Mismatch, add_to_counter
from whorl.engine.packing import is_utf8

_logger = logging.getLogger(__name__)

_FOREVER = 2**63 - 1
_SHOWN_OF_KEY = 80

_P = ParamSpec("_P")
_R = TypeVar("_R")


def _failing(method: Callable[Concatenate["SqliteStore", _P], _R]) -> Callable[Concatenate["SqliteStore", _P], _R]:
    """Turn what SQLite raises into `StoreFailure`."""

    @wraps(method)
    def call(self: "SqliteStore", /, *args: _P.args, **kwargs: _P.kwargs) -> _R:
        try:
            return method(self, *args, **kwargs)
        except sqlite3.Error as error:
            raise _failure(error) from error

    return call


@contextmanager
def _failures() -> Iterator[None]:
    """Turn what SQLite raises within the block into `StoreFailure`."""
    try:
        yield
    except sqlite3.Error as error:
        raise _failure(error) from error


class OpenFile(Protocol):
    """The SQLite file that a store is in.

    Attributes:
        path: where it is.
        connection: to read and write it by.
        now: the clock that ends times to live.
    """

    path: Path
    connection: sqlite3.Connection
    now: Clock

    def transaction(
        self, kind: Literal["IMMEDIATE", "DEFERRED"] = "IMMEDIATE"
    ) -> AbstractContextManager[sqlite3.Connection]:
        """Make what happens within one change, all of it or none; `DEFERRED` if it only reads."""

    def purge(self, now: int) -> None:
        """Delete some of what has expired by `now`, in any store, if that is due; within a transaction."""


class SqliteStore:
    """One store in an SQLite file (`Store`)."""

    def __init__(self, backend: OpenFile, label: str) -> None:
        self._backend = backend
        self._label = label
        self._connection = backend.connection
        self._now = backend.now
        self._has_reported_hidden = False

    @_failing
    def get(self, key: bytes) -> bytes | None:
        """Return the value of `key`, `None` when there is none."""
        value = self._get(key)
        if value is not None:
            limited(len(value))
        return value

    @_failing
    def set(self, key: bytes, value: bytes, ttl: int = 0) -> None:
        """Set `key` to `value`, for `ttl` milliseconds; 0: for ever."""
        if not ttl:
            self._set(key, value)
            return
        now = self._now()
        with self._backend.transaction():
            self._backend.purge(now)
            self._set(key, value)
            self._expire(key, min(now + ttl, _FOREVER))

    @_failing
    def delete(self, key: bytes) -> None:
        """Delete `key`, if it is there."""
        self._connection.execute(statements.DELETE, (self._label, key.decode()))

    @_failing
    def exists(self, key: bytes) -> bool:
        """Tell whether `key` has a value."""
        found = self._connection.execute(statements.EXISTS, (self._label, key.decode(), self._now()))
        return found.fetchone() is not None

    def read_keys(self) -> Reading[tuple[bytes, bytes] | None, bytes]:
        """Begin to read all keys that are text."""
        return Reading(None, self._keys_after)

    def read_many(self, keys: Sequence[bytes]) -> Reading[int, bytes | None]:
        """Begin to read the value of each of `keys`, in their order; those of a slice are of one moment."""
        return Reading(0, partial(self._values_after, keys))

    def keys(self) -> list[bytes]:
        """Return all keys that are text."""
        return whole(self.read_keys())

    def get_many(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """Return the value of each of `keys`, in their order."""
        return whole(self.read_many(keys))

    @_failing
    def set_many(self, entries: Iterable[tuple[bytes, bytes]]) -> None:
        """Set each key of `entries` to its value, for ever."""
        with self._backend.transaction() as connection:
            connection.executemany(statements.SET, ((self._label, key.decode(), value) for key, value in entries))

    @_failing
    def delete_many(self, keys: Iterable[bytes]) -> None:
        """Delete each of `keys` that is there."""
        with self._backend.transaction() as connection:
            connection.executemany(statements.DELETE, ((self._label, key.decode()) for key in keys))

    @_failing
    def increment(self, key: bytes, delta: int) -> int:
        """Add `delta` to the counter `key` and return the sum."""
        with self._backend.transaction() as connection:
            stored = self._get(key)
            total, value = add_to_counter(stored, delta)
            expiry = connection.execute(statements.EXPIRES_AT, (self._label, key.decode())).fetchone()
            self._set(key, value)
            if stored is not None and expiry is not None:
                self._expire(key, expiry[0])
        return total

    @_failing
    def swap(self, key: bytes, expected: bytes | None, value: bytes) -> Mismatch | None:
        """Set `key` to `value` if its value is still `expected`; else say what it is."""
        with self._backend.transaction():
            current = self._get(key)
            if current == expected:
                self._set(key, value)
                return None
        return Mismatch(current)

    def _keys_after(
        self, last: tuple[bytes, bytes] | None
    ) -> Generator[tuple[tuple[bytes, bytes] | None, list[bytes]]]:
        parameters = (self._now(), self._label)
        with _failures():
            if last is None:
                found = self._connection.execute(statements.KEYS, parameters)
            else:
                found = self._connection.execute(statements.KEYS_AFTER[last[0]], (*parameters, last[1]))
            with closing(found):
                for kind, key, has_expired in found:
                    is_hidden = kind != b"text" or not is_utf8(key)
                    if is_hidden and not has_expired:
                        self._report_hidden(key)
                    yield (kind, key), [] if is_hidden or has_expired else [key]

    def _values_after(self, keys: Sequence[bytes], at: int) -> Generator[tuple[int, list[bytes | None]]]:
        with _failures(), self._backend.transaction("DEFERRED"):
            for after in range(at + 1, len(keys) + 1):
                yield after, [self._get(keys[after - 1])]

    def _get(self, key: bytes) -> bytes | None:
        found = self._connection.execute(statements.GET, (self._label, key.decode(), self._now()))
        row: tuple[bytes | float] | None = found.fetchone()
        if row is None:
            return None
        (value,) = row
        if not isinstance(value, bytes):
            kind = "INTEGER" if isinstance(value, int) else "REAL"
            raise StoreFailure(f"the value of `{key.decode()}` is stored as {kind}, not as BLOB or TEXT")
        return value

    def _report_hidden(self, key: bytes) -> None:
        if not self._has_reported_hidden:
            self._has_reported_hidden = True
            message = "key-value store `%s`: the key %r in `%s` is not text in UTF-8, so it is not listed; remove it"
            _logger.warning(message, self._label, key[:_SHOWN_OF_KEY], self._backend.path)

    def _set(self, key: bytes, value: bytes) -> None:
        self._connection.execute(statements.SET, (self._label, key.decode(), value))

    def _expire(self, key: bytes, expires_at: int) -> None:
        self._connection.execute(statements.EXPIRE, (self._label, key.decode(), expires_at))


def _failure(error: sqlite3.Error) -> StoreFailure:
    return (StoreBusy if primary_code(error) == sqlite3.SQLITE_BUSY else StoreFailure)(str(error))


def primary_code(error: sqlite3.Error) -> int:
    """Return the primary code, which is the low byte of an extended one."""
    code: int = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    return code & 0xFF

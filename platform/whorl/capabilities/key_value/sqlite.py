"""Key-value stores in an SQLite file, in Spin's schema: Spin and whorl can open the same file.

Theory of operation. Spin's table holds the values. When a key expires stands in a table of ours, and triggers take that
row away whenever the value is written or deleted, whoever does it (Spin runs them too): an entry of ours can never make
a value vanish that was written later. Reads leave out what has expired; writes with a time to live delete it for good,
a bounded number of entries every few seconds, in their own transaction.

Every write is committed before it is acknowledged, to a write-ahead log that all worker processes share. A killed
process therefore loses nothing. With `power-loss` durability (`synchronous=FULL`, as Spin) each commit also waits for
the disk, so that a power cut loses nothing either. With `process` durability (`synchronous=NORMAL`) a power cut may
lose the last moments but never damages the file, and a write takes tens of microseconds instead of hundreds or more,
depending on the disk (`docs/decisions/0008-durability-of-key-value-stores.md` has what was measured).

Other programs may write what the schema does not ask for. A key that is not text in UTF-8 is nothing that a guest could
name, so it is not listed, and the log says so once. A value that is TEXT is given as its bytes; one that is a number
fails, with its key and type.
"""

import logging
import sqlite3
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Concatenate, Literal, ParamSpec, Self, TypeVar

from whorl.capabilities.key_value import statements
from whorl.capabilities.key_value.stores import (
    Clock,
    Mismatch,
    StoreBusy,
    StoreFailure,
    add_to_counter,
    limited,
    wall_clock,
)
from whorl.engine.packing import is_utf8
from whorl.errors import StoreError

_logger = logging.getLogger(__name__)

Durability = Literal["power-loss", "process"]
"""What an acknowledged write survives."""

_BUSY_TIMEOUT_S = 5.0
_LOG_ATTEMPTS = 100
_CHECKED_AT_OPEN_BYTES = 16 * 1024 * 1024
_PURGE_INTERVAL_MS = 5_000
_PURGED_AT_ONCE = 500
_FOREVER = 2**63 - 1
_SHOWN_OF_KEY = 80

_CURES = {
    sqlite3.SQLITE_NOTADB: "it is left as it is: restore a backup, or move it away to start with an empty store",
    sqlite3.SQLITE_CORRUPT: "it is left as it is: restore a backup, or move it away to start with an empty store",
    sqlite3.SQLITE_READONLY: "let this user write the file and the folder that it is in",
    sqlite3.SQLITE_CANTOPEN: "check that it is a file and that this user may write in the folder that it is in",
    sqlite3.SQLITE_BUSY: "another program holds it locked: stop that program, or name another file",
    sqlite3.SQLITE_FULL: "make room on the disk",
}


class SqliteBackend:
    """One SQLite file; a context manager, or closed by `close`."""

    def __init__(self, path: Path, connection: sqlite3.Connection, now: Clock) -> None:
        self.path = path
        self.connection = connection
        self.now = now
        self._next_purge = 0
        self._closed = False

    @classmethod
    def open(
        cls,
        path: Path,
        durability: Durability = "power-loss",
        now: Clock = wall_clock,
        busy_timeout: float = _BUSY_TIMEOUT_S,
    ) -> Self:
        """Open the file, made with its folder if it is not there; what is there is never replaced.

        Args:
            path: the file.
            durability: what an acknowledged write survives.
            now: the clock that ends times to live.
            busy_timeout: seconds for which a call blocks while another process holds the file locked, before it raises
                `StoreBusy`. Opening waits for longer.

        Raises:
            StoreError: the file is damaged, cannot be written, or is no key-value database.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            message = f"key-value database `{path}`: its folder cannot be made: {error.strerror}; name another path"
            raise StoreError(message) from error
        connection = None
        try:
            connection = sqlite3.connect(path, timeout=_BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
            _prepare(connection, path, durability, now())
            connection.execute(f"PRAGMA busy_timeout = {int(busy_timeout * 1000)}")
        except sqlite3.Error as error:
            if connection is not None:
                connection.close()
            raise _unusable(path, error) from error
        return cls(path, connection, now)

    def store(self, label: str) -> "SqliteStore":
        """Return the store with this label; several share the file."""
        return SqliteStore(self, label)

    def close(self) -> None:
        """Close the file; the last process to do so folds the write-ahead log into it."""
        self._closed = True
        self.connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        if not self._closed:
            warnings.warn(
                f"key-value database `{self.path}` was not closed", ResourceWarning, stacklevel=2, source=self
            )
            self.close()

    @contextmanager
    def transaction(self, kind: Literal["IMMEDIATE", "DEFERRED"] = "IMMEDIATE") -> Iterator[sqlite3.Connection]:
        """Make what happens within one change, all of it or none; `DEFERRED` if it only reads."""
        connection = self.connection
        connection.execute(f"BEGIN {kind}")
        try:
            yield connection
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")

    def purge(self, now: int) -> None:
        """Delete some of what has expired by `now`, in any store, if that is due; within a transaction."""
        if now >= self._next_purge:
            self._next_purge = now + _PURGE_INTERVAL_MS
            self.connection.execute(statements.PURGE, (now, _PURGED_AT_ONCE))


_P = ParamSpec("_P")
_R = TypeVar("_R")


def _failing(method: Callable[Concatenate["SqliteStore", _P], _R]) -> Callable[Concatenate["SqliteStore", _P], _R]:
    """Turn what SQLite raises into `StoreFailure`."""

    @wraps(method)
    def call(self: "SqliteStore", /, *args: _P.args, **kwargs: _P.kwargs) -> _R:
        try:
            return method(self, *args, **kwargs)
        except sqlite3.Error as error:
            raise (StoreBusy if _code(error) == sqlite3.SQLITE_BUSY else StoreFailure)(str(error)) from error

    return call


class SqliteStore:
    """One store in an SQLite file (`Store`)."""

    def __init__(self, backend: SqliteBackend, label: str) -> None:
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

    @_failing
    def keys(self) -> list[bytes]:
        """Return all keys that are text."""
        keys = []
        total = 0
        for kind, key in self._connection.execute(statements.KEYS, (self._label, self._now())):
            if kind != b"text" or not is_utf8(key):
                self._report_hidden(key)
                continue
            total = limited(total + len(key))
            keys.append(key)
        return keys

    @_failing
    def get_many(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """Return the value of each of `keys`, in their order, as they are at one moment."""
        values = []
        total = 0
        with self._backend.transaction("DEFERRED"):
            for key in keys:
                value = self._get(key)
                total = limited(total + len(value or b""))
                values.append(value)
        return values

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


def _prepare(connection: sqlite3.Connection, path: Path, durability: Durability, now: int) -> None:
    """Check the file and give it our tables, or raise what SQLite says."""
    connection.text_factory = bytes
    if not path.exists() or path.stat().st_size <= _CHECKED_AT_OPEN_BYTES:
        (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != b"ok":
            raise _damage(verdict.decode(errors="replace"))
    _use_write_ahead_log(connection)
    connection.execute(f"PRAGMA synchronous = {'FULL' if durability == 'power-loss' else 'NORMAL'}")
    connection.execute("BEGIN IMMEDIATE")
    for statement in statements.SCHEMA:
        connection.execute(statement)
    # A write, although there may be nothing to do: it tells a read-only file apart when all tables are there.
    connection.execute(statements.PURGE, (now, _PURGED_AT_ONCE))
    connection.execute("COMMIT")
    connection.execute(statements.GET, ("", "", now))


def _use_write_ahead_log(connection: sqlite3.Connection) -> None:
    """Turn the log on. SQLite does not wait here when another worker is doing the same, so we do."""
    for _ in range(_LOG_ATTEMPTS):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if _code(error) != sqlite3.SQLITE_BUSY:
                raise
            time.sleep(_BUSY_TIMEOUT_S / _LOG_ATTEMPTS)
        else:
            return
    connection.execute("PRAGMA journal_mode = WAL")


def _damage(verdict: str) -> sqlite3.DatabaseError:
    error = sqlite3.DatabaseError(verdict)
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    return error


def _unusable(path: Path, error: sqlite3.Error) -> StoreError:
    """Return the operator's error for what SQLite says about the file."""
    cure = _CURES.get(_code(error), "it is left as it is: name another file for this store")
    return StoreError(f"key-value database `{path}`: {error}; {cure}")


def _code(error: sqlite3.Error) -> int:
    """Return the primary code, which is the low byte of an extended one."""
    code: int = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    return code & 0xFF

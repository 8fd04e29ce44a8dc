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
"""

import sqlite3
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, Self

from whorl.capabilities.key_value import statements
from whorl.capabilities.key_value.sqlite_stores import SqliteStore, primary_code
from whorl.capabilities.key_value.stores import Clock, wall_clock
from whorl.errors import StoreError

Durability = Literal["power-loss", "process"]
"""What an acknowledged write survives."""

_BUSY_TIMEOUT_S = 5.0
_LOG_ATTEMPTS = 100
_CHECKED_AT_OPEN_BYTES = 16 * 1024 * 1024
_PURGE_INTERVAL_MS = 5_000
_PURGED_AT_ONCE = 500

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

    def store(self, label: str) -> SqliteStore:
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
        if not self._next_purge - _PURGE_INTERVAL_MS <= now < self._next_purge:  # the clock may be set back
            self._next_purge = now + _PURGE_INTERVAL_MS
            self.connection.execute(statements.PURGE, (now, _PURGED_AT_ONCE))


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
            if primary_code(error) != sqlite3.SQLITE_BUSY:
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
    cure = _CURES.get(primary_code(error), "it is left as it is: name another file for this store")
    return StoreError(f"key-value database `{path}`: {error}; {cure}")

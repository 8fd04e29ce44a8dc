"""The SQLite backend: Spin's schema, files that cannot be used, failures while it runs."""

import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from set_clock import SetClock

from whorl.capabilities.key_value.failures import StoreFailure
from whorl.capabilities.key_value.sqlite import SqliteBackend
from whorl.errors import StoreError

SPIN_SET = (
    "INSERT INTO spin_key_value (store, key, value) VALUES ($1, $2, $3) ON CONFLICT(store, key) DO UPDATE SET value=$3"
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "kv.db"


@pytest.fixture
def plain(path: Path) -> Iterator[sqlite3.Connection]:
    """The file as another program opens it."""
    path.parent.mkdir()
    connection = sqlite3.connect(path, isolation_level=None)
    yield connection
    connection.close()


def test_the_file_and_its_folder_are_made(path: Path) -> None:
    SqliteBackend.open(path).close()
    assert path.is_file()


def test_spin_finds_the_values_where_it_keeps_its_own(path: Path, plain: sqlite3.Connection) -> None:
    with SqliteBackend.open(path) as backend:
        backend.store("default").set("schlüssel".encode(), b"\xff\0")
        rows = plain.execute("SELECT store, key, value FROM spin_key_value").fetchall()
    assert rows == [("default", "schlüssel", b"\xff\0")]


def test_a_file_that_spin_wrote_is_read(path: Path, plain: sqlite3.Connection) -> None:
    plain.execute(
        "CREATE TABLE IF NOT EXISTS spin_key_value"
        " (store TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (store, key))"
    )
    plain.execute(SPIN_SET, ("default", "key", b"value"))
    with SqliteBackend.open(path) as backend:
        assert backend.store("default").get(b"key") == b"value"


def test_a_value_that_spin_overwrites_no_longer_expires(path: Path, plain: sqlite3.Connection) -> None:
    clock = SetClock()
    with SqliteBackend.open(path, now=clock) as backend:
        backend.store("default").set(b"key", b"ours", 10)
        plain.execute(SPIN_SET, ("default", "key", b"spin's"))
        clock.now += 10
        assert backend.store("default").get(b"key") == b"spin's"


def test_expired_entries_are_purged_by_later_writes(path: Path, plain: sqlite3.Connection) -> None:
    clock = SetClock()
    with SqliteBackend.open(path, "process", clock) as backend:
        for number in range(20):
            backend.store("default").set(b"key-%d" % number, b"", 10)
        clock.now += 10_000
        backend.store("other").set(b"new", b"", 10)
        left = plain.execute("SELECT key FROM spin_key_value").fetchall()
        expiries = plain.execute("SELECT key FROM whorl_key_value_expiry").fetchall()
    assert (left, expiries) == ([("new",)], [("new",)])


def test_what_expires_is_purged_though_the_clock_was_set_back(path: Path, plain: sqlite3.Connection) -> None:
    clock = SetClock()
    clock.now += 10_000_000
    with SqliteBackend.open(path, "process", clock) as backend:
        backend.store("default").set(b"first", b"", 10)
        clock.now -= 5_000_000
        backend.store("default").set(b"key", b"", 10)
        clock.now += 10_000
        backend.store("other").set(b"new", b"", 10)
        left = plain.execute("SELECT key FROM spin_key_value").fetchall()
    assert ("key",) not in left


@pytest.mark.parametrize(("durability", "synchronous"), [("power-loss", 2), ("process", 1)])
def test_the_durability_is_what_sqlite_is_told(path: Path, durability: str, synchronous: int) -> None:
    with SqliteBackend.open(path, durability) as backend:  # type: ignore[arg-type]
        assert backend.connection.execute("PRAGMA synchronous").fetchone() == (synchronous,)
        assert backend.connection.execute("PRAGMA journal_mode").fetchone() == (b"wal",)


@pytest.mark.parametrize("content", [b"hello", b"not a database at all " * 1000])
def test_a_file_that_is_no_database_is_refused_and_left_alone(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"`.*kv\.db`: file is not a database; it is left as it is: restore a backup"):
        SqliteBackend.open(path)
    assert path.read_bytes() == content


def test_a_damaged_database_is_refused_and_left_alone(path: Path) -> None:
    with SqliteBackend.open(path) as backend:
        for number in range(200):
            backend.store("default").set(b"key-%d" % number, bytes(500))
    content = bytearray(path.read_bytes())
    content[8192 : len(content) : 7] = b"\xa5" * len(range(8192, len(content), 7))
    path.write_bytes(content)
    with pytest.raises(StoreError, match="it is left as it is: restore a backup"):
        SqliteBackend.open(path)
    assert path.read_bytes() == content


def test_a_table_of_another_shape_is_refused(path: Path, plain: sqlite3.Connection) -> None:
    plain.execute("CREATE TABLE spin_key_value (id INTEGER PRIMARY KEY, data TEXT)")
    with pytest.raises(StoreError, match="it is left as it is: name another file"):
        SqliteBackend.open(path)


def test_a_folder_in_place_of_the_file_is_refused(path: Path) -> None:
    path.mkdir(parents=True)
    with pytest.raises(StoreError, match="unable to open database file; check that it is a file"):
        SqliteBackend.open(path)


def test_a_file_in_place_of_the_folder_is_refused(path: Path) -> None:
    path.parent.write_bytes(b"")
    with pytest.raises(StoreError, match="its folder cannot be made"):
        SqliteBackend.open(path)


READ_ONLY = """
import os, sys
from pathlib import Path
from whorl.capabilities.key_value.sqlite import SqliteBackend
from whorl.errors import StoreError
if os.geteuid() == 0:
    os.setuid(65534)
try:
    SqliteBackend.open(Path(sys.argv[1])).close()
except StoreError as error:
    print(error)
"""


@pytest.mark.parametrize(("file_mode", "folder_mode"), [(0o444, 0o777), (0o644, 0o555), (0o444, 0o555)])
def test_a_file_that_may_not_be_written_is_refused(file_mode: int, folder_mode: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        path = Path(folder) / "state" / "kv.db"
        with SqliteBackend.open(path) as backend:
            backend.store("default").set(b"key", b"value")
        path.chmod(file_mode)
        path.parent.chmod(folder_mode)
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[4] / "platform")}
        program = subprocess.run(
            [sys.executable, "-c", READ_ONLY, path], env=environment, capture_output=True, text=True, check=True
        )
        path.parent.chmod(0o755)
        assert f"key-value database `{path}`" in program.stdout
        assert "that it is in" in program.stdout
        with SqliteBackend.open(path) as backend:
            assert backend.store("default").get(b"key") == b"value"


def test_a_failure_while_it_runs_is_the_guests_and_changes_nothing(path: Path, plain: sqlite3.Connection) -> None:
    with SqliteBackend.open(path) as backend:
        store = backend.store("default")
        store.set(b"key", b"old")
        plain.execute("CREATE TRIGGER refuse BEFORE UPDATE ON spin_key_value BEGIN SELECT RAISE(ABORT, 'no'); END")
        with pytest.raises(StoreFailure, match="^no$"):
            store.set_many([(b"new", b"1"), (b"key", b"new")])
        assert store.get_many([b"key", b"new"]) == [b"old", None]


def test_a_backend_that_is_not_closed_warns(path: Path) -> None:
    backend = SqliteBackend.open(path)
    with pytest.warns(ResourceWarning, match="was not closed"):
        del backend


BAD_KEYS = ["X'ff00'", "X'6b6579'", "CAST(X'61ff' AS TEXT)", "CAST(X'eda080' AS TEXT)"]


@pytest.mark.parametrize("key", BAD_KEYS)
def test_a_key_that_no_guest_could_name_is_not_listed_and_said_once(
    path: Path, plain: sqlite3.Connection, key: str, caplog: pytest.LogCaptureFixture
) -> None:
    with SqliteBackend.open(path) as backend:
        store = backend.store("default")
        store.set("schön".encode(), b"value")
        plain.execute(f"INSERT INTO spin_key_value VALUES ('default', {key}, 'value')")  # noqa: S608 - a constant
        for _ in range(2):
            assert store.keys() == ["schön".encode()]
    assert len(caplog.records) == 1
    assert f"in `{path}` is not text in UTF-8" in caplog.text


@pytest.mark.parametrize(("value", "kind"), [("7", "INTEGER"), ("1.5", "REAL")])
def test_a_value_that_is_a_number_fails_by_name(path: Path, plain: sqlite3.Connection, value: str, kind: str) -> None:
    with SqliteBackend.open(path) as backend:
        store = backend.store("default")
        plain.execute(f"INSERT INTO spin_key_value VALUES ('default', 'n', {value})")  # noqa: S608 - as above
        message = f"^the value of `n` is stored as {kind}, not as BLOB or TEXT$"
        for call in (
            lambda: store.get(b"n"),
            lambda: store.get_many([b"other", b"n"]),
            lambda: store.increment(b"n", 1),
            lambda: store.swap(b"n", None, b""),
        ):
            with pytest.raises(StoreFailure, match=message):
                call()
        store.set(b"n", b"bytes")
        assert store.get(b"n") == b"bytes"


@pytest.mark.parametrize("value", [b"text", b"\xff\0"])
def test_a_value_that_is_text_is_given_as_its_bytes(path: Path, plain: sqlite3.Connection, value: bytes) -> None:
    with SqliteBackend.open(path) as backend:
        plain.execute("INSERT INTO spin_key_value VALUES ('default', 'key', CAST(? AS TEXT))", (value,))
        assert backend.store("default").get(b"key") == value

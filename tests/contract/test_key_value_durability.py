"""What the SQLite backend keeps when processes share its file or are killed."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from whorl.capabilities.key_value.sqlite import SqliteBackend

KILLS = 20
ROOT = Path(__file__).parents[2]
OPEN = """
import sys
from pathlib import Path
from whorl.capabilities.key_value.sqlite import SqliteBackend
backend = SqliteBackend.open(Path(sys.argv[1]), sys.argv[2])
store = backend.store("default")
"""
WRITER = (
    OPEN
    + """
for number in range(int(sys.argv[3]), 10**9):
    store.set(b"key-%d" % number, b"value-%d" % number)
    print(number, flush=True)
"""
)
COUNTER = (
    OPEN
    + """
for _ in range(500):
    store.increment(b"n", 1)
    store.increment(b"m", -1)
backend.close()
"""
)


@contextmanager
def python(program: str, *arguments: object) -> Iterator[subprocess.Popen[bytes]]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "platform")}
    command = [sys.executable, "-c", program, *map(str, arguments)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("durability", ["power-loss", "process"])
def test_a_writer_killed_twenty_times_loses_no_acknowledged_key(tmp_path: Path, durability: str) -> None:
    path = tmp_path / "kv.db"
    acknowledged: list[int] = []
    for _ in range(KILLS):
        start = acknowledged[-1] + 1000 if acknowledged else 0
        with python(WRITER, path, durability, start) as writer:
            assert writer.stdout is not None
            acknowledged += [int(writer.stdout.readline()) for _ in range(50)]
            os.kill(writer.pid, signal.SIGKILL)
            acknowledged += [int(line) for line in writer.stdout if line.endswith(b"\n")]
    with SqliteBackend.open(path) as backend:
        values = backend.store("default").get_many([b"key-%d" % number for number in acknowledged])
    assert values == [b"value-%d" % number for number in acknowledged]


def test_increments_from_several_processes_at_once_all_count(tmp_path: Path) -> None:
    path = tmp_path / "kv.db"
    with ExitStack() as running:
        counters = [running.enter_context(python(COUNTER, path, "process")) for _ in range(3)]
        assert [counter.wait() for counter in counters] == [0, 0, 0]
    with SqliteBackend.open(path) as backend:
        store = backend.store("default")
        assert (store.increment(b"n", 0), store.increment(b"m", 0)) == (1500, -1500)


def test_what_one_process_writes_another_reads_at_once(tmp_path: Path) -> None:
    path = tmp_path / "kv.db"
    with SqliteBackend.open(path) as reader, SqliteBackend.open(path) as writer:
        writer.store("default").set(b"key", b"value")
        assert reader.store("default").get(b"key") == b"value"

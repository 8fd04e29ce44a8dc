"""Log files that are rotated, shared by processes, moved by others, and written again when that works again."""

import fcntl
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from open_files import open_descriptors
from whorl_process import environment

from whorl.capabilities.wasi.log_files import LogFile, LogFiles

PROCESSES, LINES = 4, 1500


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "shop_stdout.txt"


@contextmanager
def log_file(path: Path, size: int = 100, kept: int = 2, retry: float = 0.0) -> Iterator[LogFile]:
    file = LogFile(path, LogFiles(size, kept, retry))
    try:
        yield file
    finally:
        file.close()


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Let no file grow beyond `size` in this process, as if the disk was full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def contents(path: Path) -> list[bytes]:
    """Return what is in the file and in the old ones beside it, newest first."""
    return [each.read_bytes() for each in sorted(path.parent.iterdir())]


class TestRotation:
    def test_a_file_that_would_get_too_large_becomes_the_newest_of_the_old_ones(self, path: Path) -> None:
        with log_file(path, size=10) as file:
            for line in (b"one\n", b"two\n", b"three\n", b"four\n", b"five\n"):
                file.write(line)
        assert contents(path) == [b"four\nfive\n", b"three\n", b"one\ntwo\n"]
        assert [each.name for each in sorted(path.parent.iterdir())] == [
            "shop_stdout.txt",
            "shop_stdout.txt.1",
            "shop_stdout.txt.2",
        ]

    @pytest.mark.parametrize("kept", [0, 1, 3])
    def test_so_many_old_files_are_kept(self, path: Path, kept: int) -> None:
        with log_file(path, size=3, kept=kept) as file:
            for number in range(5):
                file.write(b"%d\n" % number)
        assert contents(path) == [b"4\n", b"3\n", b"2\n", b"1\n"][: kept + 1]

    def test_a_file_that_an_earlier_process_has_filled_is_rotated_before_the_first_write(self, path: Path) -> None:
        path.write_bytes(b"x" * 200)
        with log_file(path) as file:
            file.write(b"new\n")
        assert contents(path) == [b"new\n", b"x" * 200]

    def test_what_is_larger_than_a_file_may_be_is_written_in_one_piece(self, path: Path) -> None:
        with log_file(path) as file:
            file.write(b"x" * 500 + b"\n")
            file.write(b"next\n")
        assert contents(path) == [b"next\n", b"x" * 500 + b"\n"]

    def test_a_line_that_comes_in_pieces_stays_in_one_file(self, path: Path) -> None:
        with log_file(path) as file:
            for piece in (b"x" * 90, b"y" * 90, b"\n", b"next\n"):
                file.write(piece)
        assert contents(path) == [b"next\n", b"x" * 90 + b"y" * 90 + b"\n"]

    def test_output_without_lines_is_rotated_at_twice_the_size(self, path: Path) -> None:
        with log_file(path, kept=1) as file:
            for _ in range(50):
                file.write(b"x" * 30)
        assert [len(content) <= 200 for content in contents(path)] == [True, True]

    def test_a_file_that_cannot_be_rotated_grows_and_is_reported_once(
        self, path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        (path.parent / "shop_stdout.txt.1" / "in the way").mkdir(parents=True)
        with log_file(path, size=3, kept=1) as file:
            for line in (b"one\n", b"two\n", b"three\n"):
                file.write(line)
            assert path.read_bytes() == b"one\ntwo\nthree\n"
            assert len(caplog.messages) == 1
            assert f"cannot rotate the log file `{path}`: Is a directory; it grows" in caplog.messages
            (path.parent / "shop_stdout.txt.1" / "in the way").rmdir()
            (path.parent / "shop_stdout.txt.1").rmdir()
            file.write(b"four\n")
        assert contents(path) == [b"four\n", b"one\ntwo\nthree\n"]

    def test_no_descriptor_is_left(self, path: Path) -> None:
        before = open_descriptors()
        with log_file(path, size=10) as file:
            for _ in range(50):
                file.write(b"a line\n")
            assert open_descriptors() == before + 1
        assert open_descriptors() == before


APPEND = f"""
import sys
from pathlib import Path
from whorl.capabilities.wasi.log_files import LogFile, LogFiles

file = LogFile(Path(sys.argv[1]), LogFiles(size=4000, kept=200))
for number in range({LINES}):
    file.write(b"process %b line %d %b\\n" % (sys.argv[2].encode(), number, b"x" * (number % 50)))
file.close()
"""


class TestProcesses:
    def test_no_line_of_several_processes_is_lost_torn_or_doubled(self, path: Path) -> None:
        commands = [[sys.executable, "-c", APPEND, str(path), str(name)] for name in range(PROCESSES)]
        processes = [subprocess.Popen(command, env=environment()) for command in commands]
        assert [process.wait() for process in processes] == [0] * PROCESSES
        assert len(contents(path)) > PROCESSES
        written = sorted(line for content in contents(path) for line in content.splitlines(keepends=True))
        assert written == sorted(
            b"process %d line %d %b\n" % (name, number, b"x" * (number % 50))
            for name in range(PROCESSES)
            for number in range(LINES)
        )

    def test_whoever_finds_the_file_rotated_goes_on_in_the_new_one(self, path: Path) -> None:
        with log_file(path, size=10) as one, log_file(path, size=10) as other:
            one.write(b"one\n")
            other.write(b"other\n")
            one.write(b"one again\n")
            other.write(b"")
            assert path.read_bytes() == b"one again\n"
            other.write(b"third\n")
        assert contents(path) == [b"third\n", b"one again\n", b"one\nother\n"]

    def test_nobody_waits_for_the_one_that_rotates(self, path: Path) -> None:
        with log_file(path, size=10) as file, path.open("wb") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            file.write(b"0123456789\n")
            file.write(b"meanwhile\n")
            assert contents(path) == [b"0123456789\nmeanwhile\n"]
            fcntl.flock(held, fcntl.LOCK_UN)
            file.write(b"afterwards\n")
        assert contents(path) == [b"afterwards\n", b"0123456789\nmeanwhile\n"]


class TestOthers:
    def test_a_file_that_was_renamed_is_made_anew(self, path: Path) -> None:
        with log_file(path) as file:
            file.write(b"one\n")
            path.rename(path.with_suffix(".old"))
            file.write(b"two\n")
        assert (path.with_suffix(".old").read_bytes(), path.read_bytes()) == (b"one\n", b"two\n")

    def test_a_folder_that_was_removed_is_made_anew(self, tmp_path: Path) -> None:
        path = tmp_path / "state" / "logs" / "shop_stdout.txt"
        with log_file(path) as file:
            file.write(b"one\n")
            path.unlink()
            path.parent.rmdir()
            path.parent.parent.rmdir()
            file.write(b"two\n")
        assert contents(path) == [b"two\n"]

    def test_a_file_that_was_replaced_is_left_for_the_one_at_its_path(self, path: Path) -> None:
        with log_file(path) as file:
            file.write(b"one\n")
            path.rename(path.with_suffix(".old"))
            path.write_bytes(b"made by others\n")
            file.write(b"two\n")
        assert path.read_bytes() == b"made by others\ntwo\n"

    def test_a_file_that_was_emptied_is_filled_from_its_start(self, path: Path) -> None:
        with log_file(path) as file:
            file.write(b"one\n")
            os.truncate(path, 0)
            file.write(b"two\n")
        assert path.read_bytes() == b"two\n"

    def test_a_pipe_that_nobody_reads_is_not_waited_for(self, path: Path, caplog: pytest.LogCaptureFixture) -> None:
        os.mkfifo(path)
        with log_file(path) as file:
            file.write(b"lost")
        assert "No such device or address" in caplog.text


class TestOutages:
    def test_a_full_disk_is_reported_once_and_what_was_dropped_when_there_is_room_again(
        self, path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        with log_file(path, size=1 << 20) as file:
            with largest_file(10):
                for _ in range(5):
                    file.write(b"1234567\n")
            assert caplog.messages == [
                f"cannot write the log file `{path}`: File too large; its output is dropped until it works again"
            ]
            file.write(b"again\n")
            file.write(b"and again\n")
        assert caplog.messages[1:] == [f"the log file `{path}` is written again; 30 bytes were dropped"]
        assert path.read_bytes() == b"1234567\n12again\nand again\n"

    def test_each_outage_is_reported(self, path: Path, caplog: pytest.LogCaptureFixture) -> None:
        with log_file(path) as file:
            for _ in range(2):
                with largest_file(0):
                    file.write(b"lost\n")
                file.write(b"kept\n")
                path.unlink()
        assert [message.partition(";")[2] for message in caplog.messages] == [
            " its output is dropped until it works again",
            " 5 bytes were dropped",
        ] * 2

    def test_a_file_is_not_tried_again_at_every_write(self, path: Path, caplog: pytest.LogCaptureFixture) -> None:
        path.symlink_to("/dev/full")
        with log_file(path, retry=3600) as file:
            file.write(b"lost\n")
            path.unlink()
            file.write(b"lost too\n")
        assert not path.exists()
        assert len(caplog.messages) == 1
        assert "No space left on device" in caplog.text

    def test_a_folder_that_cannot_be_made_is_an_outage_too(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        (tmp_path / "logs").write_text("a file, not a folder")
        with log_file(tmp_path / "logs" / "shop_stdout.txt") as file:
            file.write(b"lost\n")
            (tmp_path / "logs").unlink()
            file.write(b"kept\n")
        assert contents(tmp_path / "logs" / "shop_stdout.txt") == [b"kept\n"]
        assert "5 bytes were dropped" in caplog.messages[-1]

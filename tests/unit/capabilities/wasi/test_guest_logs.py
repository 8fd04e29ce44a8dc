"""Guests' output in files and on the terminal."""

import io
from pathlib import Path

import pytest

from whorl.capabilities.wasi.logs import GuestLogs, file_stem
from whorl.capabilities.wasi.terminals import Terminal


def test_each_stream_has_a_file_that_is_made_when_it_is_needed(tmp_path: Path) -> None:
    logs = GuestLogs(tmp_path / "state" / "logs")
    assert not (tmp_path / "state").exists()
    logs.write("shop", "stdout", b"one\n")
    logs.write("shop", "stderr", b"\xff\x00")
    logs.write("shop", "stdout", b"two\n")
    logs.close()
    assert {path.name: path.read_bytes() for path in (tmp_path / "state" / "logs").iterdir()} == {
        "shop_stdout.txt": b"one\ntwo\n",
        "shop_stderr.txt": b"\xff\x00",
    }


def test_what_was_there_before_is_kept(tmp_path: Path) -> None:
    for line in (b"first run\n", b"second run\n"):
        logs = GuestLogs(tmp_path)
        logs.write("shop", "stdout", line)
        logs.close()
    assert (tmp_path / "shop_stdout.txt").read_bytes() == b"first run\nsecond run\n"


@pytest.mark.parametrize(
    ("component", "stem"), [("shop", "shop"), ("../../etc/passwd", "_.._etc_passwd"), ("a\0b c", "a_b_c"), ("..", "_")]
)
def test_a_component_cannot_name_a_file_elsewhere(component: str, stem: str) -> None:
    assert file_stem(component) == stem


def test_a_file_that_cannot_be_written_is_reported_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "logs").write_text("a file, not a folder")
    logs = GuestLogs(tmp_path / "logs")
    for _ in range(3):
        logs.write("shop", "stdout", b"lost")
    logs.close()
    assert len(caplog.messages) == 1
    assert "shop_stdout.txt" in caplog.messages[0]


def test_everything_is_echoed(tmp_path: Path) -> None:
    echo = io.BytesIO()
    logs = GuestLogs(tmp_path, Terminal(echo))
    logs.write("shop", "stdout", b"out\n")
    logs.write("shop", "stderr", b"err\n")
    logs.close()
    assert echo.getvalue() == b"out\nerr\n"


def test_without_a_directory_there_is_only_the_echo() -> None:
    echo = io.BytesIO()
    logs = GuestLogs(None, Terminal(echo))
    logs.write("shop", "stdout", b"hello")
    logs.close()
    assert echo.getvalue() == b"hello"

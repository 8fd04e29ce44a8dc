"""The terminal of the process: it never waits for a reader, and says what it dropped."""

import asyncio
import io
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO

import pytest

from whorl.capabilities.wasi.terminals import MAX_BACKLOG, Terminal

PIPE = 65536


@contextmanager
def pipe() -> Iterator[tuple[BinaryIO, BinaryIO]]:
    """Give both ends of a pipe; reading does not wait."""
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    with os.fdopen(reading, "rb", buffering=0) as reader, os.fdopen(writing, "wb") as writer:
        yield reader, writer


def taken_from(reader: BinaryIO) -> bytes:
    """Return what a pipe holds."""
    taken = b""
    with suppress(BlockingIOError):
        while piece := os.read(reader.fileno(), PIPE):
            taken += piece
    return taken


def test_what_is_written_is_there_at_once() -> None:
    with pipe() as (reader, writer), Terminal(writer) as terminal:
        terminal.write(b"hello\n")
        assert taken_from(reader) == b"hello\n"


def test_a_reader_that_takes_nothing_neither_blocks_nor_grows_the_backlog() -> None:
    async def flood(reader: BinaryIO, writer: BinaryIO) -> bytes:
        with Terminal(writer) as terminal:
            began = time.monotonic()
            for _ in range(40):
                terminal.write(b"x" * 65536)
            assert time.monotonic() - began < 1
            taken = b""
            while not taken.endswith(b"too slow)\n"):
                taken += taken_from(reader)
                await asyncio.sleep(0.001)
            return taken

    with pipe() as (reader, writer):
        taken = asyncio.run(flood(reader, writer))
    lost = 40 * 65536 - taken.count(b"x")
    assert PIPE + MAX_BACKLOG >= taken.count(b"x") >= MAX_BACKLOG
    assert b"(%d bytes of output dropped: the terminal was too slow)" % lost in taken


def test_a_pipe_that_others_share_stays_as_it_is_and_a_writer_that_is_faster_does_not_block_us() -> None:
    """The pipe is filled between the look at it and the write, which no look could rule out."""
    with pipe() as (_, writer), Terminal(writer) as terminal:
        terminal._takes = lambda: True  # type: ignore[method-assign]
        os.set_blocking(writer.fileno(), False)
        with suppress(BlockingIOError):
            while True:
                os.write(writer.fileno(), bytes(PIPE))
        os.set_blocking(writer.fileno(), True)
        began = time.monotonic()
        terminal.write(b"late\n")
        terminal.close(patience=0.1)
        assert time.monotonic() - began < 5
        assert os.get_blocking(writer.fileno())


def test_without_an_event_loop_a_slow_reader_is_waited_for_for_a_short_time() -> None:
    with pipe() as (reader, writer), Terminal(writer) as terminal:
        timer = threading.Timer(0.1, lambda: taken.append(taken_from(reader)))
        taken: list[bytes] = []
        timer.start()
        terminal.write(b"x" * (PIPE + 10))
        timer.join()
        assert len(taken[0] + taken_from(reader)) == PIPE + 10


def test_at_the_end_the_reader_gets_a_short_time_and_the_rest_is_dropped() -> None:
    with pipe() as (reader, writer):
        terminal = Terminal(writer)

        async def write() -> None:
            terminal.write(b"x" * (PIPE + 10))

        asyncio.run(write())
        began = time.monotonic()
        terminal.close(patience=0.1)
        assert 0.1 < time.monotonic() - began < 5
        terminal.write(b"after the end")
        assert len(taken_from(reader)) == PIPE


def test_what_waits_when_a_loop_ends_is_written_in_the_next() -> None:
    async def write(data: bytes) -> None:
        terminal.write(data)
        await asyncio.sleep(0)

    async def rest() -> bytes:
        await write(b"y")
        taken = b""
        while not taken.endswith(b"y"):
            taken += taken_from(reader)
            await asyncio.sleep(0.01)
        return taken

    with pipe() as (reader, writer), Terminal(writer) as terminal:
        asyncio.run(write(b"x" * (PIPE + 10)))
        assert asyncio.run(rest()) == b"x" * (PIPE + 10) + b"y"


def test_a_reader_that_has_gone_away_is_no_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as writer, Terminal(writer) as terminal:
        terminal.write(b"hello")


def test_a_stream_without_a_descriptor_is_written_to() -> None:
    stream = io.BytesIO()
    with Terminal(stream) as terminal:
        terminal.write(b"hello")
    assert stream.getvalue() == b"hello"


def test_threads_write_every_byte_once() -> None:
    def write(letter: bytes) -> None:
        for _ in range(100):
            terminal.write(letter * 50)

    with pipe() as (reader, writer), Terminal(writer) as terminal:
        threads = [threading.Thread(target=write, args=(letter,)) for letter in (b"a", b"b", b"c")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        taken = taken_from(reader)
        assert [taken.count(letter) for letter in (b"a", b"b", b"c")] == [5000] * 3


@pytest.mark.parametrize("size", [0, 1, PIPE, PIPE + MAX_BACKLOG])
def test_nothing_is_dropped_that_fits(size: int) -> None:
    async def write(reader: BinaryIO, writer: BinaryIO) -> bytes:
        with Terminal(writer) as terminal:
            for at in range(0, size, MAX_BACKLOG // 4):
                terminal.write(b"x" * min(MAX_BACKLOG // 4, size - at))
            taken = taken_from(reader)
            while len(taken) < size:
                await asyncio.sleep(0.01)
                taken += taken_from(reader)
            return taken

    with pipe() as (reader, writer):
        assert asyncio.run(write(reader, writer)) == b"x" * size

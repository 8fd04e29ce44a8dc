"""How much a client may say before it is told to stop, and that the server keeps none of what goes beyond."""

import asyncio
import os
import time
from pathlib import Path

import pytest
from http_door import Door
from raw_http import LAST_CHUNK, chunk, chunked, request

pytestmark = pytest.mark.anyio

_KIB = 1 << 10
_MIB = 1 << 20
_ENDLESS = 120 * _MIB
_PIECE = 64 * _KIB
_TOO_LARGE = (431,)
_TOO_LARGE_OR_BAD = (400, 431)


def _resident() -> int:
    """Return the memory that this process, and the server in it, has in use, in bytes."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGESIZE")


def _fields(count: int) -> bytes:
    return request(b"/hello", *(b"x-%d: %d" % (at, at) for at in range(count - 1)))


async def test_a_hundred_fields_are_served(door: Door) -> None:
    assert (await door.ask(_fields(100))).body == b"hello"


@pytest.mark.parametrize("count", [101, 1000])
async def test_more_than_a_hundred_fields_are_refused(door: Door, count: int) -> None:
    async with door.open() as client:
        await client.send(_fields(count))
        response = await client.response()
        assert response is not None
        assert response.status == 431
        assert await client.rest() == b""
    assert not door.begun
    assert await door.is_well()


@pytest.mark.parametrize("message", [request(b"/hello?" + b"a" * 60_000), request(b"/hello", b"x: " + b"a" * 60_000)])
@pytest.mark.parametrize("piece", [100_000, 1000, 7])
async def test_a_head_of_60_kb_is_served(door: Door, message: bytes, piece: int) -> None:
    async with door.open() as client:
        for at in range(0, len(message), piece):
            await client.send(message[at : at + piece])
            await asyncio.sleep(0)
        response = await client.response()
    assert response is not None
    assert response.body == b"hello"


@pytest.mark.parametrize("piece", [100_000, 1000])
@pytest.mark.parametrize(
    ("message", "status"),
    [
        (request(b"/hello?" + b"a" * 90_000), 414),
        (request(b"/hello", b"x: " + b"a" * 90_000), 431),
        (request(b"/hello", b"a" * 90_000 + b": x"), 431),
        (request(b"/hello", *(b"x-%d: %b" % (at, b"a" * 1000) for at in range(90))), 431),
        (request(b"/hello", b"x:" + b" " * 90_000 + b"a"), 431),
    ],
    ids=["target", "value", "name", "fields", "space"],
)
async def test_a_head_of_90_kb_is_refused_before_a_guest_runs(
    door: Door, message: bytes, status: int, piece: int
) -> None:
    async with door.open() as client:
        for at in range(0, len(message), piece):
            await client.send(message[at : at + piece])
            await asyncio.sleep(0)
        response = await client.response()
        assert response is not None
        assert response.status == status
        assert await client.rest() == b""
    assert not door.begun
    assert await door.is_well()


_START = b"GET /hello HTTP/1.1\r\nHost: localhost\r\n"


@pytest.mark.parametrize(
    ("start", "piece", "statuses"),
    [
        (_START + b"x-a: ", b"a" * _PIECE, _TOO_LARGE),
        (_START + b"x-a:", b" " * _PIECE, _TOO_LARGE),
        (_START, b"a" * _PIECE, _TOO_LARGE),
        (_START, b"x-a: b\r\n" * (_PIECE // 8), _TOO_LARGE),
        (b"GET /", b"a" * _PIECE, (414,)),
        (b"GET /hello?", b"a" * _PIECE, (414,)),
        (b"GET http://", b"a" * _PIECE, (400, 414)),
        (b"GET /hello HTTP/1.1", b"1" * _PIECE, (400, 414, 431, 505)),
        (b"", b"A" * _PIECE, (400, 414, 431, 501)),
        (b"", b"\r\n" * (_PIECE // 2), _TOO_LARGE_OR_BAD),
        (chunked(b"/late", chunk(b"hello") + b"0\r\nx-a: "), b"a" * _PIECE, _TOO_LARGE_OR_BAD),
        (chunked(b"/late", chunk(b"hello") + b"0\r\n"), b"x-a: b\r\n" * (_PIECE // 8), _TOO_LARGE_OR_BAD),
        (chunked(b"/late", b"5;"), b"a" * _PIECE, _TOO_LARGE_OR_BAD),
        (chunked(b"/late", b'5;a="'), b"a" * _PIECE, _TOO_LARGE_OR_BAD),
        (chunked(b"/late", b""), b"0" * _PIECE, _TOO_LARGE_OR_BAD),
        (chunked(b"/late", b""), (b"1;" + b"a" * 1020 + b"\r\nx\r\n") * (_PIECE // 1027), _TOO_LARGE_OR_BAD),
    ],
    ids=[
        "value",
        "space before a value",
        "name",
        "fields",
        "path",
        "query",
        "authority",
        "version",
        "method",
        "empty lines",
        "trailer",
        "trailers",
        "extension",
        "quoted extension",
        "size",
        "extensions of small chunks",
    ],
)
async def test_what_has_no_end_is_refused_and_not_kept(
    door: Door, start: bytes, piece: bytes, statuses: tuple[int, ...]
) -> None:
    """The server may take more, to let the client read why it is refused, but only to throw it away."""
    before, most, sent = _resident(), 0, 0
    async with door.open() as client:
        takes_more = await client.send(start)
        while takes_more and sent < _ENDLESS:
            takes_more = await client.send(piece)
            sent += len(piece)
            await asyncio.sleep(0)
            most = max(most, _resident())
        response = await client.response()
        assert response is not None
        assert response.status in statuses
        assert await client.rest() == b""
    assert most - before < 4 * _MIB
    assert len(door.begun) <= start.startswith(b"POST")
    assert await door.is_well()


async def test_a_head_that_trickles_in_costs_no_more_than_its_length(door: Door) -> None:
    """Looking for the end from the beginning with each byte would take 16 times as long for four times the length."""

    async def seconds(size: int) -> float:
        message = request(b"/hello", b"x: " + b"a" * size)
        began = time.process_time()
        async with door.open() as client:
            for at in range(len(message)):
                await client.send(message[at : at + 1])
                await asyncio.sleep(0)
            response = await client.response()
        assert response is not None
        assert response.body == b"hello"
        return time.process_time() - began

    short = min([await seconds(5_000) for _ in range(3)])
    assert await seconds(20_000) < 8 * short


async def test_a_body_of_one_byte_chunks_is_taken(door: Door) -> None:
    """What is around chunks is bounded, but not so that small chunks add up to too much."""
    coded = chunk(b"x") * 50_000 + LAST_CHUNK
    response = await door.ask(chunked(b"/late", coded), b"POST")
    assert response.body.startswith(b"50000 bytes in ")

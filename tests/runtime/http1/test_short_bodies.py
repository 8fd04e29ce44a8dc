"""Short bodies that come in two pieces: the rest is waited for a moment, so that the request goes the direct way."""

import asyncio
import gc

import pytest
from http_door import LOOPS, Door
from raw_http import post

from whorl.server import connections
from whorl.server.connections import HttpConnection

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("anyio_backend", LOOPS, scope="module")]

LONG = 5.0


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for the rest for as long as it takes."""
    monkeypatch.setattr(connections, "_PATIENCE", LONG)


async def until_begun(door: Door) -> None:
    """Wait until a guest runs, for less than the patience."""
    async with asyncio.timeout(LONG - 1):
        while not door.begun:  # noqa: ASYNC110 - the door has no event for it
            await asyncio.sleep(0.001)


def waiting() -> list[HttpConnection]:
    """Return the connections that wait for the rest of a short body."""
    return [each for each in gc.get_objects() if type(each) is HttpConnection and each._patience]


@pytest.mark.usefixtures("patience")
@pytest.mark.parametrize("size", [1, 5000, 100_000])
async def test_the_guest_begins_when_all_of_it_is_there(door: Door, size: int) -> None:
    message = post(b"/echo", b"x" * size)
    async with door.open() as client:
        for _ in range(2):
            await client.send(message[:-1])
            await asyncio.sleep(0.02)
            begun = len(door.begun)
            await client.send(message[-1:])
            response = await client.response(b"POST")
            assert response is not None
            assert response.body == b"x" * size
            assert len(door.begun) == begun + 1
            assert door.begun[-1].receive is None
    assert await door.is_well()


@pytest.mark.usefixtures("patience")
@pytest.mark.parametrize("leaves", ["says so", "is gone"])
async def test_a_client_that_leaves_meanwhile_has_asked_for_nothing(door: Door, leaves: str) -> None:
    async with door.open() as client:
        await client.send(post(b"/echo", b"x" * 5000)[:-1])
        await asyncio.sleep(0.02)
        if leaves == "says so":
            client.finish()
            assert await client.rest() == b""
    assert not door.begun
    assert await door.is_well()


@pytest.mark.usefixtures("patience")
async def test_a_client_that_leaves_meanwhile_is_waited_for_no_longer(door: Door) -> None:
    async with door.open() as client:
        await client.send(post(b"/echo", b"x" * 5000)[:-1])
        await asyncio.sleep(0.02)
        assert len(waiting()) == 1
    async with asyncio.timeout(LONG - 1):
        while waiting():  # noqa: ASYNC110 - the connection has no event for it
            await asyncio.sleep(0.005)


@pytest.mark.usefixtures("patience")
async def test_what_is_pipelined_behind_the_rest_has_its_turn(door: Door) -> None:
    message, other = post(b"/echo", b"x" * 5000), post(b"/echo", b"y" * 7000)
    async with door.open() as client:
        await client.send(message[:-10])
        await asyncio.sleep(0.02)
        await client.send(message[-10:] + other[:-1])
        first = await client.response(b"POST")
        await client.send(other[-1:])
        second = await client.response(b"POST")
        assert first is not None
        assert second is not None
        assert (first.body, second.body) == (b"x" * 5000, b"y" * 7000)
        assert [request.receive for request in door.begun] == [None, None]
    assert await door.is_well()


@pytest.mark.usefixtures("patience")
async def test_the_last_request_of_a_connection_is_waited_for_too(door: Door) -> None:
    message = post(b"/echo", b"x" * 5000).replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n", 1)
    async with door.open() as client:
        await client.send(message[:-1])
        await asyncio.sleep(0.02)
        assert not door.begun
        await client.send(message[-1:])
        response = await client.response(b"POST")
        assert response is not None
        assert response.body == b"x" * 5000
        assert await client.rest() == b""
    assert await door.is_well()


async def test_a_body_that_takes_its_time_is_read_by_the_guest_as_it_comes(door: Door) -> None:
    message = post(b"/echo", b"x" * 5000)
    async with door.open() as client:
        await client.send(message[:-1])
        await until_begun(door)
        assert door.begun[-1].receive is not None
        await client.send(message[-1:])
        response = await client.response(b"POST")
        assert response is not None
        assert response.body == b"x" * 5000
    assert await door.is_well()


@pytest.mark.usefixtures("patience")
async def test_a_long_body_is_not_waited_for(door: Door) -> None:
    message = post(b"/late", b"x" * 300_000)
    async with door.open() as client:
        await client.send(message[:-1])
        await until_begun(door)
        await client.send(message[-1:])
        assert await client.response(b"POST") is not None


@pytest.mark.usefixtures("patience")
async def test_a_server_that_ends_meanwhile_serves_it(door: Door) -> None:
    message = post(b"/echo", b"x" * 5000)
    async with door.open() as client:
        await client.send(message[:-1])
        await asyncio.sleep(0.02)
        (connection,) = waiting()
        connection.shutdown()
        await client.send(message[-1:])
        response = await client.response(b"POST")
        assert response is not None
        assert response.body == b"x" * 5000

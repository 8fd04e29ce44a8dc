"""Clients that say no more, go away, or break the rules while they are being answered."""

import asyncio
import socket

import pytest
from http_door import LOOPS, Door
from raw_http import RESET_ON_CLOSE, chunk, chunked, post, request

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("anyio_backend", LOOPS, scope="module")]


@pytest.mark.parametrize("target", [b"/hello", b"/hello-sdk", b"/big?100000", b"/late"])
async def test_a_client_that_says_no_more_gets_its_response(door: Door, target: bytes) -> None:
    async with door.open() as client:
        await client.send(request(target))
        client.finish()
        response = await client.response()
        assert response is not None
        assert (response.status, response.is_complete) == (200, True)
        assert await client.rest() == b""
    assert await door.is_well()


async def test_a_client_that_says_no_more_gets_all_its_responses(door: Door) -> None:
    async with door.open() as client:
        await client.send(b"".join(request(b"/head?%d" % at) for at in range(4)))
        client.finish()
        for at in range(4):
            response = await client.response()
            assert response is not None, at
            assert b"?%d" % at in response.body
        assert await client.rest() == b""


@pytest.mark.parametrize(
    "begun",
    [
        b"",
        b"GET",
        b"GET /hello HTTP/1.1\r\n",
        request()[:-1],
        request()[:-2],
        post(b"/late", b"hello")[:-1],
        post(b"/echo", b"hello")[:-1],
        chunked(b"/late", chunk(b"hello")),
        chunked(b"/late", b"5"),
        chunked(b"/late", chunk(b"hello") + b"0\r\n"),
    ],
)
@pytest.mark.parametrize("ending", ["finish", "reset", "close"])
async def test_a_request_that_breaks_off_leaves_nothing_behind(door: Door, begun: bytes, ending: str) -> None:
    async with door.open() as client:
        await client.send(begun)
        await asyncio.sleep(0.02)
        if ending == "finish":
            client.finish()
            received = await client.rest()
            assert b"HTTP/1.1 5" not in received
            assert received.count(b"HTTP/1.1 ") <= 1
        elif ending == "reset":
            client.reset()
        else:
            client.close()
    assert len(door.begun) <= begun.startswith(b"POST")
    assert await door.is_well()


@pytest.mark.parametrize(
    "message",
    [
        request(b"/stream?200"),
        request(b"/flush?200000"),
        request(b"/big?50000000"),
        request(b"/sleep?60000"),
        request(b"/stream?3") * 50,
        request(b"/sleep?60000") + request(b"/hello") * 50,
        request(b"/hello") * 500,
        request(b"/big?1000000") * 50,
    ],
    ids=["stream", "flush", "big", "sleep", "streams in a row", "behind a sleep", "hellos in a row", "bigs in a row"],
)
@pytest.mark.parametrize("pause", [0, 0.05])
async def test_a_reset_while_a_response_is_due_does_no_harm(door: Door, message: bytes, pause: float) -> None:
    async with door.open(receive_buffer=4096) as client:
        await client.send(message)
        await asyncio.sleep(pause)
        client.reset()
    assert await door.is_well()


async def test_a_client_that_is_reset_before_it_is_accepted_is_not_served_under_another_address(door: Door) -> None:
    """Guests limit rates by the address: whoever leaves fast enough must not do without one."""
    address = door.live.address
    for _ in range(3):
        with socket.create_connection((address.host, address.port)) as client:
            client.sendall(request(b"/hello"))
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        await asyncio.sleep(0.02)
    assert all(b"\rspin-client-addr\n127.0.0.1:" in fields for fields in door.told)
    assert await door.is_well()


async def test_requests_behind_a_client_that_has_left_are_not_run(door: Door) -> None:
    async with door.open() as client:
        await client.send(request(b"/sleep?60000") + request(b"/hello?behind") * 20)
        await asyncio.sleep(0.05)
        client.reset()
    assert await door.is_idle()
    assert door.targets == [b"/sleep?60000"]
    assert await door.is_well()


_NONSENSE = {
    "no size": b"zz\r\n",
    "no end of the data": b"5\r\nhelloXX0\r\n\r\n",
    "a line feed": b"5\nhello",
    "an overflow": b"F" * 40 + b"\r\n",
    "a trailer without a colon": b"0\r\nnonsense\r\n\r\n",
    "a request": request(b"/hello?hidden"),
}


@pytest.mark.parametrize("nonsense", _NONSENSE.values(), ids=_NONSENSE.keys())
@pytest.mark.parametrize("target", [b"/echo", b"/splice", b"/stream?100"])
async def test_nonsense_in_a_body_cuts_the_response_and_says_nothing_into_it(
    door: Door, nonsense: bytes, target: bytes
) -> None:
    async with door.open() as client:
        await client.send(chunked(target, chunk(b"first")))
        await client.wait_for(b"chunk 0\n" if target == b"/stream?100" else b"first")
        await client.send(nonsense)
        response = await client.response(b"POST")
        rest = await client.rest()
    received = bytes(client.received)
    assert rest == b""
    assert response is not None
    assert not response.is_complete
    assert received.count(b"HTTP/1.1 ") == 1
    assert not received.endswith(b"0\r\n\r\n")
    assert len(door.begun) == 1
    assert await door.is_idle()


async def test_nonsense_behind_a_complete_response_is_not_answered_twice(door: Door) -> None:
    """The guest has answered without the body, which then turns out to be nonsense."""
    async with door.open() as client:
        await client.send(chunked(b"/hello", chunk(b"first")))
        response = await client.response(b"POST")
        await client.send(b"zz\r\n" + request(b"/hello?hidden"))
        rest = await client.rest()
    assert response is not None
    assert response.is_complete
    assert rest == b""
    assert door.targets == [b"/hello"]
    assert await door.is_well()


async def test_a_client_that_breaks_off_a_body_that_is_being_echoed_is_cut(door: Door) -> None:
    async with door.open() as client:
        await client.send(request(b"/echo", b"Content-Length: 100", method=b"POST") + b"x" * 50)
        await client.wait_for(b"x" * 50)
        client.finish()
        response = await client.response(b"POST")
    assert response is not None
    assert not response.is_complete
    assert await door.is_idle()

"""`Expect: 100-continue` (RFC 9110, section 10.1.1): the body is asked for when the guest wants it, and only then."""

import asyncio

import pytest
from http_door import LOOPS, Door, is_served
from raw_http import LAST_CHUNK, chunk, request

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("anyio_backend", LOOPS, scope="module")]

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_EXPECTING = b"Expect: 100-continue"


def _post(target: bytes, *lines: bytes, body: bytes = b"", version: bytes = b"HTTP/1.1") -> bytes:
    return request(target, b"Content-Length: 5", *lines, method=b"POST", body=body, version=version)


async def test_a_guest_that_answers_without_the_body_does_not_ask_for_it(door: Door) -> None:
    async with door.open() as client:
        await client.send(_post(b"/hello", _EXPECTING))
        response = await client.response(b"POST")
    assert response is not None
    assert (response.status, response.informational, response.body) == (200, (), b"hello")
    assert await door.is_well()


async def test_a_body_that_was_not_asked_for_is_never_run(door: Door) -> None:
    """Either the connection is closed, or the body is passed over when it comes after all."""
    async with door.open() as client:
        await client.send(request(b"/hello", b"Content-Length: 29", _EXPECTING, method=b"POST"))
        response = await client.response(b"POST")
        assert response is not None
        await client.send(b"GET /hidden HTTP/1.1\r\nHost:a\r\n\r\n"[:29])
        if response.values(b"connection") == [b"close"]:
            assert await client.rest() == b""
        else:
            assert await is_served(client)
    assert b"/hidden" not in door.targets
    assert await door.is_well()


@pytest.mark.parametrize("expect", [_EXPECTING, b"EXPECT: 100-Continue"], ids=["lower case", "mixed case"])
async def test_a_guest_that_reads_asks_for_the_body_once(door: Door, expect: bytes) -> None:
    async with door.open() as client:
        await client.send(_post(b"/late", expect))
        await client.wait_for(_CONTINUE)
        assert len(door.begun) == 1
        await client.send(b"hello")
        await client.wait_for(b"5 bytes in 1 reads")
        assert client.received.count(b"HTTP/1.1 100") == 1
    assert await door.is_well()


async def test_a_connection_is_of_use_after_a_body_that_was_asked_for(door: Door) -> None:
    async with door.open() as client:
        for _ in range(2):
            await client.send(_post(b"/late", _EXPECTING))
            await client.wait_for(_CONTINUE)
            await client.send(b"hello")
            await client.wait_for(b"5 bytes in 1 reads")
            client.received.clear()
    assert len(door.begun) == 2


async def test_a_body_in_chunks_is_asked_for(door: Door) -> None:
    async with door.open() as client:
        await client.send(request(b"/late", b"Transfer-Encoding: chunked", _EXPECTING, method=b"POST"))
        await client.wait_for(_CONTINUE)
        await client.send(chunk(b"hello") + LAST_CHUNK)
        await client.wait_for(b"5 bytes in ")
    assert await door.is_well()


@pytest.mark.parametrize("target", [b"/late", b"/echo", b"/splice", b"/ignore-body"])
async def test_a_body_that_came_with_the_head_is_not_asked_for(door: Door, target: bytes) -> None:
    async with door.open() as client:
        await client.send(_post(target, _EXPECTING, body=b"hello"))
        response = await client.response(b"POST")
        assert response is not None
        assert (response.status, response.informational) == (200, ())
        assert await is_served(client)


@pytest.mark.parametrize("target", [b"/echo", b"/splice"])
async def test_nobody_is_asked_to_continue_once_the_response_has_begun(door: Door, target: bytes) -> None:
    """These guests set their response before they read: 100 must come first or not at all."""
    async with door.open() as client:
        await client.send(_post(target, _EXPECTING))
        await client.wait_for(b"\r\n\r\n")
        await client.send(b"hello")
        await client.wait_for(b"hello")
        await asyncio.sleep(0.02)
        status_lines = [line for line in bytes(client.received).split(b"\r\n") if line.startswith(b"HTTP/1.1 ")]
    assert status_lines in ([b"HTTP/1.1 200 OK"], [b"HTTP/1.1 100 Continue", b"HTTP/1.1 200 OK"])
    assert await door.is_well()


async def test_http_1_0_is_never_told_to_continue(door: Door) -> None:
    async with door.open() as client:
        await client.send(_post(b"/late", _EXPECTING, version=b"HTTP/1.0"))
        await asyncio.sleep(0.1)
        await client.send(b"hello")
        response = await client.response(b"POST")
        assert await client.rest() == b""
    assert response is not None
    assert (response.informational, response.body) == ((), b"5 bytes in 1 reads")


async def test_a_request_without_a_body_is_not_told_to_continue(door: Door) -> None:
    async with door.open() as client:
        await client.send(request(b"/late", _EXPECTING))
        response = await client.response()
        assert response is not None
        assert (response.informational, response.body) == ((), b"0 bytes in 0 reads")
        assert await is_served(client)


@pytest.mark.parametrize("value", [b"other", b"100-continue, other", b"100-continue-x", b"200-ok"])
async def test_what_else_is_expected_cannot_be_met(door: Door, value: bytes) -> None:
    async with door.open() as client:
        await client.send(_post(b"/late", b"Expect: " + value, body=b"hello"))
        response = await client.response(b"POST")
    assert response is not None
    assert response.status == 417
    assert not door.begun
    assert await door.is_well()


async def test_a_client_that_leaves_without_its_body_ends_the_guest(door: Door) -> None:
    async with door.open() as client:
        await client.send(_post(b"/late", _EXPECTING))
        await client.wait_for(_CONTINUE)
    assert await door.is_well()


async def test_a_guest_behind_another_asks_for_its_body_in_its_turn(door: Door) -> None:
    """100 for a request must not come before the response to the one ahead of it."""
    async with door.open() as client:
        await client.send(request(b"/sleep?50") + _post(b"/late", _EXPECTING))
        first = await client.response()
        assert first is not None
        assert (first.informational, first.body) == ((), b"slept")
        await client.wait_for(_CONTINUE)
        await client.send(b"hello")
        second = await client.response(b"POST")
    assert second is not None
    assert (second.informational, second.body) == ((100,), b"5 bytes in 1 reads")

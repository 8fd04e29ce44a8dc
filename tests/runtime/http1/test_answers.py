"""What clients see of what guests answer: the fields that the server adds, and those that it leaves out."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from http_door import Door, is_served
from raw_http import Response, request

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def upstream(answer: bytes) -> AsyncIterator[bytes]:
    """Answer each request with the bytes `answer`; the lab guest passes them on for the target that is yielded."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        host, port = server.sockets[0].getsockname()
        yield b"/out?http://%b:%d/" % (host.encode(), port)


async def passed_on(door: Door, answer: bytes, *lines: bytes, method: bytes = b"GET") -> Response:
    """Return what the client gets from a guest that sets the fields of `answer`."""
    async with upstream(answer) as target:
        return await door.ask(request(target, *lines, method=method), method)


@pytest.mark.parametrize("target", [b"/hello", b"/stream?2", b"/status?204", b"/status?304", b"/trap", b"/nowhere"])
async def test_a_response_has_one_date(door: Door, target: bytes) -> None:
    assert len((await door.ask(request(target))).values(b"date")) == 1


async def test_the_date_of_a_guest_is_kept_and_the_only_one(door: Door) -> None:
    date = b"Sun, 06 Nov 1994 08:49:37 GMT"
    response = await passed_on(door, b"HTTP/1.1 200 OK\r\ndate: %b\r\ncontent-length: 2\r\n\r\nok" % date)
    assert response.values(b"date") == [date]
    assert response.body == b"ok"


@pytest.mark.parametrize("lines", [(), (b"Connection: close",)])
async def test_the_length_of_a_guest_is_kept_and_the_only_one(door: Door, lines: tuple[bytes, ...]) -> None:
    response = await passed_on(door, b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", *lines)
    assert response.values(b"content-length") == [b"2"]
    assert response.values(b"transfer-encoding") == []
    assert response.body == b"ok"


@pytest.mark.parametrize("target", [b"/hello", b"/big?64", b"/early-finish", b"/no-body", b"/trap"])
async def test_a_whole_response_has_one_length(door: Door, target: bytes) -> None:
    response = await door.ask(request(target))
    assert response.values(b"content-length") == [b"%d" % len(response.body)]
    assert response.values(b"transfer-encoding") == []


async def test_a_stream_has_chunks_and_no_length(door: Door) -> None:
    response = await door.ask(request(b"/stream?2"))
    assert response.values(b"content-length") == []
    assert response.values(b"transfer-encoding") == [b"chunked"]


async def test_a_head_has_the_length_of_the_body_that_it_leaves_out(door: Door) -> None:
    async with door.open() as client:
        await client.send(request(b"/hello", method=b"HEAD"))
        response = await client.response(b"HEAD")
        assert response is not None
        assert (response.status, response.body) == (200, b"")
        assert response.values(b"content-length") == [b"5"]
        assert await is_served(client)


async def test_a_head_keeps_the_length_that_the_guest_sets(door: Door) -> None:
    response = await passed_on(door, b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", method=b"HEAD")
    assert response.values(b"content-length") == [b"2"]


@pytest.mark.parametrize("target", [b"/stream?3", b"/flush?100", b"/big?1000000"])
async def test_a_head_of_a_stream_has_no_body(door: Door, target: bytes) -> None:
    async with door.open() as client:
        await client.send(request(target, method=b"HEAD"))
        response = await client.response(b"HEAD")
        assert response is not None
        assert response.status == 200
        assert await is_served(client)
    assert await door.is_well()


@pytest.mark.parametrize("status", [204, 304])
async def test_a_status_without_a_body_has_none_and_no_coding(door: Door, status: int) -> None:
    async with door.open() as client:
        await client.send(request(b"/status?%d" % status))
        response = await client.response()
        assert response is not None
        assert (response.status, response.body) == (status, b"")
        assert response.values(b"transfer-encoding") == []
        assert status == 304 or response.values(b"content-length") == []
        assert await is_served(client)


async def test_a_204_whose_guest_sets_a_length_has_none(door: Door) -> None:
    response = await passed_on(door, b"HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n")
    assert (response.status, response.values(b"content-length")) == (204, [])


@pytest.mark.parametrize("status", [200, 299, 418, 451, 599])
async def test_a_status_of_a_guest_is_kept(door: Door, status: int) -> None:
    assert (await door.ask(request(b"/status?%d" % status))).status == status


@pytest.mark.parametrize("status", [600, 700, 999])
async def test_a_status_that_there_is_not_is_a_500_and_the_log_says_whose(door: Door, status: int) -> None:
    response = await door.ask(request(b"/status?%d" % status))
    assert (response.status, response.body) == (500, b"")
    assert any("`lab`" in line and str(status) in line for line in door.caplog.messages)


@pytest.mark.parametrize("status", [100, 101, 103, 199])
async def test_an_informational_status_of_a_guest_is_a_500(door: Door, status: int) -> None:
    response = await door.ask(request(b"/status?%d" % status))
    assert (response.status, response.informational) == (500, ())
    assert any("`lab`" in line and str(status) in line for line in door.caplog.messages)


async def test_fields_of_the_connection_are_the_servers_own(door: Door) -> None:
    answer = b"HTTP/1.1 200 OK\r\nconnection: x-hop\r\nkeep-alive: timeout=5\r\ncontent-length: 2\r\n\r\nok"
    response = await passed_on(door, answer)
    assert response.values(b"connection") == []
    assert response.values(b"keep-alive") == []


@pytest.mark.parametrize("target", [b"/short", b"/long", b"/unfinished", b"/unfinished-late", b"/leak"])
async def test_a_response_that_is_not_what_its_head_says_never_looks_complete(door: Door, target: bytes) -> None:
    async with door.open() as client:
        await client.send(request(target) + request(b"/hello?behind"))
        response = await client.response()
        assert response is not None
        assert response.status == 500 or not response.is_complete or response.body == b""
        if not response.is_complete:
            assert b"hello" not in await client.rest()


async def test_a_guest_may_send_responses_ahead_of_its_response(door: Door) -> None:
    async with door.open() as client:
        await client.send(request(b"/inform?199"))
        response = await client.response()
        assert response is not None
        assert (response.status, response.informational) == (200, (103, 199))
        assert response.body == b"Ok(()) Ok(())"
        assert b"HTTP/1.1 103 Early Hints\r\nlink: </app.css>; rel=preload\r\n\r\n" in client.received
        assert await is_served(client)


@pytest.mark.parametrize("status", [99, 101, 200])
async def test_what_does_not_come_ahead_of_a_response_is_refused(door: Door, status: int) -> None:
    response = await door.ask(request(b"/inform?%d" % status))
    assert (response.status, response.informational) == (200, (103,))
    assert b"HttpProtocolError" in response.body


async def test_http_1_0_hears_nothing_ahead_of_a_response(door: Door) -> None:
    async with door.open() as client:
        await client.send(request(b"/inform?199", version=b"HTTP/1.0"))
        received = await client.rest()
    assert received.count(b"HTTP/1.1 ") == 1
    assert received.endswith(b"Ok(()) Ok(())")

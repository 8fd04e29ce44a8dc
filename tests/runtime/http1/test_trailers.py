"""Trailers (RFC 9110, section 6.5): a request's reach the guest, a guest's reach the client that reads them."""

import pytest
from http_door import Door, is_served
from raw_http import LAST_CHUNK, chunk, chunked, request

pytestmark = pytest.mark.anyio


async def asked(door: Door, coded: bytes, *lines: bytes) -> bytes:
    """Return what the guest says of the trailers of a body that is `coded` so."""
    async with door.open() as client:
        await client.send(chunked(b"/request-trailers", coded, *lines))
        response = await client.response(b"POST")
        assert await is_served(client)
    assert response is not None
    return response.body


@pytest.mark.parametrize("data", [b"", chunk(b"hello"), chunk(b"x" * 300_000)], ids=["empty", "short", "long"])
@pytest.mark.parametrize("lines", [(), (b"Trailer: x-sum",)], ids=["silent", "announced"])
async def test_trailers_reach_the_guest(door: Door, data: bytes, lines: tuple[bytes, ...]) -> None:
    said = await asked(door, data + b"0\r\nX-Sum: 42\r\nx-other:\r\n\r\n", *lines)
    assert said == b'[("x-sum", [52, 50]), ("x-other", [])]'


async def test_a_body_without_trailers_has_none(door: Door) -> None:
    assert await asked(door, chunk(b"hello") + LAST_CHUNK) in (b"none", b"[]")


@pytest.mark.parametrize("line", [b"host: other", b"expect: x", b"te: gzip", b"keep-alive: 5", b"spin-full-url: x"])
async def test_a_trailer_that_belongs_into_a_head_does_not_reach_the_guest(door: Door, line: bytes) -> None:
    response = await door.ask(
        chunked(b"/request-trailers", chunk(b"hello") + b"0\r\n" + line + b"\r\nx-sum: 1\r\n\r\n"), b"POST"
    )
    assert response.body == b'[("x-sum", [49])]'


@pytest.mark.parametrize(
    "line", [b"content-length: 5", b"transfer-encoding: chunked", b"connection: close", b"upgrade: h2c"]
)
async def test_a_trailer_that_tells_of_framing_is_refused_or_does_not_reach_the_guest(door: Door, line: bytes) -> None:
    response = await door.ask(chunked(b"/request-trailers", chunk(b"hello") + b"0\r\n" + line + b"\r\n\r\n"), b"POST")
    assert response.status == 400 or response.body in (b"none", b"[]")


async def test_a_trailer_is_no_header(door: Door) -> None:
    response = await door.ask(chunked(b"/headers", chunk(b"hello") + b"0\r\nx-sum: 42\r\n\r\n"), b"POST")
    assert b"x-sum" not in response.body


@pytest.mark.parametrize("te", [b"TE: trailers", b"TE: Trailers", b"te: gzip;q=0.5, trailers"])
async def test_a_client_that_reads_trailers_gets_them(door: Door, te: bytes) -> None:
    async with door.open() as client:
        await client.send(request(b"/trailers", te, b"Connection: TE"))
        response = await client.response()
        assert response is not None
        assert response.body == b"with trailers"
        assert response.trailers == ((b"x-sum", b"42"),)
        assert response.values(b"content-length") == []
        assert await is_served(client)


@pytest.mark.parametrize("lines", [(), (b"TE: gzip",), (b"TE:",), (b"TE: xtrailers",)])
async def test_a_client_that_does_not_read_trailers_gets_none(door: Door, lines: tuple[bytes, ...]) -> None:
    response = await door.ask(request(b"/trailers", *lines))
    assert response.body == b"with trailers"
    assert response.trailers == ()


@pytest.mark.parametrize("method", [b"GET", b"HEAD"])
async def test_http_1_0_gets_no_trailers(door: Door, method: bytes) -> None:
    async with door.open() as client:
        await client.send(request(b"/trailers", b"TE: trailers", method=method, version=b"HTTP/1.0"))
        received = await client.rest()
    assert b"x-sum: 42" not in received
    assert received.endswith(b"\r\n\r\nwith trailers" if method == b"GET" else b"\r\n\r\n")

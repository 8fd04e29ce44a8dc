"""Offers to speak another protocol (RFC 9110, section 7.8), which are ignored: what follows is still HTTP/1.1."""

import asyncio

import pytest
from http_door import LOOPS, Door
from raw_http import LAST_CHUNK, chunk, chunked, post, request

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("anyio_backend", LOOPS, scope="module")]

_BODY = request(b"/hello?hidden")
"""What would be run if the body were taken for the next request."""

_BEHIND = request(b"/hello?behind", b"Connection: close")

OFFERS = {
    "h2c": (b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABkAAQAAP__"),
    "websocket": (b"Connection: Upgrade", b"Upgrade: websocket", b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="),
    "several": (b"Connection: x, upgrade", b"Upgrade: h2c, websocket, TLS/1.0"),
    "unknown": (b"Connection: upgrade", b"Upgrade: cow/1"),
    "without Connection": (b"Upgrade: h2c",),
    "without Upgrade": (b"Connection: upgrade",),
    "empty": (b"Connection: upgrade", b"Upgrade:"),
}

every_offer = pytest.mark.parametrize("offer", OFFERS.values(), ids=OFFERS.keys())


@every_offer
async def test_an_offer_without_a_body_is_ignored(door: Door, offer: tuple[bytes, ...]) -> None:
    async with door.open() as client:
        await client.send(request(b"/hello", *offer) + _BEHIND)
        first, second = await client.response(), await client.response()
        assert await client.rest() == b""
    assert first is not None
    assert second is not None
    assert (first.status, first.informational, first.body) == (200, (), b"hello")
    assert not first.values(b"upgrade")
    assert door.targets == [b"/hello", b"/hello?behind"]


@pytest.mark.parametrize("is_behind", [False, True], ids=["alone", "with a request behind"])
@pytest.mark.parametrize("comes_later", [False, True], ids=["one packet", "later packet"])
@pytest.mark.parametrize("is_chunked", [False, True], ids=["length", "chunks"])
@every_offer
async def test_the_body_behind_an_offer_is_a_body(
    door: Door, offer: tuple[bytes, ...], *, is_chunked: bool, comes_later: bool, is_behind: bool
) -> None:
    if is_chunked:
        message = chunked(b"/echo", chunk(_BODY[:5]) + chunk(_BODY[5:]) + LAST_CHUNK, *offer)
    else:
        message = post(b"/echo", _BODY, *offer)
    head, end, rest = message.partition(b"\r\n\r\n")
    async with door.open() as client:
        await client.send(head + end)
        if comes_later:
            await asyncio.sleep(0.02)
        await client.send(rest + _BEHIND if is_behind else rest)
        response = await client.response(b"POST")
        assert response is not None
        assert (response.status, response.informational, response.body) == (200, (), _BODY)
        if not is_behind:
            await client.send(_BEHIND)
        assert (await client.response()) is not None
        assert await client.rest() == b""
    assert door.targets == [b"/echo", b"/hello?behind"]
    assert await door.is_well()


@every_offer
async def test_an_offer_in_one_piece_with_its_body_and_a_request_behind(door: Door, offer: tuple[bytes, ...]) -> None:
    """All of it in one packet: a parser that stops at the offer has to find the rest again."""
    async with door.open() as client:
        await client.send(post(b"/late", _BODY, *offer) + post(b"/echo", _BODY, *offer) + _BEHIND)
        responses = [await client.response(method) for method in (b"POST", b"POST", b"GET")]
        assert await client.rest() == b""
    assert [response and response.body for response in responses] == [
        b"%d bytes in 1 reads" % len(_BODY),
        _BODY,
        b"hello",
    ]
    assert door.targets == [b"/late", b"/echo", b"/hello?behind"]


@every_offer
async def test_the_guest_hears_nothing_of_an_offer(door: Door, offer: tuple[bytes, ...]) -> None:
    response = await door.ask(request(b"/headers", *offer))
    names = {line.partition(b":")[0] for line in response.body.split(b"\n")}
    assert not names & {b"connection", b"upgrade", b"http2-settings"}


@every_offer
async def test_an_offer_by_http_1_0_is_ignored(door: Door, offer: tuple[bytes, ...]) -> None:
    async with door.open() as client:
        await client.send(post(b"/echo", _BODY, *offer, version=b"HTTP/1.0"))
        response = await client.response(b"POST")
        assert b"keep-alive" in offer[0] or await client.rest() == b""
    assert response is not None
    assert response.body == _BODY
    assert door.targets == [b"/echo"]


@every_offer
async def test_what_is_wrong_behind_an_offer_is_still_refused(door: Door, offer: tuple[bytes, ...]) -> None:
    for lines in ((b"Content-Length: 5", b"Content-Length: 6"), (b"Transfer-Encoding: chunked", b"Content-Length: 5")):
        async with door.open() as client:
            await client.send(request(b"/echo", *offer, *lines, method=b"POST", body=b"hello"))
            response = await client.response(b"POST")
            assert await client.rest() == b""
        assert response is not None
        assert response.status == 400
    assert not door.begun

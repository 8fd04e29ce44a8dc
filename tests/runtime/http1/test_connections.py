"""How long connections live (RFC 9112, section 9): what keeps them, what closes them, requests in a row."""

import asyncio
from collections.abc import Callable

import pytest
from http_door import LOOPS, Door, is_served
from raw_http import LAST_CHUNK, PROBE, chunk, chunked, post, request

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("anyio_backend", LOOPS, scope="module")]

_1_0 = b"HTTP/1.0"
_KEEP = b"Connection: keep-alive"


@pytest.mark.parametrize("lines", [(), (b"Connection: close",), (b"Connection: x",), (b"Keep-Alive: 300",)])
async def test_http_1_0_closes(door: Door, lines: tuple[bytes, ...]) -> None:
    async with door.open() as client:
        await client.send(request(b"/hello", *lines, version=_1_0))
        response = await client.response()
        assert response is not None
        assert response.body == b"hello"
        assert response.values(b"connection") != [b"keep-alive"]
        assert await client.rest() == b""


@pytest.mark.parametrize("line", [_KEEP, b"Connection: Keep-Alive", b"connection: x, keep-alive"])
async def test_http_1_0_that_asks_for_it_keeps_its_connection_and_is_told(door: Door, line: bytes) -> None:
    async with door.open() as client:
        for _ in range(3):
            await client.send(request(b"/hello", line, version=_1_0))
            response = await client.response()
            assert response is not None
            assert response.body == b"hello"
            assert response.values(b"connection") == [b"keep-alive"]
            assert response.values(b"content-length") == [b"5"]
        assert await is_served(client)


@pytest.mark.parametrize(
    "lines",
    [
        (b"Connection: keep-alive, close",),
        (b"Connection: close, keep-alive",),
        (_KEEP, b"Connection: close"),
        (b"Connection: close", _KEEP),
    ],
)
async def test_http_1_0_that_asks_for_both_closes_and_what_follows_is_not_run(
    door: Door, lines: tuple[bytes, ...]
) -> None:
    async with door.open() as client:
        await client.send(request(b"/hello", *lines, version=_1_0) + request(b"/hello?behind", _KEEP, version=_1_0))
        assert (await client.response()) is not None
        assert await client.rest() == b""
    assert door.targets == [b"/hello"]


@pytest.mark.parametrize("lines", [(), (_KEEP,)], ids=["closing", "keep-alive"])
async def test_a_stream_for_http_1_0_ends_with_the_connection(door: Door, lines: tuple[bytes, ...]) -> None:
    async with door.open() as client:
        await client.send(request(b"/stream?3", *lines, version=_1_0))
        received = await client.rest()
    head, _, body = received.partition(b"\r\n\r\n")
    names = {line.partition(b":")[0].lower() for line in head.split(b"\r\n")[1:]}
    assert not names & {b"transfer-encoding", b"content-length"}
    assert b"keep-alive" not in head
    assert body == b"chunk 0\nchunk 1\nchunk 2\n"


_CLOSING = [
    (b"Connection: close",),
    (b"Connection: Close",),
    (b"connection: keep-alive, close",),
    (b"Connection: close, x",),
    (b"Connection: keep-alive", b"Connection: close"),
    (b"Connection: x,close",),
]


@pytest.mark.parametrize("lines", _CLOSING)
@pytest.mark.parametrize("target", [b"/hello", b"/stream?2", b"/sleep?20"])
async def test_a_request_to_close_is_heeded_and_what_follows_is_not_run(
    door: Door, lines: tuple[bytes, ...], target: bytes
) -> None:
    async with door.open() as client:
        await client.send(request(target, *lines) + request(b"/hello?behind"))
        response = await client.response()
        assert response is not None
        assert response.is_complete
        assert response.values(b"connection") == [b"close"]
        assert await client.rest() == b""
    assert door.targets == [target]
    assert await door.is_well()


@pytest.mark.parametrize("lines", [(), (_KEEP,), (b"Connection: x",), (b"Connection:",), (b"Connection: closed",)])
async def test_http_1_1_keeps_its_connection(door: Door, lines: tuple[bytes, ...]) -> None:
    async with door.open() as client:
        for target in (b"/hello", b"/stream?2", b"/sleep?10", b"/hello"):
            await client.send(request(target, *lines))
            response = await client.response()
            assert response is not None
            assert response.is_complete
            assert response.values(b"connection") != [b"close"]
        assert await is_served(client)


def _mixed(count: int) -> tuple[list[bytes], list[bytes]]:
    """Return requests, and the body that each has to be answered with."""
    kinds: list[Callable[[int], tuple[bytes, bytes]]] = [
        lambda at: (request(b"/headers", b"x-at: %d" % at), b"x-at: %d\n" % at),
        lambda at: (request(b"/sleep?%d" % (at % 7)), b"slept"),
        lambda at: (post(b"/echo", b"body of %d" % at), b"body of %d" % at),
        lambda at: (post(b"/late", b"x" * at), b"%d bytes" % at),
        lambda at: (request(b"/stream?%d" % (at % 3 + 1)), b"chunk %d\n" % (at % 3)),
        lambda at: (request(b"/status?404"), b""),  # noqa: ARG005 - all take the same
        lambda at: (request(b"/head?%d" % at), b'"/head?%d"' % at),
    ]
    pairs = [kinds[at % len(kinds)](at) for at in range(count)]
    return [message for message, _ in pairs], [body for _, body in pairs]


@pytest.mark.parametrize("piece", [1 << 20, 1000, 37, 1])
async def test_a_hundred_requests_in_a_row_are_answered_in_order(door: Door, piece: int) -> None:
    messages, bodies = _mixed(100)
    stream = b"".join(messages)

    async def send() -> None:
        for at in range(0, len(stream), piece):
            assert await client.send(stream[at : at + piece])
            await asyncio.sleep(0)

    async with door.open() as client, asyncio.TaskGroup() as group:
        group.create_task(send())
        for at, body in enumerate(bodies):
            response = await client.response(messages[at].partition(b" ")[0])
            assert response is not None, at
            assert body in response.body, at
        assert await is_served(client)
    assert len(door.begun) == 101
    assert await door.is_well()


@pytest.mark.parametrize("is_chunked", [False, True], ids=["length", "chunks"])
async def test_a_body_that_comes_while_its_request_waits_is_read_in_its_turn(door: Door, *, is_chunked: bool) -> None:
    body = chunked(b"/late", chunk(b"hello") + LAST_CHUNK) if is_chunked else post(b"/late", b"hello")
    async with door.open() as client:
        await client.send(request(b"/sleep?100") + body[:-8])
        await asyncio.sleep(0.02)
        await client.send(body[-8:-3])
        await asyncio.sleep(0.02)
        await client.send(body[-3:] + request(b"/head"))
        responses = [await client.response(method) for method in (b"GET", b"POST", b"GET")]
        assert await is_served(client)
    assert [response and response.body[:6] for response in responses] == [b"slept", b"5 byte", b"Method"]
    assert await door.is_well()


async def test_one_client_does_not_hold_up_the_others(door: Door) -> None:
    async with door.open() as client:
        await client.send(request(b"/sleep?300") * 3)
        await asyncio.sleep(0.02)
        async with asyncio.timeout(0.25):
            assert (await door.ask(PROBE)).body == b"hello"


async def test_what_is_wrong_behind_good_requests_is_refused_in_its_turn(door: Door) -> None:
    async with door.open() as client:
        await client.send(request(b"/sleep?50") + request(b"/hello") + b"nonsense\r\n\r\n" + request(b"/hello?behind"))
        responses = [await client.response() for _ in range(3)]
        assert await client.rest() == b""
    assert [response and response.status for response in responses] == [200, 200, 400]
    assert door.targets == [b"/sleep?50", b"/hello"]
    assert await door.is_well()


@pytest.mark.parametrize("lines", [1, 2, 5])
async def test_empty_lines_between_requests_are_passed_over(door: Door, lines: int) -> None:
    async with door.open() as client:
        await client.send(request() + b"\r\n" * lines + request() + b"\r\n" * lines)
        assert (await client.response()) is not None
        assert (await client.response()) is not None
        assert await is_served(client)


@pytest.mark.parametrize("size", [1, 1000, 200_000])
async def test_a_body_that_the_guest_does_not_read_is_not_the_next_request(door: Door, size: int) -> None:
    """The connection is of use afterwards, or it is closed and that is said."""
    hidden = request(b"/hello?hidden")
    body = (hidden * (size // len(hidden) + 1))[:size]
    async with door.open() as client:
        await client.send(post(b"/hello", body))
        response = await client.response(b"POST")
        assert response is not None
        assert response.body == b"hello"
        if response.values(b"connection") == [b"close"]:
            assert await client.rest() == b""
        else:
            assert await is_served(client)
    assert door.targets[0] == b"/hello"
    assert b"/hello?hidden" not in door.targets
    assert await door.is_well()


async def test_a_large_body_that_is_echoed_while_it_comes_leaves_the_connection_as_it_is(door: Door) -> None:
    async with door.open() as client:
        for _ in range(3):
            sending = asyncio.create_task(client.send(post(b"/echo", b"x" * 2_000_000)))
            response = await client.response(b"POST")
            assert await sending
            assert response is not None
            assert len(response.body) == 2_000_000
            assert response.values(b"connection") == []
        assert await is_served(client)

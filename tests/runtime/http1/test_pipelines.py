"""Requests behind one another on a connection: in order, in time, and none for ever."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path

import pytest
from http_door import LOOPS
from live_server import GUESTS, Live, manifest, serving
from raw_http import connected, post, request

from whorl.server.limits import ConnectionLimits

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("anyio_backend", LOOPS, scope="module")]

Serve = Callable[[ConnectionLimits], AbstractAsyncContextManager[Live]]


@pytest.fixture
def serve(tmp_path: Path) -> Serve:
    """Return what serves the lab guest with limits of one's own."""
    return lambda limits: serving(manifest(tmp_path, GUESTS / "lab.wasm"), limits=limits)


@pytest.fixture
async def live(serve: Serve) -> AsyncIterator[Live]:
    async with serve(ConnectionLimits()) as live:
        yield live


def padded(target: bytes, size: int) -> bytes:
    """Return a request of `size` bytes."""
    message = request(target, b"x: ")
    return request(target, b"x: " + b"a" * (size - len(message)))


@pytest.mark.parametrize("aligned", [True, False])
async def test_what_follows_a_body_that_was_passed_over_is_answered_in_order(live: Live, *, aligned: bool) -> None:
    """The body ends within a piece that is parsed at a time, and more pieces follow it."""
    unread = 10
    async with connected(live.address) as client:
        await client.send(post(b"/status?404", b"x" * unread)[:-unread])
        first = await client.response(b"POST")
        assert first is not None
        assert first.status == 404
        sizes = (500, 1024 - unread - 500) if aligned else (300, 301)
        behind = [padded(b"/head?%d" % at, size) for at, size in enumerate(sizes)]
        behind += [padded(b"/head?%d" % at, 900) for at in range(2, 30)]
        await client.send(b"x" * unread + b"".join(behind))
        for at in range(30):
            response = await client.response()
            assert response is not None, at
            assert b'"/head?%d"' % at in response.body, response.body
        await client.send(request())
        assert await client.response() is not None


async def test_a_head_that_ends_a_long_pipeline_unfinished_is_refused_in_time(serve: Serve) -> None:
    async with serve(ConnectionLimits(head_timeout=0.5)) as live, connected(live.address) as client:
        await client.send(request(b"/sleep?300") + request(b"/hello") * 450 + b"GET /hello HT")
        await client.rest()
        assert client.received.count(b"HTTP/1.1 200 ") == 451
        assert client.received.count(b"HTTP/1.1 408 ") == 1


async def test_a_pipeline_that_has_come_is_not_refused_for_the_time_it_waits(serve: Serve) -> None:
    async with serve(ConnectionLimits(head_timeout=0.5)) as live, connected(live.address) as client:
        await client.send(request(b"/sleep?1500") + request(b"/hello") * 700)
        for at in range(701):
            response = await client.response()
            assert response is not None, at
            assert response.status == 200


async def test_a_body_has_all_its_time_from_when_it_is_asked_for(serve: Serve) -> None:
    async with serve(ConnectionLimits(idle_timeout=1)) as live, connected(live.address) as client:
        await client.send(request(b"/sleep?1500") + post(b"/late", b"hello", b"Expect: 100-continue")[:-5])
        assert await client.response() is not None
        await client.wait_for(b"HTTP/1.1 100 Continue")
        await asyncio.sleep(0.5)
        await client.send(b"hello")
        response = await client.response(b"POST")
        assert response is not None
        assert response.body.startswith(b"5 bytes")


async def test_garbage_behind_the_last_request_does_not_hide_that_its_client_leaves(live: Live) -> None:
    async with connected(live.address) as client:
        await client.send(request(b"/sleep?60000", b"Connection: close") + b"x" * 600_000)
        await asyncio.sleep(0.2)
        client.reset()
    async with asyncio.timeout(10):
        while live.trigger.pools["lab"].in_use:  # noqa: ASYNC110 - the pool has no event for it
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("resets", [True, False])
async def test_a_client_of_http_1_0_that_leaves_a_stream_leaves_no_traceback(
    live: Live, caplog: pytest.LogCaptureFixture, *, resets: bool
) -> None:
    async with connected(live.address) as client:
        head = b"POST /echo HTTP/1.0\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n"
        await client.send(head + b"x" * 1000)
        await client.wait_for(b"x" * 1000)
        (client.reset if resets else client.close)()
    async with asyncio.timeout(10):
        while live.trigger.pools["lab"].in_use:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.02)
    await asyncio.sleep(0.05)
    assert not [record for record in caplog.records if record.exc_info and record.levelno >= logging.ERROR]


async def test_the_end_of_the_server_does_not_wait_for_bodies_that_nobody_wants(serve: Serve) -> None:
    async with AsyncExitStack() as clients, asyncio.timeout(20), serve(ConnectionLimits()) as live:
        for size in (10, 2_000_000):
            client = await clients.enter_async_context(connected(live.address))
            await client.send(post(b"/hello", b"x" * size)[: -size + 1])
            assert await client.response(b"POST") is not None


@pytest.mark.parametrize("ahead", [0, 2])
async def test_a_body_that_is_bad_from_its_start_is_refused_whatever_came_with_it(live: Live, ahead: int) -> None:
    """Its request is refused in the same turn of the loop in which it came."""
    bad = b"POST /late HTTP/1.1\r\nhost: localhost\r\nexpect: 100-continue\r\ntransfer-encoding: chunked\r\n\r\nZZ\r\n"
    async with connected(live.address) as client:
        await client.send(request() * ahead + bad)
        for status in [200] * ahead + [400]:
            response = await client.response()
            assert response is not None
            assert response.status == status

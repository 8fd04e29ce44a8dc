"""What requests leave to the garbage collector: nothing, so that it seldom has to look through everything there is."""

import asyncio
import gc
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from http_door import UVLOOP
from live_server import GUESTS, Live, manifest, serving
from raw_http import RawClient, connected, post, request

# The standard library's loop leaves some for each connection itself.
pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("anyio_backend", [UVLOOP], scope="module")]

REQUESTS = 5


@pytest.fixture
async def live(tmp_path: Path) -> AsyncIterator[Live]:
    async with serving(manifest(tmp_path, GUESTS / "lab.wasm", 'allowed_outbound_hosts = ["http://self"]')) as live:
        yield live


async def exchange(client: RawClient, *parts: bytes) -> None:
    for _ in range(REQUESTS):
        for part in parts:
            await client.send(part)
            await asyncio.sleep(0.01)
        await client.response()


BODY = post(b"/late", b"abcd")
KINDS = {
    "direct": [request(b"/hello")],
    "paused": [request(b"/sleep?1")],
    "pieces": [request(b"/stream?3")],
    "body": [BODY[:-4], BODY[-4:]],
    "refused": [b"GET / HTTP/1.1\r\n\r\n"],
    "upstream": [request(b"/out?/hello")],
    "leaves": [request(b"/sleep?1000")],
    "leaves-body": [BODY[:-2]],
    "leaves-stream": [request(b"/big?5000000")],
    "leaves-pipeline": [request(b"/sleep?10") * 5],
    "leaves-upstream": [request(b"/out?/sleep?1000")],
}


async def use(live: Live, kind: str) -> None:
    if kind.startswith("leaves") or kind == "refused":
        for _ in range(REQUESTS):
            async with connected(live.address, 4096) as client:
                await client.send(*KINDS[kind])
                await asyncio.sleep(0.02)
    else:
        async with connected(live.address) as client:
            await exchange(client, *KINDS[kind])
    while any(pool.in_use for pool in live.trigger.pools.values()):  # noqa: ASYNC110 - nobody says so
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_request_leaves_no_cycles(live: Live, kind: str) -> None:
    await use(live, kind)
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        await use(live, kind)
        gc.collect()
        left = Counter(type(each).__qualname__ for each in gc.garbage)
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()
    assert not left

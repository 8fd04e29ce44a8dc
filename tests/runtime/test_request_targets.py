"""The forms that a request's target may have (RFC 9112, section 3.2)."""

import asyncio

import pytest
from live_server import Live

pytestmark = pytest.mark.anyio


async def status(live: Live, target: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(live.address.host, live.address.port)
    writer.write(b"GET %b HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n" % target)
    answer = await reader.read()
    writer.close()
    return answer.split(b" ")[1]


async def test_an_absolute_target_is_served_by_its_path(lab: Live) -> None:
    assert await status(lab, b"http://elsewhere/hello") == b"200"


async def test_a_target_without_a_path_asks_for_the_root(lab: Live) -> None:
    assert await status(lab, b"http://elsewhere") == b"200"

"""What is read of a request that a server hands over by ASGI."""

import asyncio
from typing import Any

import pytest

from whorl.triggers.http.asgi import Message, reading_request

pytestmark = pytest.mark.anyio

CONTENT: Message = {"type": "http.request", "body": b"content", "more_body": False}


async def at_once() -> Message:
    return CONTENT


async def later() -> Message:
    await asyncio.sleep(0.01)
    return CONTENT


def scope(version: str = "1.1", *headers: tuple[bytes, bytes]) -> dict[str, Any]:
    return {
        "http_version": version,
        "method": "POST",
        "path": "/",
        "raw_path": b"/",
        "query_string": b"",
        "headers": [(b"host", b"localhost"), *headers],
    }


@pytest.mark.parametrize(("version", "body"), [("1.1", b""), ("2", b"content"), ("3", b"content")])
async def test_a_body_without_a_length_is_read_where_the_protocol_has_such(version: str, body: bytes) -> None:
    async with reading_request(scope(version), at_once) as request:
        assert request.body == body
        assert request.receive is None


async def test_a_body_that_is_not_there_is_not_waited_for() -> None:
    async with reading_request(scope("1.1", (b"content-length", b"7")), later) as request:
        assert request.body == b""
        assert request.receive is not None
        assert await request.receive() == b"content"
        assert await request.receive() == b""


async def test_nothing_is_left_waiting_for_a_body_that_nobody_reads() -> None:
    before = asyncio.all_tasks()
    async with reading_request(scope("1.1", (b"content-length", b"7")), asyncio.Event().wait):  # type: ignore[arg-type]
        pass
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == before


async def test_a_client_that_waits_to_be_asked_is_not_asked_before_the_guest_asks() -> None:
    received = []

    def counting() -> Any:
        received.append(True)
        return at_once()

    expecting = scope("1.1", (b"content-length", b"7"), (b"expect", b"100-continue"))
    async with reading_request(expecting, counting) as request:
        assert request.receive is not None
        assert request.ask is not None
        reading = asyncio.ensure_future(request.receive())
        await asyncio.sleep(0.01)
        assert not received
        request.ask()
        assert await reading == b"content"
        assert len(received) == 1

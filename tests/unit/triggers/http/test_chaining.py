"""Responses on their way from one component to another."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, cast

import pytest

from whorl.capabilities.outbound_http.messages import OutboundError, OutboundRequest
from whorl.triggers.http.chaining import Chain
from whorl.triggers.http.messages import IncomingRequest
from whorl.triggers.http.responses import ResponseHead, ResponseSink

pytestmark = pytest.mark.anyio

REQUEST = OutboundRequest(method="GET", scheme="http", authority="other.spin.internal", target="/", headers=[])


@dataclass
class Answering:
    """An executor whose component answers by calling a sink."""

    answer: Callable[[ResponseSink], Awaitable[None]]

    async def execute(self, _request: IncomingRequest, _fields: bytes, sink: ResponseSink) -> None:
        await self.answer(sink)


def chain(answer: Callable[[ResponseSink], Awaitable[None]]) -> Chain:
    return Chain({"other": cast("Any", Answering(answer))}, set())


async def complete(sink: ResponseSink) -> None:
    await sink.start(ResponseHead(200))
    await sink.write(b"one")
    await sink.write(b"two")
    await sink.finish([])


async def test_a_body_arrives_piece_by_piece() -> None:
    response = await chain(complete)(REQUEST)
    assert [await response.read(10) for _ in range(4)] == [b"one", b"two", b"", b""]


async def test_a_response_whose_end_is_never_read_keeps_nothing_running() -> None:
    linked = chain(complete)
    response = await linked(REQUEST)
    assert await response.read(10) == b"one"
    while not response._complete:  # type: ignore[attr-defined]  # noqa: ASYNC110 - there is no event for it
        await asyncio.sleep(0)
    await response.aclose()
    for _ in range(5):
        await asyncio.sleep(0)
    assert not linked._running


@pytest.mark.parametrize("fails", [False, True])
async def test_a_body_that_breaks_off_is_told_to_every_reader(*, fails: bool) -> None:
    async def break_off(sink: ResponseSink) -> None:
        await sink.start(ResponseHead(200))
        await sink.write(b"one")
        if fails:
            raise RuntimeError("broken")
        await sink.abort()

    response = await chain(break_off)(REQUEST)
    async with asyncio.timeout(5):
        await asyncio.sleep(0.01)
        assert await response.read(10) == b"one"
        for _ in range(2):
            with pytest.raises(OutboundError):
                await response.read(10)

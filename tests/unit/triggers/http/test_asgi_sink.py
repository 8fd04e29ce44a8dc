"""Responses as ASGI messages."""

import asyncio
from collections.abc import MutableMapping
from typing import Any

import pytest

from whorl.triggers.http.asgi import AsgiSink, Message
from whorl.triggers.http.responses import ResponseHead

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("status", [204, 304])
@pytest.mark.parametrize("streamed", [False, True])
async def test_a_response_that_has_no_body_has_no_length_of_one(status: int, *, streamed: bool) -> None:
    sent: list[MutableMapping[str, Any]] = []

    async def send(message: MutableMapping[str, Any]) -> None:
        await asyncio.sleep(0)
        sent.append(message)

    sink = AsgiSink(send, {"method": "GET"})
    fields = [(b"etag", b"1"), (b"content-length", b"5")]
    if streamed:
        await sink.start(ResponseHead.of(status, fields))
        await sink.write(b"12345")
        await sink.finish([])
    else:
        await sink.whole(ResponseHead.of(status, fields), b"12345")
    head, *body = sent
    assert head["headers"] == [(b"etag", b"1")]
    assert b"".join(message["body"] for message in body) == b""


@pytest.mark.parametrize("offers", [False, True])
async def test_trailers_go_where_the_server_has_the_extension(*, offers: bool) -> None:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        await asyncio.sleep(0)
        sent.append(message)

    sink = AsgiSink(send, {"method": "GET", "extensions": {"http.response.trailers": {}} if offers else None})
    await sink.start(ResponseHead(200))
    await sink.write(b"12345")
    await sink.finish([(b"x-sum", b"42")])
    assert sent[0].get("trailers", False) is offers
    last = {"type": "http.response.trailers", "headers": [(b"x-sum", b"42")]}
    assert (sent[-1] == last) is offers


async def test_a_date_is_left_to_the_server() -> None:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        await asyncio.sleep(0)
        sent.append(message)

    await AsgiSink(send, {"method": "GET"}).whole(ResponseHead.of(200, [(b"date", b"x"), (b"age", b"1")]), b"")
    assert sent[0]["headers"] == [(b"age", b"1"), (b"content-length", b"0")]

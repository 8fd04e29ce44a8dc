"""Responses as ASGI messages."""

import asyncio
from collections.abc import MutableMapping
from typing import Any

import pytest

from whorl.triggers.http.asgi import AsgiSink

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("status", [204, 304])
@pytest.mark.parametrize("streamed", [False, True])
async def test_a_response_that_has_no_body_has_no_length_of_one(status: int, *, streamed: bool) -> None:
    sent: list[MutableMapping[str, Any]] = []

    async def send(message: MutableMapping[str, Any]) -> None:
        await asyncio.sleep(0)
        sent.append(message)

    sink = AsgiSink(send, "GET")
    fields = [(b"etag", b"1"), (b"content-length", b"5")]
    if streamed:
        await sink.start(status, fields)
        await sink.write(b"12345")
        await sink.finish([])
    else:
        await sink.whole(status, fields, b"12345")
    head, *body = sent
    assert head["headers"] == [(b"etag", b"1")]
    assert b"".join(message["body"] for message in body) == b""

"""What is read of a request that a server hands over by ASGI."""

import asyncio
from typing import Any

import pytest

from whorl.triggers.http.asgi import read_request

pytestmark = pytest.mark.anyio


async def receive() -> dict[str, Any]:
    await asyncio.sleep(0)
    return {"type": "http.request", "body": b"content", "more_body": False}


def scope(version: str) -> dict[str, Any]:
    return {"http_version": version, "method": "POST", "raw_path": b"/", "query_string": b"", "headers": []}


@pytest.mark.parametrize(("version", "body"), [("1.1", b""), ("2", b"content"), ("3", b"content")])
async def test_a_body_without_a_length_is_read_where_the_protocol_has_such(version: str, body: bytes) -> None:
    request = await read_request(scope(version), receive, b"localhost")
    assert request.body == body
    assert request.receive is None

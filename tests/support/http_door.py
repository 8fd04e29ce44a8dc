"""The incoming door as tests see it: what serves, what has reached a guest, and what a message must come to."""

import asyncio
import logging
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

import pytest
from http1_cases.cases import Case
from live_server import Live
from raw_http import PATIENCE, PROBE, Delivery, RawClient, Response, connected

from whorl.triggers.http.messages import IncomingRequest

UVLOOP = pytest.param(("asyncio", {"use_uvloop": True}), id="uvloop")
LOOPS = [
    pytest.param(("asyncio", {"use_uvloop": False}), id="asyncio"),
    UVLOOP,
]
"""The event loops that the server may run on: they tell of ends and resets of connections in different ways."""


@dataclass
class Door:
    """A served lab guest.

    Attributes:
        live: what serves it.
        begun: the requests that a guest has been run for.
        caplog: what is logged meanwhile.
        told: the field lines that each of these guests was given.
    """

    live: Live
    caplog: pytest.LogCaptureFixture
    begun: list[IncomingRequest] = field(default_factory=list)
    told: list[bytes] = field(default_factory=list)

    def open(self, receive_buffer: int | None = None) -> AbstractAsyncContextManager[RawClient]:
        """Connect to it, for the length of a block."""
        return connected(self.live.address, receive_buffer)

    async def ask(self, message: bytes, method: bytes = b"GET") -> Response:
        """Return the response to `message` on a connection of its own."""
        async with self.open() as client:
            await client.send(message)
            response = await client.response(method)
        assert response is not None, "closed without a response"
        return response

    @property
    def targets(self) -> list[bytes]:
        """The targets that guests have seen, in order."""
        return [request.target for request in self.begun]

    @property
    def errors(self) -> list[str]:
        """What has been logged as an error."""
        return [record.getMessage() for record in self.caplog.records if record.levelno >= logging.ERROR]

    async def is_idle(self) -> bool:
        """Tell whether every guest ends within a while."""
        pool = self.live.trigger.pools["lab"]
        try:
            async with asyncio.timeout(PATIENCE):
                while pool.in_use:  # noqa: ASYNC110 - the pool has no event for it
                    await asyncio.sleep(0.005)
        except TimeoutError:
            return False
        return True

    async def is_well(self) -> bool:
        """Tell whether guests end, a new connection is served, and nothing has been logged as an error."""
        if not await self.is_idle() or self.errors:
            return False
        async with self.open() as client:
            return await is_served(client)


async def is_served(client: RawClient) -> bool:
    """Tell whether a plain request on the connection of `client` is served, and nothing comes after its response."""
    await client.send(PROBE)
    response = await client.response()
    return response is not None and response.body == b"hello" and await client.rest() == b""


async def check(door: Door, case: Case, delivery: Delivery) -> None:
    """Send the message of `case` and hold what comes of it against what has to."""
    async with door.open() as client:
        await client.deliver(case.message, delivery)
        response = await client.response(case.method)
        assert response is not None, "closed without a response"
        assert response.status in case.statuses, response
        assert response.is_complete, response
        assert case.contains in response.body, response.body
        begun = len(door.begun)
        if response.status != 200 if case.closes is None else case.closes:
            assert await client.rest() == b"", "something follows the last response"
        else:
            assert await is_served(client), "the connection is of no more use"
    assert begun in case.runs, f"{begun} guests ran"
    assert await door.is_well(), door.errors

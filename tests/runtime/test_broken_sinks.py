"""What becomes of guests whose responses nobody takes."""

import asyncio

import pytest
from live_server import Live

from whorl.triggers.http.messages import IncomingRequest
from whorl.triggers.http.responses import ResponseHead
from whorl.types import Headers

pytestmark = pytest.mark.anyio


class StuckSink:
    """Takes the head of a response and then nothing more, or fails."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.writing = asyncio.Event()
        self._failure = failure

    async def whole(self, head: ResponseHead, body: bytes) -> None:  # noqa: ARG002 - a sink
        raise AssertionError("the response was not streamed")

    async def start(self, head: ResponseHead) -> None:
        pass

    async def write(self, data: bytes) -> None:  # noqa: ARG002 - as above
        self.writing.set()
        if self._failure is not None:
            raise self._failure
        await asyncio.Event().wait()

    async def finish(self, trailers: Headers) -> None:
        pass

    async def abort(self) -> None:
        pass


def execution(live: Live, target: bytes, sink: StuckSink) -> "asyncio.Task[None]":
    executor = live.trigger._executors["lab"]
    request = IncomingRequest(b"GET", b"http", b"localhost", target, [])
    return asyncio.create_task(executor.execute(request, b"", sink))


async def test_a_request_that_is_cancelled_while_its_response_is_stuck_leaves_no_task(lab: Live) -> None:
    before = asyncio.all_tasks()
    sink = StuckSink()
    task = execution(lab, b"/stream?3", sink)
    await sink.writing.wait()
    while lab.trigger.pools["lab"].in_use:  # noqa: ASYNC110 - the pool has no event for it
        await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.wait({task})
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == before


async def test_a_response_that_cannot_be_sent_ends_its_guest(lab: Live) -> None:
    async with asyncio.timeout(20):
        with pytest.raises(OSError, match="gone"):
            await execution(lab, b"/big?5242880", StuckSink(OSError("gone")))
    assert not lab.trigger.pools["lab"].in_use

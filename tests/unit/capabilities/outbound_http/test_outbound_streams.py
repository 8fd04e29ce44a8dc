"""Bodies of outgoing requests and their responses, as they come and go: order, back-pressure, what ends them early."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from http_client_calls import FakeInstance, Guest, echo, settle, started

from whorl.capabilities.outbound_http.capability import OutboundHttp
from whorl.capabilities.outbound_http.exchanges import QUEUE_LIMIT, QUEUE_MAXIMUM, READ_AHEAD
from whorl.capabilities.outbound_http.memory_client import MemoryResponse
from whorl.capabilities.outbound_http.messages import OutboundError, OutboundRequest, OutboundResponse
from whorl.engine.packing import MalformedError

pytestmark = pytest.mark.anyio


async def test_a_body_is_sent_while_the_response_is_read(instance: FakeInstance) -> None:
    guest = Guest(instance)
    task = guest.start(started(method="POST", flags="s", body=b"one"))
    await guest.response(task)
    assert await guest.read(task) == b"rone"
    assert guest.call("read", task, 10) == b"p"
    assert guest.call("write", task, b"rtwo") is False
    assert await guest.read(task) == b"rtwo"
    guest.call("finish", task, b"")
    assert await guest.read(task) == b"e"


async def test_a_body_that_is_finished_before_the_guest_waits_is_sent_whole(instance: FakeInstance) -> None:
    bodies: list[object] = []

    async def answer(request: OutboundRequest) -> OutboundResponse:
        bodies.append(request.body)
        return MemoryResponse(200)

    guest = Guest(instance, answer)
    task = guest.start(started(method="POST", flags="s"))
    guest.call("write", task, b"rone ")
    guest.call("write", task, b"rtwo")
    guest.call("finish", task, b"")
    await guest.response(task)
    assert bodies == [b"one two"]


async def test_the_guest_is_told_to_wait_when_the_queue_is_full(instance: FakeInstance) -> None:
    taking = asyncio.Event()

    async def answer(request: OutboundRequest) -> OutboundResponse:
        await taking.wait()
        return await echo(request)

    guest = Guest(instance, answer)
    task = guest.start(started(method="POST", flags="s"))
    assert instance.tasks.is_ready(task + 1)
    assert guest.call("write", task, b"r" + b"x" * QUEUE_LIMIT) is True
    assert not instance.tasks.is_ready(task + 1)
    taking.set()
    assert await instance.wait(task + 1) == [task + 1]
    assert guest.call("write", task, b"rmore") is False
    guest.call("finish", task, b"")
    await guest.response(task)
    assert len((await guest.read_all(task))[0]) == QUEUE_LIMIT + 4


async def test_a_guest_that_never_waits_for_room_traps_before_it_fills_the_host(instance: FakeInstance) -> None:
    guest = Guest(instance)
    task = guest.start(started(method="POST", flags="s"))
    chunk = b"r" + b"x" * QUEUE_LIMIT
    for _ in range(QUEUE_MAXIMUM // QUEUE_LIMIT):
        assert guest.call("write", task, chunk) is True
    with pytest.raises(MalformedError, match="without waiting"):
        guest.call("write", task, chunk)


async def test_a_response_is_read_ahead_by_a_bounded_amount(instance: FakeInstance) -> None:
    made = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal made
        for _ in range(100):
            made += 65536
            yield b"x" * 65536

    async def answer(_request: OutboundRequest) -> OutboundResponse:
        return MemoryResponse(200, body=body())

    guest = Guest(instance, answer)
    task = guest.start(started())
    await guest.response(task)
    await settle()
    assert made <= READ_AHEAD
    assert len((await guest.read_all(task))[0]) == 100 * 65536


async def test_a_task_is_ready_only_while_there_is_news(instance: FakeInstance) -> None:
    parts: asyncio.Queue[bytes] = asyncio.Queue()

    async def body() -> AsyncIterator[bytes]:
        while part := await parts.get():
            yield part

    async def answer(_request: OutboundRequest) -> OutboundResponse:
        return MemoryResponse(200, body=body())

    guest = Guest(instance, answer)
    task = guest.start(started())
    await guest.response(task)
    assert not instance.tasks.is_ready(task)
    await parts.put(b"abcd")
    assert await guest.read(task, 3) == b"rabc"
    assert instance.tasks.is_ready(task)
    assert guest.call("read", task, 3) == b"rd"
    assert not instance.tasks.is_ready(task)
    await parts.put(b"")
    assert await guest.read(task) == b"e"
    assert instance.tasks.is_ready(task)


async def test_a_body_that_breaks_off_gives_its_bytes_and_then_the_error(instance: FakeInstance) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b"half"
        raise OutboundError("HTTP-response-incomplete")

    async def answer(_request: OutboundRequest) -> OutboundResponse:
        return MemoryResponse(200, body=body())

    guest = Guest(instance, answer)
    task = guest.start(started())
    await guest.response(task)
    assert await guest.read_all(task) == (b"half", b"xHTTP-response-incomplete")


@pytest.mark.parametrize(("length", "written"), [("3", b"four"), ("5", b"four")])
async def test_a_streamed_body_must_be_as_long_as_declared(instance: FakeInstance, length: str, written: bytes) -> None:
    guest = Guest(instance)
    task = guest.start(started(method="POST", flags="s", fields=f"content-length\n{length}\r"))
    await settle()
    guest.call("write", task, b"r" + written)
    guest.call("finish", task, b"")
    head = await guest.response(task)
    answer = (await guest.read_all(task))[1] if head.startswith(b"o") else head
    assert answer == b"xHTTP-request-body-size\n4"


class Endless:
    """Answers with a body that never comes, and records that it was closed."""

    def __init__(self) -> None:
        self.open = 0

    async def answer(self, _request: OutboundRequest) -> OutboundResponse:
        return MemoryResponse(200, body=self._body())

    async def _body(self) -> AsyncIterator[bytes]:
        self.open += 1
        try:
            yield b"first"
            await asyncio.sleep(3600)
        finally:
            self.open -= 1


@pytest.mark.parametrize("end", ["close", "cancel_request", "instance"])
async def test_nothing_runs_on_when_the_guest_has_no_more_use_for_it(instance: FakeInstance, end: str) -> None:
    peer = Endless()
    guest = Guest(instance, peer.answer)
    tasks = [guest.start(started(method="POST", flags="s")) for _ in range(3)]
    for task in tasks:
        await guest.response(task)
        assert await guest.read(task) == b"rfirst"
    assert peer.open == 3
    if end == "close":
        for task in tasks:
            guest.call("close", task)
    elif end == "cancel_request":
        OutboundHttp.cancel_request(instance)
        assert instance.state == {}
    else:
        instance.tasks.close()
    await settle()
    assert peer.open == 0
    assert not instance.tasks._background
    assert not any(instance.tasks.is_ready(task) for task in tasks)


async def test_a_guest_that_waits_for_a_response_can_be_cancelled(instance: FakeInstance) -> None:
    guest = Guest(instance, Endless().answer)
    task = guest.start(started())
    await guest.response(task)
    await guest.read(task)
    waiting = asyncio.create_task(instance.wait(task))
    await settle()
    waiting.cancel()
    instance.tasks.close()
    await settle()
    assert not instance.tasks._background

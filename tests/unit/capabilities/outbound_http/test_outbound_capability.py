"""`whorl:host/http-client`, called as an adapter calls it, by an instance without a guest."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from whorl.capabilities.outbound_http.allowed_hosts import AllowedHosts
from whorl.capabilities.outbound_http.capability import OutboundClients, OutboundHttp, OutboundLimits
from whorl.capabilities.outbound_http.exchanges import QUEUE_LIMIT, QUEUE_MAXIMUM, READ_AHEAD
from whorl.capabilities.outbound_http.memory_client import Answer, MemoryHttpClient, MemoryResponse
from whorl.capabilities.outbound_http.messages import OutboundError, OutboundRequest, OutboundResponse
from whorl.engine.packing import MalformedError, encode_head, unpack
from whorl.engine.tasks import TaskTable

pytestmark = pytest.mark.anyio


@dataclass
class FakeInstance:
    """What a capability sees of an instance, with the engine's own task table."""

    component: str = "shop"
    tasks: TaskTable = field(default_factory=TaskTable)
    state: dict[object, Any] = field(default_factory=dict)

    async def wait(self, *tasks: int) -> list[int]:
        """Do what `whorl:host/tasks.wait` does: return the ready ones of `tasks`, as soon as there are any."""
        while not (ready := self.tasks.ready_among(frozenset(tasks))):
            woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self.tasks.suspend(frozenset(tasks), lambda woken=woken: woken.set_result(None))  # type: ignore[misc]
            await asyncio.wait_for(woken, 10)
            self.tasks.resume()
        return ready


@pytest.fixture
def instance() -> FakeInstance:
    return FakeInstance()


async def echo(request: OutboundRequest) -> OutboundResponse:
    async def body() -> AsyncIterator[bytes]:
        if isinstance(request.body, bytes):
            yield request.body
            return
        while chunk := await request.body():
            yield chunk

    return MemoryResponse(200, [(b"X-Host", request.authority.encode()), (b"Connection", b"close")], body())


async def nobody(_request: OutboundRequest) -> OutboundResponse:
    raise OutboundError("internal-error", "nobody was to be asked")


class Guest:
    """Calls the host's functions for an instance."""

    def __init__(
        self,
        instance: FakeInstance,
        answer: Answer = echo,
        allowed: str = "http://*",
        limits: OutboundLimits | None = None,
        **others: Answer,
    ) -> None:
        clients = OutboundClients(
            MemoryHttpClient(answer),
            MemoryHttpClient(others.get("components", nobody)),
            MemoryHttpClient(others.get("application", nobody)),
        )
        interface = OutboundHttp(clients, limits).bind(AllowedHosts.parse(allowed.split()))
        self._functions: dict[str, Callable[..., Any]] = {
            function.name: function.call for function in interface.functions
        }
        self.instance = instance

    def call(self, name: str, *arguments: Any) -> Any:
        return self._functions[name](self.instance, *arguments)

    def start(self, request: bytes) -> int:
        return int(self.call("start", request))

    async def response(self, task: int) -> bytes:
        """Return the head or the error, waiting for it."""
        await self.instance.wait(task)
        return bytes(self.call("response", task))

    async def read(self, task: int, limit: int = 65536) -> bytes:
        """Return a piece of the body, waiting for it."""
        await self.instance.wait(task)
        return bytes(self.call("read", task, limit))

    async def read_all(self, task: int) -> tuple[bytes, bytes]:
        """Return the whole body and what it ended with."""
        body = b""
        while (piece := await self.read(task))[:1] in (b"r", b"b"):
            body += unpack(piece)
        return body, piece


def started(
    *,
    method: str = "GET",
    scheme: str = "http",
    authority: str = "peer.test",
    target: str = "/",
    flags: str = "",
    timeouts: str = "\r\r",
    fields: str = "",
    body: bytes = b"",
) -> bytes:
    head = encode_head(f"{method}\r{scheme}\r{authority}\r{target}\r{flags}\r{timeouts}\r{fields}".encode("latin-1"))
    return b"%d\r%b%b" % (len(head), head, body)


async def settle() -> None:
    """Let everything run that can."""
    for _ in range(50):
        await asyncio.sleep(0)


async def test_a_request_with_its_body_is_answered(instance: FakeInstance) -> None:
    guest = Guest(instance)
    task = guest.start(started(method="POST", body=b"h\xc3\xa9llo"))
    assert guest.call("response", task) == b"p"
    assert await guest.response(task) == b"o200\rx-host\npeer.test\r"
    assert await guest.read_all(task) == ("hé".encode() + b"llo", b"e")


async def test_a_body_that_is_not_text_crosses_as_base64(instance: FakeInstance) -> None:
    guest = Guest(instance)
    task = guest.start(started(method="POST", flags="b", body=b"/w=="))
    await guest.response(task)
    assert await guest.read(task) == b"b/w=="


async def test_fields_of_the_connection_are_hidden_and_names_are_lower_case(instance: FakeInstance) -> None:
    async def answer(_request: OutboundRequest) -> OutboundResponse:
        return MemoryResponse(200, [(b"Keep-Alive", b"5"), (b"Transfer-Encoding", b"chunked"), (b"X-A", b"\xe9")])

    guest = Guest(instance, answer)
    assert await guest.response(guest.start(started())) == "o200\rx-a\né\r".encode()


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


async def test_trailers_go_both_ways(instance: FakeInstance) -> None:
    sent: list[object] = []

    async def answer(request: OutboundRequest) -> OutboundResponse:
        assert not isinstance(request.body, bytes)
        while await request.body():
            pass
        sent.extend(request.trailers())
        return MemoryResponse(200, trailers=[(b"X-Sum", b"7")])

    guest = Guest(instance, answer)
    task = guest.start(started(method="POST", flags="s", body=b"x"))
    guest.call("finish", task, b"x-a\nb\r")
    await guest.response(task)
    assert await guest.read(task) == b"ex-sum\n7\r"
    assert sent == [(b"x-a", b"b")]


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


async def test_a_failure_is_what_response_answers(instance: FakeInstance) -> None:
    async def answer(_request: OutboundRequest) -> OutboundResponse:
        raise OutboundError("DNS-error", "address not available")

    guest = Guest(instance, answer)
    assert await guest.response(guest.start(started())) == b"xDNS-error\naddress not available\n"


async def test_an_unexpected_failure_of_the_host_is_an_internal_error(
    instance: FakeInstance, caplog: pytest.LogCaptureFixture
) -> None:
    async def answer(_request: OutboundRequest) -> OutboundResponse:
        raise ZeroDivisionError

    guest = Guest(instance, answer)
    assert (await guest.response(guest.start(started()))).startswith(b"xinternal-error\n")
    assert "ZeroDivisionError" in caplog.text


async def test_what_is_not_permitted_is_denied_and_logged(
    instance: FakeInstance, caplog: pytest.LogCaptureFixture
) -> None:
    guest = Guest(instance, nobody, allowed="https://peer.test http://other.test")
    with caplog.at_level(logging.WARNING):
        assert await guest.response(guest.start(started())) == b"xHTTP-request-denied"
    (message,) = caplog.messages
    assert message == (
        "component `shop`: outbound request to `http://peer.test:80` is not allowed; "
        'add `allowed_outbound_hosts = ["http://peer.test:80"]`'
    )


async def test_a_denied_request_may_still_be_written_to(instance: FakeInstance) -> None:
    guest = Guest(instance, nobody, allowed="")
    task = guest.start(started(method="POST", flags="s"))
    assert guest.call("write", task, b"rlost") is False
    guest.call("finish", task, b"")
    assert await guest.response(task) == b"xHTTP-request-denied"


@pytest.mark.parametrize("authority", ["stock.spin.internal", "STOCK.spin.internal:8080"])
async def test_another_component_is_asked_in_the_process(instance: FakeInstance, authority: str) -> None:
    guest = Guest(instance, nobody, allowed="http://stock.spin.internal", components=echo)
    task = guest.start(started(scheme="https", authority=authority))
    assert await guest.response(task) == b"o200\rx-host\nstock.spin.internal\r"


async def test_another_component_that_is_not_permitted_is_denied(instance: FakeInstance) -> None:
    guest = Guest(instance, nobody, allowed="http://stock.spin.internal http://example.com", components=echo)
    task = guest.start(started(authority="cellar.spin.internal"))
    assert await guest.response(task) == b"xHTTP-request-denied"


@pytest.mark.parametrize("authority", ["", "self.alt", "self.alt:81"])
async def test_the_application_asks_itself(instance: FakeInstance, authority: str) -> None:
    guest = Guest(instance, nobody, allowed="http://self", application=echo)
    assert await guest.response(guest.start(started(authority=authority))) == b"o200\rx-host\nself.alt\r"


async def test_the_application_may_not_ask_itself_unless_permitted(
    instance: FakeInstance, caplog: pytest.LogCaptureFixture
) -> None:
    guest = Guest(instance, nobody, allowed="http://example.com", application=echo)
    assert await guest.response(guest.start(started(authority=""))) == b"xHTTP-request-denied"
    assert 'add `allowed_outbound_hosts = ["http://self"]`' in caplog.text


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"method": "GE T"}, "HTTP-request-method-invalid"),
        ({"method": ""}, "HTTP-request-method-invalid"),
        ({"method": "CONNECT"}, "HTTP-request-method-invalid"),
        ({"scheme": "ftp"}, "HTTP-protocol-error"),
        ({"authority": "user@peer.test"}, "HTTP-request-URI-invalid"),
        ({"authority": "peer.test:99999"}, "HTTP-request-URI-invalid"),
        ({"authority": "peer test"}, "HTTP-request-URI-invalid"),
        ({"authority": "pe\xe9r.test"}, "HTTP-request-URI-invalid"),
        ({"authority": "peer.test/x"}, "HTTP-request-URI-invalid"),
        ({"target": "/a b"}, "HTTP-request-URI-invalid"),
        ({"target": "a"}, "HTTP-request-URI-invalid"),
        ({"target": "/" + "a" * 70_000}, "HTTP-request-URI-too-long"),
        ({"fields": "x\n" + "y" * 140_000 + "\r"}, "HTTP-request-header-section-size\n140001"),
        ({"fields": "content-length\n5\r", "body": b"four"}, "HTTP-request-body-size\n4"),
        ({"fields": "content-length\nfour\r", "body": b"four"}, "HTTP-protocol-error"),
    ],
)
async def test_what_cannot_be_sent_is_an_error_code(
    instance: FakeInstance, changes: dict[str, Any], error: str
) -> None:
    guest = Guest(instance, nobody)
    assert await guest.response(guest.start(started(**changes))) == b"x" + error.encode()


@pytest.mark.parametrize(
    "request_text",
    [
        b"",
        b"5",
        b"x\rhead",
        b"999\rhead",
        b"4\rhead",
        started(flags="z"),
        started(flags="b", body=b"?"),
        started(timeouts="soon\r\r"),
        started(fields="x"),
        started(fields="x\r"),
        started(fields="x y\nz\r"),
        started(fields="x\n\0\r"),
        started(fields="host\nelse.where\r"),
        started(fields="Transfer-Encoding\nchunked\r"),
    ],
)
async def test_what_breaks_the_form_is_a_trap(instance: FakeInstance, request_text: bytes) -> None:
    with pytest.raises(MalformedError):
        Guest(instance, nobody).start(request_text)


async def test_unknown_and_closed_tasks_are_a_trap(instance: FakeInstance) -> None:
    guest = Guest(instance)
    task = guest.start(started())
    guest.call("close", task)
    for name, arguments in {"response": (), "read": (1,), "write": (b"r",), "finish": (b"",), "close": ()}.items():
        with pytest.raises(MalformedError, match="has not started"):
            guest.call(name, task, *arguments)


async def test_reading_nothing_and_adding_to_a_complete_body_are_traps(instance: FakeInstance) -> None:
    guest = Guest(instance)
    task = guest.start(started(method="POST", body=b"all"))
    with pytest.raises(MalformedError, match="0 bytes"):
        guest.call("read", task, 0)
    with pytest.raises(MalformedError, match="complete"):
        guest.call("write", task, b"rmore")
    with pytest.raises(MalformedError, match="complete"):
        guest.call("finish", task, b"")


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


async def test_timeouts_of_the_guest_reach_the_client_in_seconds(instance: FakeInstance) -> None:
    seen: list[float | None] = []

    async def answer(request: OutboundRequest) -> OutboundResponse:
        seen.extend((request.connect_timeout, request.first_byte_timeout, request.between_bytes_timeout))
        return MemoryResponse(200)

    guest = Guest(instance, answer)
    await guest.response(guest.start(started(timeouts="1000000000\r\r250000000")))
    assert seen == [1.0, 600.0, 0.25]


async def test_more_requests_than_permitted_at_once_are_an_error_code(instance: FakeInstance) -> None:
    guest = Guest(instance, limits=OutboundLimits(concurrent=2))
    first, second, third = (guest.start(started(method="POST", flags="s")) for _ in range(3))
    assert await guest.response(third) == b"xconnection-limit-reached"
    guest.call("close", first)
    assert (await guest.response(guest.start(started()))).startswith(b"o")
    guest.call("close", second)


async def test_keeping_requests_open_without_end_is_a_trap(instance: FakeInstance) -> None:
    guest = Guest(instance, allowed="", limits=OutboundLimits(kept=3))
    for _ in range(3):
        guest.start(started())
    with pytest.raises(MalformedError, match="more than 3"):
        guest.start(started())


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

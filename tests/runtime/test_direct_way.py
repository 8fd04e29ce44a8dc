"""Which requests go the direct way, and what those that leave it must not lose."""

import asyncio
import gc
from typing import Any

import pytest
from live_server import Live
from uvicorn.server import ServerState

from whorl.server.connections import HttpConnection
from whorl.server.limits import ConnectionLimits
from whorl.server.serving import protocol_factory
from whorl.triggers.http.application import HttpApplication

pytestmark = pytest.mark.anyio


class Unconnected(asyncio.Transport):
    """Where answers are written that nobody reads."""

    is_held = False

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        addresses = {"peername": ("127.0.0.1", 1), "sockname": ("127.0.0.1", 2)}
        return addresses.get(name, default)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        pass

    def is_closing(self) -> bool:
        return False

    def get_write_buffer_size(self) -> int:
        return 0

    def pause_reading(self) -> None:
        self.is_held = True

    def close(self) -> None:
        pass

    def abort(self) -> None:
        pass


def post(path: bytes, body: bytes) -> bytes:
    return b"POST %b HTTP/1.1\r\nhost: localhost\r\ncontent-length: %d\r\n\r\n%b" % (path, len(body), body)


async def answers(live: Live, *pieces: bytes, pause: float = 0.05) -> bytes:
    """Send `pieces` one after the other, and return what comes back on a connection that the last one closes."""
    reader, writer = await asyncio.open_connection(live.address.host, live.address.port)
    for piece in pieces:
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(pause)
    writer.write(b"GET /hello HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
    async with asyncio.timeout(20):
        received = await reader.read()
    writer.close()
    return received


def bodies(received: bytes) -> list[bytes]:
    """Return the bodies of answers that all give their length."""
    found = []
    while received:
        head, _, rest = received.partition(b"\r\n\r\n")
        [length] = [int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.startswith(b"content-length:")]
        found.append(rest[:length])
        received = rest[length:]
    return found


async def tasks_for(live: Live, *pieces: bytes) -> tuple[list[bytes], int]:
    """Return the bodies that come back, and how many requests did not go the direct way."""
    calls = 0
    serve = HttpApplication.serve

    async def counted(*arguments: Any) -> None:
        nonlocal calls
        calls += 1
        await serve(*arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(HttpApplication, "serve", counted)
        return bodies(await answers(live, *pieces)), calls


async def test_a_body_that_comes_with_its_head_goes_the_direct_way(lab: Live) -> None:
    body = bytes(range(256)) * 4
    assert await tasks_for(lab, post(b"/late", body)) == ([b"1024 bytes in 1 reads", b"hello"], 0)


async def test_a_body_that_comes_in_pieces_has_a_task_and_is_whole(lab: Live) -> None:
    request = post(b"/late", b"x" * 1000)
    received, calls = await tasks_for(lab, request[:-900], request[-900:-400], request[-400:])
    assert received[0].startswith(b"1000 bytes in ")
    assert (received[1], calls) == (b"hello", 1)


async def test_a_head_that_comes_in_pieces_still_goes_the_direct_way(lab: Live) -> None:
    request = post(b"/late", b"body")
    received, calls = await tasks_for(lab, request[:20], request[20:])
    assert received == [b"4 bytes in 1 reads", b"hello"]
    assert not calls


async def test_several_requests_in_one_piece_are_answered_in_order(lab: Live) -> None:
    piece = post(b"/late", b"one") + post(b"/sleep?20", b"") + post(b"/late", b"three")
    assert bodies(await answers(lab, piece)) == [b"3 bytes in 1 reads", b"slept", b"5 bytes in 1 reads", b"hello"]


async def test_a_guest_may_answer_before_the_body_is_complete(lab: Live) -> None:
    reader, writer = await asyncio.open_connection(lab.address.host, lab.address.port)
    writer.write(post(b"/ignore-body", b"x" * 1000)[:-500])
    async with asyncio.timeout(20):
        head = await reader.readuntil(b"\r\n\r\n")
    writer.close()
    assert head.startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("method", [b"GET", b"POST"])
async def test_a_target_that_is_too_long_is_refused_before_a_guest_runs(lab: Live, method: bytes) -> None:
    reader, writer = await asyncio.open_connection(lab.address.host, lab.address.port)
    writer.write(b"%b /sleep?%b9 HTTP/1.1\r\nhost: localhost\r\n" % (method, b"0" * 66_000))
    writer.write(b"content-length: 2\r\n\r\nx" if method == b"POST" else b"\r\n")
    async with asyncio.timeout(20):
        answer = await reader.read()
    writer.close()
    assert answer.startswith(b"HTTP/1.1 414 ")
    assert not lab.trigger.pools["lab"].in_use


async def test_an_empty_query_is_none_by_either_way(lab: Live) -> None:
    whole, partial = post(b"/head?", b"body"), post(b"/head?", b"body")
    received, calls = await tasks_for(lab, whole, partial[:-2], partial[-2:])
    assert received[0] == received[1]
    assert calls == 1


async def test_a_failure_of_the_host_is_a_500_and_a_log_line(lab: Live, caplog: pytest.LogCaptureFixture) -> None:
    def fail(*_arguments: object) -> None:
        raise RuntimeError("as the test wants it")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(HttpApplication, "begin", fail)
        answer = await answers(lab, b"")
    assert answer.startswith(b"HTTP/1.1 500 ")
    assert "a request could not be served" in caplog.text


async def test_a_request_that_is_cancelled_before_its_task_runs_gives_its_instance_back(lab: Live) -> None:
    state = ServerState()
    protocol = protocol_factory(lab.application, ConnectionLimits())(server_state=state)
    protocol.connection_made(Unconnected())
    protocol.data_received(b"GET /sleep?60000 HTTP/1.1\r\nhost: localhost\r\n\r\n")
    pool = lab.trigger.pools["lab"]
    assert pool.in_use == 1
    [task] = state.tasks
    task.cancel()
    await asyncio.wait({task})
    await asyncio.sleep(0)
    assert not pool.in_use
    protocol.connection_lost(None)


async def test_a_connection_that_is_made_while_the_last_other_ends_is_closed_in_time(lab: Live) -> None:
    closed = asyncio.Event()

    class Closable(Unconnected):
        def close(self) -> None:
            closed.set()

    connect = protocol_factory(lab.application, ConnectionLimits(idle_timeout=0.05))
    first = connect(server_state=ServerState())
    first.connection_made(Unconnected())
    second = connect(server_state=ServerState())
    first.connection_lost(None)
    second.connection_made(Closable())
    async with asyncio.timeout(5):
        await closed.wait()
    second.connection_lost(None)


async def test_what_is_pipelined_behind_a_request_is_not_parsed_before_it_is_served(lab: Live) -> None:
    state = ServerState()
    protocol = protocol_factory(lab.application, ConnectionLimits())(server_state=state)
    transport = Unconnected()
    protocol.connection_made(transport)
    protocol.data_received(b"GET /sleep?60000 HTTP/1.1\r\nhost: localhost\r\n\r\n")
    for _ in range(1000):
        protocol.data_received(b"GET /hello HTTP/1.1\r\nhost: localhost\r\n\r\n")
    assert len(protocol._waiting) == 1
    assert transport.is_held
    protocol.connection_lost(None)
    await asyncio.wait(state.tasks)


def is_behind(found: object) -> bool:
    return type(found) is HttpConnection and len(found._waiting) > 0


async def test_responses_that_are_not_read_are_not_piled_up(lab: Live) -> None:
    reader, writer = await asyncio.open_connection(lab.address.host, lab.address.port, limit=1024)
    writer.write(b"GET /big?1000000 HTTP/1.1\r\nhost: localhost\r\n\r\n" * 200)
    async with asyncio.timeout(30):
        while not (found := [each for each in gc.get_objects() if is_behind(each)]):  # noqa: ASYNC110 - no event for it
            await asyncio.sleep(0.1)
        await asyncio.sleep(1)
    [connection] = found
    assert connection._wire.is_full
    assert connection._transport.get_write_buffer_size() < 5_000_000
    writer.transport.abort()
    del reader

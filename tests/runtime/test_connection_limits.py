"""What clients can take of the server by being slow, silent or many, and that the others do not notice."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path

import pytest
from live_server import GUESTS, Live, manifest, serving
from open_files import open_descriptors
from raw_http import RawClient, connected, post, request

from whorl.errors import ListenError
from whorl.server.limits import ConnectionLimits

pytestmark = pytest.mark.anyio

QUICK = ConnectionLimits(head_timeout=0.3, idle_timeout=0.3)
LAVISH = ConnectionLimits(head_timeout=30, idle_timeout=30)
Serve = Callable[[ConnectionLimits, str], AbstractAsyncContextManager[Live]]


@pytest.fixture
def serve(tmp_path: Path) -> Serve:
    """Return what serves the lab guest with limits and settings of one's own."""
    return lambda limits, settings: serving(manifest(tmp_path, GUESTS / "lab.wasm", settings=settings), limits=limits)


@pytest.fixture
async def quick(serve: Serve) -> AsyncIterator[Live]:
    """Serve the lab guest with short times."""
    async with serve(QUICK, "") as live:
        yield live


async def ends(client: RawClient) -> bytes:
    """Return what comes until the server closes."""
    async with asyncio.timeout(10):
        return await client.rest()


async def test_a_connection_on_which_nothing_comes_is_closed(quick: Live) -> None:
    async with connected(quick.address) as client:
        assert await ends(client) == b""


async def test_a_connection_on_which_nothing_more_comes_is_closed(quick: Live) -> None:
    async with connected(quick.address) as client:
        await client.send(request())
        response = await client.response()
        assert response is not None
        assert response.body == b"hello"
        assert await ends(client) == b""


@pytest.mark.parametrize("begun", [b"G", b"GET /hello HTTP/1.1\r\n", request()[:-1]])
async def test_a_head_that_is_not_completed_in_time_is_a_408(quick: Live, begun: bytes) -> None:
    async with connected(quick.address) as client:
        await client.send(begun)
        assert (await ends(client)).startswith(b"HTTP/1.1 408 ")


async def test_a_head_that_comes_byte_by_byte_has_no_more_time(quick: Live) -> None:
    async with connected(quick.address) as client:
        ending = asyncio.create_task(ends(client))
        for byte in request(b"/" + b"a" * 100):
            if ending.done():
                break
            await client.send(bytes([byte]))
            await asyncio.sleep(0.05)
        assert (await ending).startswith(b"HTTP/1.1 408 ")


async def test_a_body_that_does_not_go_on_is_a_408(quick: Live) -> None:
    async with connected(quick.address) as client:
        await client.send(post(b"/late", b"x" * 10)[:-5])
        assert (await ends(client)).startswith(b"HTTP/1.1 408 ")
    assert not quick.trigger.pools["lab"].in_use


async def test_a_body_that_does_not_go_on_cuts_a_response_that_has_begun(quick: Live) -> None:
    async with connected(quick.address) as client:
        await client.send(post(b"/echo", b"x" * 10)[:-5])
        received = await ends(client)
    assert received.startswith(b"HTTP/1.1 200 ")
    assert received.count(b"HTTP/1.1 ") == 1
    assert not received.endswith(b"0\r\n\r\n")
    assert not quick.trigger.pools["lab"].in_use


async def test_a_body_that_comes_slowly_has_all_the_time_it_needs(quick: Live) -> None:
    async with connected(quick.address) as client:
        message = post(b"/late", b"x" * 10)
        await client.send(message[:-10])
        for _ in range(10):
            await asyncio.sleep(0.1)
            await client.send(b"x")
        response = await client.response(b"POST")
    assert response is not None
    assert response.body.startswith(b"10 bytes ")


async def test_a_guest_that_takes_its_time_is_not_the_clients_fault(quick: Live) -> None:
    async with connected(quick.address) as client:
        await client.send(request(b"/sleep?900"))
        response = await client.response()
    assert response is not None
    assert response.body == b"slept"


@pytest.mark.parametrize("path", [b"/big?50000000", b"/flush?10000000"])
async def test_a_response_that_is_not_read_is_cut_off(quick: Live, path: bytes) -> None:
    async with connected(quick.address, receive_buffer=4096) as client:
        await client.send(request(path))
        async with asyncio.timeout(20):
            while not quick.trigger.pools["lab"].in_use:  # noqa: ASYNC110 - the pool has no event for it
                await asyncio.sleep(0.01)
            while quick.trigger.pools["lab"].in_use:  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.01)


async def test_a_connection_too_many_is_told_so_and_the_others_are_served(serve: Serve) -> None:
    limits = ConnectionLimits(max_connections=5)
    async with serve(limits, "") as live, AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(connected(live.address)) for _ in range(5)]
        for client in clients:
            await client.send(request(b"/sleep?300"))
        await asyncio.sleep(0.05)
        async with connected(live.address) as surplus:
            refusal = await ends(surplus)
        assert refusal.startswith(b"HTTP/1.1 503 ")
        assert b"\r\nretry-after: 1\r\n" in refusal
        for client in clients:
            response = await client.response()
            assert response is not None
            assert response.body == b"slept"


async def test_connections_too_many_are_not_kept_to_be_told_so(serve: Serve) -> None:
    async with serve(ConnectionLimits(max_connections=2), "") as live, AsyncExitStack() as stack:
        before = open_descriptors()
        for _ in range(2):
            client = await stack.enter_async_context(connected(live.address))
            await client.send(request(b"/sleep?1500"))
        surplus = [await stack.enter_async_context(connected(live.address)) for _ in range(300)]
        await asyncio.sleep(0.3)
        assert open_descriptors() - before < 302 + 2 + 100
        for client in surplus[:10]:
            assert (await ends(client)).startswith(b"HTTP/1.1 503 ")


async def test_place_is_made_at_once_though_a_client_has_not_read_its_response(serve: Serve) -> None:
    async with serve(ConnectionLimits(max_connections=2), "") as live, AsyncExitStack() as stack:
        for _ in range(2):
            client = await stack.enter_async_context(connected(live.address, receive_buffer=4096))
            await client.send(request(b"/big?10000000"))
        async with asyncio.timeout(20):
            while live.trigger.pools["lab"].in_use:  # noqa: ASYNC110 - the pool has no event for it
                await asyncio.sleep(0.05)
        before = open_descriptors()
        await asyncio.sleep(1.2)
        for _ in range(2):
            async with connected(live.address) as newcomer:
                await newcomer.send(request())
                response = await newcomer.response()
                assert response is not None
                assert response.status in {200, 503}
        await asyncio.sleep(0.2)
        assert open_descriptors() <= before


async def test_the_connection_that_has_been_idle_for_longest_makes_place(serve: Serve) -> None:
    async with serve(ConnectionLimits(max_connections=3), "") as live, AsyncExitStack() as stack:
        first, *others = [await stack.enter_async_context(connected(live.address)) for _ in range(3)]
        await asyncio.sleep(1.1)
        for client in others:
            await client.send(request())
            assert await client.response() is not None
        async with connected(live.address) as newcomer:
            await newcomer.send(request())
            assert await newcomer.response() is not None
        assert await ends(first) == b""
        for client in others:
            await client.send(request())
            assert await client.response() is not None


@pytest.mark.parametrize("lines", [(), (b"Expect: 100-continue",)], ids=["silent", "expecting"])
async def test_uploads_that_do_not_come_leave_instances_to_others(serve: Serve, lines: tuple[bytes, ...]) -> None:
    async with serve(LAVISH, "max_instances = 8") as live, AsyncExitStack() as stack:
        for _ in range(20):
            client = await stack.enter_async_context(connected(live.address))
            await client.send(post(b"/late", b"x" * 10, *lines)[:-10])
        await asyncio.sleep(0.1)
        assert live.trigger.pools["lab"].in_use == 4
        answers = await asyncio.gather(*(live.client.post("/late", content=b"x" * 1000) for _ in range(20)))
        assert all(answer.text.startswith("1000 bytes") for answer in answers)


async def test_an_upload_that_waits_for_its_place_is_served_once_it_has_come(serve: Serve) -> None:
    async with serve(LAVISH, "max_instances = 2") as live, AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(connected(live.address)) for _ in range(4)]
        for client in clients:
            await client.send(post(b"/late", b"x" * 10)[:-5])
            await asyncio.sleep(0.02)
        assert live.trigger.pools["lab"].in_use == 1
        for client in reversed(clients):
            await client.send(b"x" * 5)
            response = await client.response(b"POST")
            assert response is not None
            assert response.body.startswith(b"10 bytes ")


async def test_an_upload_that_waits_takes_the_place_of_one_that_is_given_up(serve: Serve) -> None:
    async with serve(LAVISH, "max_instances = 2") as live, AsyncExitStack() as stack:
        first, second = [await stack.enter_async_context(connected(live.address)) for _ in range(2)]
        await first.send(post(b"/late", b"x" * 10)[:-5])
        await asyncio.sleep(0.02)
        await second.send(post(b"/ignore-body", b"x" * 10)[:-5])
        await asyncio.sleep(0.05)
        first.reset()
        response = await second.response(b"POST")
    assert response is not None
    assert response.status == 200


async def test_a_client_that_leaves_while_it_waits_for_an_instance_is_forgotten(serve: Serve) -> None:
    async with serve(LAVISH, "max_instances = 1") as live, AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(connected(live.address)) for _ in range(5)]
        for client in clients:
            await client.send(request(b"/sleep?60000"))
        pool = live.trigger.pools["lab"]
        async with asyncio.timeout(10):
            while pool.waiting < 4:  # noqa: ASYNC110 - the pool has no event for it
                await asyncio.sleep(0.01)
            for client in clients:
                client.reset()
            while pool.waiting or pool.in_use:  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.01)
        assert (await live.client.get("/hello")).text == "hello"


def test_the_number_of_connections_fits_the_limit_of_descriptors() -> None:
    assert ConnectionLimits().fitting(65536).max_connections == 64768
    assert ConnectionLimits().fitting(1024).max_connections == 256
    assert ConnectionLimits(max_connections=10).fitting(1024).max_connections == 10
    with pytest.raises(
        ListenError, match=r"300 connections do not fit.*1024 files.*`ulimit -n`.*--max-connections 256`"
    ):
        ConnectionLimits(max_connections=300).fitting(1024)

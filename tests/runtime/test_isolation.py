"""What a request leaves behind, and what it may use up: fresh and reused instances, limits, clients that leave."""

import asyncio
import contextlib
import gc
import os
import random
from pathlib import Path

import pytest
from live_server import GUESTS, Live, manifest, serving
from open_files import open_descriptors

pytestmark = pytest.mark.anyio

MB = 1 << 20


async def test_a_fresh_instance_knows_nothing_of_an_earlier_request(lab: Live) -> None:
    await lab.client.post("/keep", content=b"secret")
    assert (await lab.client.get("/stale-handles")).text == "nothing kept"


async def test_handles_of_an_earlier_request_reach_nothing_of_a_later_one(reused_lab: Live) -> None:
    await reused_lab.client.post("/keep", content=b"first")
    text = (await reused_lab.client.post("/stale-handles", content=b"second")).text
    assert text.startswith('Some("/keep"); read: ')
    assert "second" not in text
    assert "into a later response" not in text


async def test_an_outparam_of_an_earlier_request_does_not_answer_a_later_one(reused_lab: Live) -> None:
    assert (await reused_lab.client.post("/keep?outparam", content=b"first")).status_code == 500
    response = await reused_lab.client.get("/stale-handles")
    assert response.status_code == 200
    assert response.text.startswith('Some("/keep?outparam")')


async def test_a_response_of_an_earlier_request_can_be_given_to_no_later_one(reused_lab: Live) -> None:
    await reused_lab.client.post("/keep", content=b"first")
    response = await reused_lab.client.get("/stale-handles?response")
    assert b"second" not in response.content
    assert (await reused_lab.client.get("/hello")).text == "hello"


async def test_an_instance_that_trapped_is_not_reused(reused_lab: Live) -> None:
    await reused_lab.client.post("/keep", content=b"first")
    await reused_lab.client.get("/trap")
    assert (await reused_lab.client.get("/stale-handles")).text == "nothing kept"


@pytest.mark.parametrize(("size", "left"), [(1000, 'Some("/keep")'), (10 * MB, "nothing kept")])
async def test_an_instance_whose_memory_has_grown_is_not_reused(tmp_path: Path, size: int, left: str) -> None:
    settings = 'reuse = 1000\nmax_instances = 1\nmemory = "16MiB"'
    async with serving(manifest(tmp_path, GUESTS / "lab.wasm", settings=settings)) as live:
        await live.client.post("/keep", content=b"first")
        assert (await live.client.get(f"/big?{size}")).status_code == 200
        assert (await live.client.get("/stale-handles")).text.startswith(left)


async def test_a_guest_that_loops_for_ever_is_stopped_and_others_are_served(tmp_path: Path) -> None:
    async with serving(manifest(tmp_path, GUESTS / "lab.wasm", settings='cpu = "200ms"')) as live:
        endless = asyncio.create_task(live.client.get("/spin"))
        await asyncio.sleep(0.05)
        assert (await live.client.get("/hello")).text == "hello"
        assert not endless.done()
        assert (await endless).status_code == 504


async def test_a_guest_that_waits_too_long_is_stopped(tmp_path: Path) -> None:
    async with serving(manifest(tmp_path, GUESTS / "lab.wasm", settings='timeout = "100ms"')) as live:
        assert (await live.client.get("/sleep?5000")).status_code == 504
        assert (await live.client.get("/hello")).text == "hello"


async def test_a_guest_cannot_take_more_memory_than_it_may(tmp_path: Path) -> None:
    async with serving(manifest(tmp_path, GUESTS / "lab.wasm", settings='memory = "16MiB"')) as live:
        before = resident()
        assert (await live.client.get("/eat")).status_code == 500
        assert resident() - before < 64 * MB
        assert (await live.client.get("/hello")).text == "hello"


async def test_requests_beyond_the_queue_are_told_to_come_back(tmp_path: Path) -> None:
    settings = "max_instances = 1\nqueue = 1"
    async with serving(manifest(tmp_path, GUESTS / "lab.wasm", settings=settings)) as live:
        answers = await asyncio.gather(*[live.client.get("/sleep?100") for _ in range(5)])
        refused = [answer for answer in answers if answer.status_code == 503]
        assert sorted(answer.status_code for answer in answers) == [200, 200, 503, 503, 503]
        assert all(int(answer.headers["retry-after"]) > 0 and not answer.content for answer in refused)


async def test_two_hundred_guests_wait_at_once(lab: Live) -> None:
    answers = await asyncio.gather(*[lab.client.get("/sleep?50") for _ in range(100)])
    assert {answer.text for answer in answers} == {"slept"}


async def test_output_of_guests_is_logged_line_by_line(lab: Live) -> None:
    await lab.client.get("/stdout")
    assert lab.logs.text("stdout") == "one line\nand another\nhalf a line"
    assert lab.logs.lines[0] == ("lab", "stdout", b"one line\n") or lab.logs.lines[0][2] == b"one "


async def test_the_environment_is_the_manifests(lab: Live) -> None:
    assert (await lab.client.get("/env")).text == "A=1\nB=two\nlines"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/fs", "0 directories"),
        ("/clock", "true 1"),
        ("/random", "[0, 1, 8, 200, 600, 70000]"),
        ("/poll", "[1"),
        ("/print", "no terminals: true; stdin: Err"),
        ("/sockets", 'ErrorCode { code: 1, name: "access-denied"'),
    ],
)
async def test_the_rest_of_wasi_answers(lab: Live, path: str, expected: str) -> None:
    response = await lab.client.get(path)
    assert response.status_code == 200
    assert response.text.startswith(expected)


async def test_randomness_differs_from_instance_to_instance(lab: Live) -> None:
    assert len({(await lab.client.get("/random")).text for _ in range(5)}) == 5


async def test_clients_that_leave_leave_nothing_behind(tmp_path: Path) -> None:
    """10,000 requests, many of them given up somewhere: no instance, task or descriptor stays, and memory is flat."""
    settings = "max_instances = 64\nqueue = 1000\nwarm = 4"
    async with serving(manifest(tmp_path, GUESTS / "lab.wasm", settings=settings)) as live:
        chance = random.Random(1)  # noqa: S311 - a repeatable mixture, nothing secret
        await batch(live, chance, 500)
        await settle(live)
        descriptors, tasks = open_descriptors(), len(asyncio.all_tasks())
        await batch(live, chance, 4500)
        await settle(live)
        halfway = resident()
        await batch(live, chance, 5000)
        await settle(live)
        (pool,) = live.trigger.pools.values()
        assert (pool.in_use, pool.ready, len(pool.linked.instances)) == (0, 4, 4)
        assert not pool.linked.wait._suspended
        assert len(asyncio.all_tasks()) == tasks
        assert open_descriptors() == descriptors
        assert resident() - halfway < 8 * MB


async def batch(live: Live, chance: random.Random, count: int) -> None:
    async def client() -> None:
        for _ in range(count // 20):
            await one_request(live, chance)

    await asyncio.gather(*[client() for _ in range(20)])


async def one_request(live: Live, chance: random.Random) -> None:
    path = chance.choice(["/hello", "/echo", "/late", "/sleep?10", "/stream?3", "/after?5", "/big?300000", "/trap"])
    reader, writer = await asyncio.open_connection(live.address.host, live.address.port)
    body = b"x" * chance.choice([0, 10, 100_000])
    head = f"POST {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {len(body)}\r\n\r\n"
    request = head.encode() + body
    leaves_at = chance.choice([None, None, "sending", "waiting", "reading"])
    with contextlib.suppress(ConnectionError):
        if leaves_at == "sending":
            writer.write(request[: chance.randrange(1, len(request))])
        else:
            writer.write(request)
        if leaves_at == "waiting":
            await asyncio.sleep(chance.random() * 0.005)
        elif leaves_at == "reading":
            await reader.read(10)
        elif leaves_at is None:
            await reader.read()
    if leaves_at is not None:
        writer.transport.abort()
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()


async def settle(live: Live) -> None:
    """Wait until the server has noticed everything that happened."""
    (pool,) = live.trigger.pools.values()
    for _ in range(500):
        await asyncio.sleep(0.01)
        if not pool.in_use and len(pool.linked.instances) == pool.settings.warm:
            break
    await asyncio.sleep(0.05)
    gc.collect()


def resident() -> int:
    """Return the resident memory of this process, in bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

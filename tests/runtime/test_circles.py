"""Components that call themselves, and each other: nobody waits for what its own callers hold."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from live_server import GUESTS, Live, serving

from whorl.triggers.http.chaining import MOST_DEPTH

pytestmark = pytest.mark.anyio

COMPONENTS = ("one", "two", "three")
CIRCLES = [COMPONENTS[:1], COMPONENTS[:2], COMPONENTS]


def manifest(folder: Path) -> Path:
    text = 'spin_manifest_version = 2\n[application]\nname = "circles"\n'
    for name in COMPONENTS:
        route = '"/..."' if name == "one" else "{ private = true }"
        text += f"""[[trigger.http]]
route = {route}
component = "{name}"
[component.{name}]
source = "{GUESTS / "lab.wasm"}"
allowed_outbound_hosts = ["http://*.spin.internal", "http://self"]
[component.{name}.tool.whorl]
max_instances = 2
"""
    path = folder / "spin.toml"
    path.write_text(text)
    return path


@pytest.fixture
async def circles(tmp_path: Path) -> AsyncIterator[Live]:
    """Serve three components of two instances each, which may call each other."""
    async with serving(manifest(tmp_path)) as live:
        yield live


def around(circle: tuple[str, ...], hops: int, last: str) -> str:
    """Return the target of a request that goes from component to component, `hops` times, and ends with `last`."""
    target = last
    for hop in reversed(range(hops)):
        target = f"/out?http://{circle[(hop + 1) % len(circle)]}.spin.internal{target}"
    return target


async def ask(live: Live, circle: tuple[str, ...], hops: int) -> str:
    return (await live.client.get(around(circle, hops, "/hello"))).text


@pytest.mark.parametrize("circle", CIRCLES, ids=len)
@pytest.mark.parametrize("hops", [1, 3, 9])
async def test_requests_that_go_in_a_circle_at_full_pools_all_end(
    circles: Live, circle: tuple[str, ...], hops: int
) -> None:
    async with asyncio.timeout(60):
        answers = await asyncio.gather(*(ask(circles, circle, hops) for _ in range(40)))
    assert {answer.splitlines()[-1] for answer in answers} == {"hello"}


@pytest.mark.parametrize("circle", CIRCLES, ids=len)
async def test_a_circle_without_end_is_an_error_and_leaves_instances_to_others(
    circles: Live, circle: tuple[str, ...], caplog: pytest.LogCaptureFixture
) -> None:
    async with asyncio.timeout(60):
        endless = [asyncio.create_task(ask(circles, circle, MOST_DEPTH + 5)) for _ in range(1)]
        others = await asyncio.gather(*(circles.client.get("/hello") for _ in range(50)))
        answers = await asyncio.gather(*endless)
    assert all(answer.text == "hello" for answer in others)
    assert all("LoopDetected" in answer for answer in answers)
    assert "perhaps in a circle" in caplog.text


async def test_a_request_to_the_app_itself_counts_too(circles: Live) -> None:
    target = "/hello"
    for _ in range(MOST_DEPTH + 5):
        target = f"/out?http://self.alt{target}"
    async with asyncio.timeout(60):
        answers = [await circles.client.get(target)]
    assert all("LoopDetected" in answer.text for answer in answers)


async def test_the_deepest_request_that_waits_is_first(circles: Live) -> None:
    """While all instances are held, requests of clients wait behind those that others wait for."""
    pool = circles.trigger.pools["one"]
    held = [await pool.acquire() for _ in range(2)]
    order: list[int] = []

    async def wait(depth: int) -> None:
        instance = await pool.acquire(depth)
        order.append(depth)
        pool.release(instance)

    waiting = [asyncio.create_task(wait(0)) for _ in range(2)]
    await asyncio.sleep(0)
    beyond = await pool.acquire(1)
    assert (pool.in_use, pool.waiting) == (3, 2)
    waiting += [asyncio.create_task(wait(depth)) for depth in (1, 1, 0)]
    await asyncio.sleep(0)
    for instance in (beyond, *held):
        pool.release(instance)
    await asyncio.gather(*waiting)
    assert order == [1, 1, 0, 0, 0]
    assert (pool.in_use, pool.waiting) == (0, 0)

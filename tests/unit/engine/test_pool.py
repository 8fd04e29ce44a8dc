"""The warm pool: fresh by default, bounded, queued, reused when asked for, and empty when closed."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
from engine_guests import GROW_BY_PAGE, NOTE, SLEEP, TRAP
from engine_probe import Link, Measured

from whorl.engine.instances import Instance
from whorl.engine.pool import InstancePool, PoolFullError, PoolSettings
from whorl.engine.traps import Trap

pytestmark = pytest.mark.anyio

OpenPool = Callable[[PoolSettings], AbstractAsyncContextManager[InstancePool]]


@pytest.fixture
def open_pool(link: Link) -> OpenPool:
    @asynccontextmanager
    async def opened(settings: PoolSettings) -> AsyncIterator[InstancePool]:
        linked, _ = link(NOTE)
        pool = InstancePool(linked, settings)
        await pool.start()
        yield pool
        await pool.close()
        assert not linked.instances

    return opened


async def turns() -> None:
    """Give the pool the turns of the loop in which it closes and makes instances."""
    for _ in range(20):
        await asyncio.sleep(0)


async def use(pool: InstancePool) -> Instance:
    instance = pool.take() or await pool.acquire()
    await instance.call()
    pool.release(instance)
    await turns()
    return instance


async def test_instances_are_ready_before_the_first_request(open_pool: OpenPool) -> None:
    async with open_pool(PoolSettings(warm=3)) as pool:
        assert pool.ready == 3
        instance = pool.take()
        assert instance is not None
        pool.release(instance)


async def test_each_request_gets_a_fresh_instance_by_default(open_pool: OpenPool) -> None:
    async with open_pool(PoolSettings(warm=1)) as pool:
        first, second = await use(pool), await use(pool)
        assert first is not second
        assert first.closed
        assert pool.ready == 1


async def test_an_instance_is_reused_as_often_as_asked(open_pool: OpenPool) -> None:
    async with open_pool(PoolSettings(warm=1, reuse=2)) as pool:
        instances = [await use(pool) for _ in range(4)]
        assert instances[0] is instances[1]
        assert instances[2] is instances[3]
        assert instances[0] is not instances[2]


async def test_a_trapped_instance_is_never_reused(link: Link) -> None:
    linked, _ = link(TRAP)
    pool = InstancePool(linked, PoolSettings(warm=1, reuse=100))
    instance = await pool.acquire()
    with pytest.raises(Trap):
        await instance.call()
    pool.release(instance)
    await turns()
    assert instance.closed
    await pool.close()


async def test_a_reused_instance_that_idles_is_closed(open_pool: OpenPool) -> None:
    async with open_pool(PoolSettings(warm=1, reuse=10, idle=0.02)) as pool:
        instance = await use(pool)
        await asyncio.sleep(0.1)
        assert instance.closed
        assert pool.ready == 1


async def test_a_reused_instance_is_closed_when_it_is_old(open_pool: OpenPool) -> None:
    async with open_pool(PoolSettings(warm=1, reuse=10, max_age=0.01)) as pool:
        await asyncio.sleep(0.02)
        assert (await use(pool)).closed


@pytest.mark.parametrize(("pages", "requests"), [(2, 1), (3, 2), (4, 4), (5, 4), (9, 8), (10, 16), (18, 32)])
async def test_a_reused_instance_is_closed_when_its_memory_has_grown(
    link: Link, measured: Measured, pages: int, requests: int
) -> None:
    """The guest starts with two pages and grows by one with each request."""
    linked, _ = link(measured(GROW_BY_PAGE))
    pool = InstancePool(linked, PoolSettings(warm=1, reuse=100, retire_memory=pages << 16))
    instance = await use(pool)
    for _ in range(requests - 1):
        assert await use(pool) is instance
    assert instance.closed
    assert pool.ready == 1
    await pool.close()


async def test_requests_beyond_the_limit_wait_their_turn(open_pool: OpenPool) -> None:
    async with open_pool(PoolSettings(warm=0, max_instances=1, queue=2)) as pool:
        first = await pool.acquire()
        waiting = [asyncio.create_task(pool.acquire()) for _ in range(2)]
        await turns()
        assert not any(task.done() for task in waiting)
        pool.release(first)
        second = await waiting[0]
        assert not waiting[1].done()
        pool.release(second)
        pool.release(await waiting[1])
        assert pool.in_use == 0


async def test_requests_beyond_the_queue_are_refused(open_pool: OpenPool) -> None:
    async with open_pool(PoolSettings(warm=1, max_instances=1, queue=0)) as pool:
        instance = await pool.acquire()
        with pytest.raises(PoolFullError):
            await pool.acquire()
        pool.release(instance)


async def test_a_request_that_is_cancelled_in_the_queue_leaves_no_gap(open_pool: OpenPool) -> None:
    async with open_pool(PoolSettings(warm=0, max_instances=1, queue=5)) as pool:
        first = await pool.acquire()
        given_up, patient = (asyncio.create_task(pool.acquire()) for _ in range(2))
        await turns()
        given_up.cancel()
        pool.release(first)
        pool.release(await patient)
        assert pool.in_use == 0


async def test_closing_waits_for_what_is_in_use(link: Link) -> None:
    linked, probe = link(SLEEP)
    pool = InstancePool(linked, PoolSettings(warm=1))
    await pool.start()
    instance = await pool.acquire()
    probe.number = time.monotonic_ns() + 30_000_000
    call = instance.call()
    assert not call.step()
    closing = asyncio.create_task(pool.close())
    await turns()
    assert not closing.done()
    await call.finish()
    pool.release(instance)
    await closing
    assert not linked.instances


async def test_requests_that_end_together_do_not_leave_instances_behind(open_pool: OpenPool) -> None:
    """Without a turn of the loop between them, instances wait to be closed; no more of them than may be in use."""
    async with open_pool(PoolSettings(warm=2, max_instances=4)) as pool:
        for _ in range(20):
            taken = [pool.take() or await pool.acquire() for _ in range(4)]
            for instance in taken:
                pool.release(instance)
            assert len(pool.linked.instances) <= 4 + 2

"""The warm pool while requests queue, and while it closes."""

import asyncio

import pytest
from engine_guests import NOTE
from engine_probe import Link

from whorl.engine.pool import InstancePool, PoolFullError, PoolSettings

pytestmark = pytest.mark.anyio


async def test_the_loop_rests_while_requests_wait_for_their_turn(link: Link) -> None:
    linked, _ = link(NOTE)
    pool = InstancePool(linked, PoolSettings(warm=1, max_instances=1))
    await pool.start()
    held = await pool.acquire()
    waiting = [asyncio.create_task(pool.acquire()) for _ in range(2)]
    await asyncio.sleep(0)
    pool.release(held)
    held = await waiting[0]
    await asyncio.sleep(0.01)
    assert not pool._tending
    pool.release(held)
    pool.release(await waiting[1])
    await pool.close()


async def test_a_request_that_waits_is_refused_when_the_pool_closes(link: Link) -> None:
    linked, _ = link(NOTE)
    pool = InstancePool(linked, PoolSettings(warm=0, max_instances=1))
    held = await pool.acquire()
    waiting = asyncio.create_task(pool.acquire())
    await asyncio.sleep(0)
    closing = asyncio.create_task(pool.close())
    with pytest.raises(PoolFullError, match="closing"):
        await waiting
    assert pool.in_use == 1
    pool.release(held)
    await closing
    assert not linked.instances


async def test_a_pool_that_is_closed_makes_no_instance(link: Link) -> None:
    linked, _ = link(NOTE)
    pool = InstancePool(linked, PoolSettings(warm=1))
    await pool.start()
    await pool.close()
    assert pool.take() is None
    with pytest.raises(PoolFullError, match="closing"):
        await pool.acquire()
    assert not linked.instances

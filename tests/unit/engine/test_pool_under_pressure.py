"""The warm pool while requests queue, and while it closes."""

import asyncio

import pytest
from engine_guests import NOTE
from engine_probe import Link

from whorl.engine.limits import InstanceLimits
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


async def test_an_instance_that_cannot_be_made_is_not_tried_again_at_once(
    link: Link, caplog: pytest.LogCaptureFixture
) -> None:
    linked, _ = link(NOTE)
    pool = InstancePool(linked, PoolSettings(warm=2))
    await pool.start()
    pool.settings = PoolSettings(warm=3, limits=InstanceLimits(memory=0))
    pool.release(await pool.acquire())
    for _ in range(20):
        await asyncio.sleep(0)
    assert len(caplog.records) == 1
    assert pool.ready == 1
    await pool.close()

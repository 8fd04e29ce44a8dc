"""The places that the components of one engine share: sure ones, common ones, and what is warm gives way."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from engine_guests import NOTE
from engine_probe import Probe
from wasmtime import component as wasm

from whorl.engine.components import LinkedComponent
from whorl.engine.configuration import EngineConfiguration
from whorl.engine.engines import Engine
from whorl.engine.instances import Instance
from whorl.engine.places import Places
from whorl.engine.pool import InstancePool, PoolFullError, PoolSettings

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def pools_of(most: int, *settings: PoolSettings) -> AsyncIterator[list[InstancePool]]:
    """Give started pools of an engine with so many instances; afterwards nothing may be left of any."""
    async with AsyncExitStack() as stack:
        engine = stack.enter_context(Engine(EngineConfiguration(max_instances=most)))
        component = wasm.Component(engine.wasmtime, NOTE)
        pools = []
        for number, each in enumerate(settings):
            linked = LinkedComponent(engine, f"guest-{number}", component, [Probe().interface()])
            stack.callback(linked.close)
            pools.append(InstancePool(linked, each))
            stack.push_async_callback(pools[-1].close)
            await pools[-1].start()
        yield pools
        places = engine.places
        await asyncio.gather(*[pool.close() for pool in pools])
        assert (places.live, places.common, places.making) == (0, places.total, 0)


async def hold(pool: InstancePool, count: int, depth: int = 0) -> list[Instance]:
    return [await asyncio.wait_for(pool.acquire(depth), 5) for _ in range(count)]


async def begin(pool: InstancePool, depth: int = 0) -> asyncio.Task[Instance]:
    """Ask for an instance, and wait until the request queues."""
    waiting = asyncio.create_task(pool.acquire(depth))
    await asyncio.sleep(0)
    return waiting


WIDE = PoolSettings(warm=0, max_instances=100)


@pytest.mark.parametrize(
    ("most", "total", "spare"), [(1, 1, 0), (2, 2, 0), (20, 10, 5), (100, 68, 16), (2000, 1968, 16)]
)
def test_some_instances_are_spare(most: int, total: int, spare: int) -> None:
    places = Places(most)
    assert (places.total, places.spare) == (total, spare)


@pytest.mark.parametrize("others", [1, 3, 9, 19, 30])
async def test_a_component_that_is_asked_for_the_first_time_has_a_place_however_busy_another_is(others: int) -> None:
    async with pools_of(62, WIDE, *[WIDE] * others) as (busy, *idle):
        held = []
        while (instance := busy.take()) is not None:
            held.append(instance)
        share = 32 // (others + 1)
        assert len(held) >= share
        if share:
            for pool in idle:
                instance = pool.take()
                assert instance is not None
                pool.release(instance)
        for instance in held:
            busy.release(instance)


async def test_one_component_may_have_what_the_others_leave_except_their_sure_places() -> None:
    async with pools_of(20, WIDE, WIDE) as (busy, idle):
        held = await hold(busy, 8)
        assert busy.take() is None
        other = await hold(idle, 2)
        waiting = [await begin(busy), await begin(idle)]
        assert not any(task.done() for task in waiting)
        busy.release(held.pop())
        # The place goes to the component that has less than its share, though the other has waited for longer.
        other.append(await asyncio.wait_for(waiting[1], 5))
        assert not waiting[0].done()
        idle.release(other.pop())
        held.append(await asyncio.wait_for(waiting[0], 5))
        for pool, instances in ((busy, held), (idle, other)):
            for instance in instances:
                pool.release(instance)


async def test_max_instances_is_what_a_component_may_have_at_most() -> None:
    async with pools_of(100, PoolSettings(warm=0, max_instances=2, queue=0), WIDE) as (narrow, _):
        held = await hold(narrow, 2)
        with pytest.raises(PoolFullError):
            await narrow.acquire()
        for instance in held:
            narrow.release(instance)


async def test_what_is_warm_goes_when_there_is_no_room_for_one_that_serves() -> None:
    warm = PoolSettings(warm=15, max_instances=100)
    async with pools_of(20, warm, WIDE) as (rich, poor):
        assert rich.ready == 15
        held = await hold(poor, 8)
        assert rich.ready == 20 - 8
        assert poor.linked.places.live == 20
        for instance in held:
            poor.release(instance)


async def test_more_components_than_instances_are_all_started_and_served() -> None:
    async with pools_of(3, *[PoolSettings()] * 8) as pools:
        assert sum(pool.ready for pool in pools) == 3
        for pool in pools * 2:
            instance = pool.take() or await pool.acquire()
            await instance.call()
            pool.release(instance)
            await asyncio.sleep(0)


async def test_more_components_than_places_have_their_turn_one_after_the_other() -> None:
    async with pools_of(2, *[WIDE] * 6) as pools:
        served = []

        async def serve(pool: InstancePool) -> None:
            instance = pool.take() or await pool.acquire()
            await asyncio.sleep(0.001)
            served.append(pool)
            pool.release(instance)

        await asyncio.wait_for(asyncio.gather(*[serve(pool) for pool in pools * 5]), 10)
        assert [served.count(pool) for pool in pools] == [5] * 6


async def test_a_request_that_others_wait_for_has_a_place_when_all_are_taken() -> None:
    async with pools_of(20, WIDE, WIDE) as (first, second):
        held = await hold(first, 8) + await hold(second, 2)
        assert first.take() is None
        deeper = await hold(first, 1, depth=1)
        waiting = await begin(first, depth=1)
        assert not waiting.done()
        deepest = await hold(second, 1, depth=2)
        second.release(deepest.pop())
        assert not waiting.done()
        first.release(deeper.pop())
        deeper.append(await asyncio.wait_for(waiting, 5))
        first.release(deeper.pop())
        for pool, instances in ((first, held[:8]), (second, held[8:])):
            for instance in instances:
                pool.release(instance)


async def test_what_waits_is_told_when_a_component_ends() -> None:
    async with pools_of(20, WIDE, WIDE) as (busy, idle):
        held = await hold(busy, 8)
        waiting = await begin(busy)
        await idle.close()
        held.append(await asyncio.wait_for(waiting, 5))
        for instance in held:
            busy.release(instance)


async def test_a_request_that_gives_up_waiting_leaves_the_place_to_others() -> None:
    async with pools_of(2, WIDE, WIDE) as (first, second):
        held = await hold(first, 1)
        given_up, patient = await begin(first), await begin(second)
        given_up.cancel()
        first.release(held.pop())
        second.release(await asyncio.wait_for(patient, 5))


async def test_an_exhausted_pool_of_the_engine_refuses_the_request(caplog: pytest.LogCaptureFixture) -> None:
    """Components may have more memories than are planned for: this engine is told of more room than it has."""
    async with pools_of(2, WIDE) as (pool,):
        pool.linked.places.common += 1
        pool.linked.places.most += 1
        held = await hold(pool, 2)
        with pytest.raises(PoolFullError, match="exhausted"):
            await pool.acquire()
        for instance in held:
            pool.release(instance)
        pool.linked.places.common -= 1
        pool.linked.places.most -= 1
    assert not caplog.records

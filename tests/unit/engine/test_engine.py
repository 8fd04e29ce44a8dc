"""The engine against guests in the text format: calls, waiting, limits, cancelling, and that nothing leaks."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from engine_guests import ECHO, GROW, GROW_BY_PAGE, NOTE, SLEEP, SPIN, TRAP, WAIT_NOTHING, WAIT_TASK
from engine_probe import Link, Measured
from wasmtime import component as wasm

from whorl.engine.components import LinkedComponent
from whorl.engine.engines import Engine
from whorl.engine.epochs import EpochTicker
from whorl.engine.fibers import Call
from whorl.engine.instances import Instance, instantiate
from whorl.engine.limits import InstanceLimits
from whorl.engine.traps import LimitExceeded, Trap
from whorl.errors import ComponentError

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def instance_of(linked: LinkedComponent, limits: InstanceLimits | None = None) -> AsyncIterator[Instance]:
    instance = await instantiate(linked, limits or InstanceLimits())
    try:
        yield instance
    finally:
        instance.close()
        assert not linked.instances


async def finish(call: Call) -> None:
    await call


async def test_a_string_reaches_the_host(link: Link) -> None:
    linked, probe = link(NOTE)
    async with instance_of(linked) as instance:
        await instance.call()
        await instance.call()
        assert (probe.notes, instance.host_calls) == ([b"hello", b"hello"], 2)


async def test_every_type_crosses_both_ways(link: Link) -> None:
    linked, probe = link(ECHO)
    async with instance_of(linked) as instance:
        await instance.call()
    assert probe.echoed == [(True, 0xFFFFFFFF, -2, b"hello")]
    assert probe.notes == [b"answer"]


async def test_waiting_for_a_deadline_answers_nothing(link: Link) -> None:
    linked, probe = link(SLEEP)
    async with instance_of(linked) as instance:
        probe.number = time.monotonic_ns() + 20_000_000
        await instance.call()
        assert time.monotonic_ns() >= probe.number
    assert probe.notes == [b""]


async def test_a_deadline_in_the_past_does_not_suspend(link: Link) -> None:
    linked, probe = link(SLEEP)
    async with instance_of(linked) as instance:
        assert instance.call().step()
    assert probe.notes == [b""]


async def test_a_task_that_becomes_ready_resumes_the_guest(link: Link) -> None:
    linked, probe = link(WAIT_TASK)
    async with instance_of(linked) as instance:
        call = asyncio.create_task(finish(instance.call()))
        await asyncio.sleep(0.01)
        assert not call.done()
        instance.tasks.mark(18)
        await asyncio.sleep(0.01)
        assert not call.done()
        instance.tasks.mark(17)
        await call
    assert probe.notes == [b"17"]


async def test_a_task_that_is_ready_already_answers_at_once(link: Link) -> None:
    linked, probe = link(WAIT_TASK)
    async with instance_of(linked) as instance:
        instance.tasks.mark(17)
        assert instance.call().step()
    assert probe.notes == [b"17"]


async def test_waiting_for_nothing_is_a_trap(link: Link) -> None:
    linked, _ = link(WAIT_NOTHING)
    async with instance_of(linked) as instance:
        with pytest.raises(Trap, match="waits for nothing"):
            await instance.call()
        assert instance.poisoned


async def test_a_trap_is_an_exception_and_poisons_the_instance(link: Link) -> None:
    linked, _ = link(TRAP)
    async with instance_of(linked) as instance:
        with pytest.raises(Trap, match="unreachable"):
            await instance.call()
        assert instance.poisoned


async def test_what_a_host_function_raises_is_the_cause_of_the_trap(link: Link) -> None:
    linked, probe = link(NOTE)
    probe.raises = KeyError("lost")
    async with instance_of(linked) as instance:
        with pytest.raises(Trap, match="lost") as caught:
            await instance.call()
        assert caught.value.__cause__ is probe.raises


async def test_a_busy_guest_does_not_starve_the_loop(link: Link) -> None:
    linked, _ = link(SPIN)
    async with instance_of(linked) as instance:
        call = asyncio.create_task(finish(instance.call()))
        for _ in range(20):
            await asyncio.sleep(0)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert instance.poisoned


async def test_a_busy_guest_is_stopped_at_its_processor_time(link: Link) -> None:
    linked, _ = link(SPIN)
    async with instance_of(linked, InstanceLimits(cpu=0.05)) as instance:
        with pytest.raises(LimitExceeded, match="`cpu` of 0.05 s"):
            await instance.call()
        assert 0.05 < instance.cpu_used < 1


async def test_the_ticker_is_awake_whenever_a_guest_runs(link: Link, engine: Engine) -> None:
    """A ticker that falls asleep at once is roused for each guest; one that stayed asleep would hang this test."""
    linked, _ = link(SPIN)
    linked.ticker = EpochTicker(engine.wasmtime, tick=0.0001, idle_ticks=1)
    try:
        for delay in range(200):
            async with instance_of(linked) as instance:
                instance.limits = InstanceLimits(cpu=0.001)
                await asyncio.sleep(delay % 10 / 20_000)
                with pytest.raises(LimitExceeded):
                    await instance.call()
    finally:
        linked.ticker.stop()


async def test_memory_does_not_grow_beyond_its_limit(link: Link) -> None:
    linked, _ = link(GROW)
    async with instance_of(linked, InstanceLimits(memory=1 << 20)) as instance:
        await instance.call()
    async with instance_of(linked, InstanceLimits(memory=64 << 20)) as instance:
        with pytest.raises(Trap, match="unreachable"):
            await instance.call()


async def test_a_cancelled_wait_leaves_nothing_behind(link: Link) -> None:
    linked, probe = link(SLEEP)
    probe.number = time.monotonic_ns() + 60_000_000_000
    tasks_before = asyncio.all_tasks()
    for _ in range(300):
        async with instance_of(linked) as instance:
            call = asyncio.create_task(finish(instance.call()))
            await asyncio.sleep(0)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
    assert not linked.wait._suspended
    assert asyncio.all_tasks() == tasks_before


async def test_many_guests_wait_at_once_in_one_thread(link: Link) -> None:
    linked, probe = link(SLEEP)
    instances = [await instantiate(linked, InstanceLimits()) for _ in range(200)]
    probe.number = time.monotonic_ns() + 50_000_000
    await asyncio.gather(*[finish(instance.call()) for instance in instances])
    for instance in instances:
        instance.close()
    assert len(probe.notes) == 200


async def test_an_import_that_nobody_provides_is_named(engine: Engine) -> None:
    component = wasm.Component(engine.wasmtime, NOTE)
    with pytest.raises(ComponentError, match="component `shop` imports `test:host/probe@0.1.0`, which nobody provides"):
        LinkedComponent(engine, "shop", component, [])


async def test_the_memory_of_a_guest_is_measured_between_its_calls(link: Link, measured: Measured) -> None:
    linked, _ = link(measured(GROW_BY_PAGE))
    async with instance_of(linked) as instance:
        sizes = [instance.memory_pages()]
        for _ in range(2):
            await instance.call()
            sizes += [instance.memory_pages(), instance.memory_pages()]
        assert sizes == [2, 3, 3, 4, 4]


async def test_a_guest_that_was_composed_without_measuring_cannot_tell(link: Link) -> None:
    linked, _ = link(GROW_BY_PAGE)
    async with instance_of(linked) as instance:
        assert instance.memory_pages() is None

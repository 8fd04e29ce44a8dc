"""Which guests run when they want more of the core than a turn of the event loop has; guests here are tasks."""

import asyncio
from collections import Counter
from collections.abc import Coroutine
from typing import Any

import pytest

from whorl.engine.engines import Engine
from whorl.engine.fairness import CREDIT, TURN, CoreShare, CoreTime

pytestmark = pytest.mark.anyio

SLICE = 4 * TURN


class Guests:
    """Guests of several components, and the order in which they ran."""

    def __init__(self, engine: Engine, *names: str) -> None:
        self.core = CoreTime(engine.ticker)
        self.shares = {name: CoreShare(self.core) for name in names}
        self.ran: list[str] = []
        self.turns = 0

    async def busy(self, name: str, slices: int) -> None:
        share = self.shares[name]
        for _ in range(slices):
            await share.turn(always=True)
            self.run(name)

    def run(self, name: str, seconds: float = SLICE) -> None:
        self.ran.append(name)
        self.shares[name].note(seconds)

    async def together(self, *work: Coroutine[Any, Any, None]) -> None:
        counting = asyncio.create_task(self._count_turns())
        await asyncio.gather(*work)
        counting.cancel()

    async def _count_turns(self) -> None:
        while True:
            await asyncio.sleep(0)
            self.turns += 1


async def test_one_long_slice_runs_in_a_turn_of_the_loop(engine: Engine) -> None:
    guests = Guests(engine, "a")
    await guests.together(*(guests.busy("a", 10) for _ in range(20)))
    assert len(guests.ran) == 200
    assert guests.turns >= 200


async def test_a_component_has_its_part_however_many_guests_others_have(engine: Engine) -> None:
    guests = Guests(engine, "many", "one")
    await guests.together(guests.busy("one", 50), *(guests.busy("many", 50) for _ in range(20)))
    assert 45 <= Counter(guests.ran[:100])["one"] <= 50


async def test_ticks_are_short_for_a_while_after_a_long_slice(engine: Engine) -> None:
    engine.ticker.short_ticks = 0
    Guests(engine, "a").run("a")
    assert engine.ticker.short_ticks


async def test_guests_of_one_component_take_turns(engine: Engine) -> None:
    guests = Guests(engine, "a")
    order = []

    async def busy(number: int) -> None:
        for _ in range(5):
            await guests.shares["a"].turn(always=True)
            guests.run("a")
            order.append(number)

    await guests.together(*map(busy, range(7)))
    assert order == list(range(7)) * 5


async def test_who_uses_little_does_not_wait(engine: Engine) -> None:
    guests = Guests(engine, "busy", "light")
    busy = [asyncio.create_task(guests.busy("busy", 10)) for _ in range(20)]
    waited = False
    while len(guests.ran) < 2:  # noqa: ASYNC110 - turns of the loop
        await asyncio.sleep(0)
    while not all(task.done() for task in busy):
        await asyncio.sleep(0)
        if guests.core.is_spent:
            assert guests.shares["light"].is_behind
            before = len(guests.ran)
            await guests.shares["light"].turn()
            waited = waited or len(guests.ran) > before
    assert not waited


async def test_who_comes_back_catches_up_with_no_more_than_the_credit(engine: Engine) -> None:
    guests = Guests(engine, "busy", "late")
    for _ in range(1000):
        guests.run("busy")
    await guests.together(guests.busy("busy", 100), guests.busy("late", 100))
    first_busy = guests.ran.index("busy", 1000)
    assert first_busy - 1000 <= CREDIT / SLICE + 2
    assert 45 <= Counter(guests.ran[1000:1100])["busy"] <= 50


async def test_who_has_run_alone_for_long_is_not_made_to_wait_for_it(engine: Engine) -> None:
    """Components that ran at different times, never waiting, owe each other nothing."""
    guests = Guests(engine, "first", "second")
    for _ in range(1000):
        guests.run("first")
    await asyncio.sleep(0)
    for _ in range(10):
        guests.run("second")
    await guests.together(guests.busy("first", 20), guests.busy("second", 20))
    assert Counter(guests.ran[1010:1030])["first"] >= 7


async def test_who_was_cancelled_while_it_waited_holds_nobody_up(engine: Engine) -> None:
    guests = Guests(engine, "a", "b")
    waiting = [asyncio.create_task(guests.busy("a", 1)) for _ in range(10)]
    await asyncio.sleep(0)
    for task in waiting:
        task.cancel()
    async with asyncio.timeout(10):
        await guests.busy("b", 3)
        await guests.busy("a", 3)
    assert guests.ran == ["b"] * 3 + ["a"] * 3


def test_an_event_loop_that_ended_in_the_middle_of_a_turn_is_forgotten(engine: Engine) -> None:
    guests = Guests(engine, "a")

    async def spend() -> None:
        guests.run("a")
        assert guests.core.is_spent

    asyncio.run(spend())
    asyncio.run(asyncio.wait_for(guests.busy("a", 3), 10))
    assert guests.ran == ["a"] * 4

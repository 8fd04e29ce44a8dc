"""Calls that wait for the lock of a store: their order, their end, and what a guest may ask."""

import asyncio
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any

import pytest

from whorl.capabilities.key_value.failures import StoreBusy, StoreFailure
from whorl.capabilities.key_value.pending import LockQueue, LongAnswer, PendingCalls, in_parts
from whorl.capabilities.key_value.readings import Reading
from whorl.engine.packing import MalformedError, encode_netstrings
from whorl.engine.tasks import TaskTable

pytestmark = pytest.mark.anyio


@dataclass
class Instance:
    tasks: TaskTable = field(default_factory=TaskTable)
    state: dict[object, Any] = field(default_factory=dict)


def busy(times: int, answer: bytes = b"done", asked: list[bytes] | None = None) -> Callable[[], bytes]:
    """Return a call that finds the lock held a number of times."""
    left = iter(range(times))

    def attempt() -> bytes:
        if asked is not None:
            asked.append(answer)
        if next(left, None) is not None:
            raise StoreBusy("database is locked")
        return answer

    return attempt


def told(failure: StoreFailure) -> bytes:
    return f"failed: {failure}".encode()


async def finished(instance: Instance, begun: bytes) -> bytes:
    """Return the answer to a call that was answered with a task."""
    task = int(begun[1:])
    ready = asyncio.Event()
    instance.tasks.suspend(frozenset({task}), ready.set)
    if not instance.tasks.is_ready(task):
        await ready.wait()
    return PendingCalls.of(instance).finish(task)


async def test_calls_get_the_lock_in_the_order_in_which_they_asked_and_only_the_first_asks_again() -> None:
    instance, queue, asked = Instance(), LockQueue(), list[bytes]()
    calls = PendingCalls.of(instance)
    begun = [calls.wait(queue, busy(3, b"%d" % number, asked), told) for number in range(3)]
    assert begun == [b"w16", b"w17", b"w18"]
    assert [await finished(instance, each) for each in begun] == [b"0", b"1", b"2"]
    assert asked == [b"0"] * 4 + [b"1"] * 4 + [b"2"] * 4


async def test_a_call_that_finds_no_end_of_the_lock_fails() -> None:
    instance, queue = Instance(), LockQueue(patience=0.05)
    calls = PendingCalls.of(instance)
    begun = [calls.wait(queue, busy(10**6), told) for _ in range(2)]
    expected = b"failed: database is locked: another program has not let go of it for 0.05 s"
    assert [await finished(instance, each) for each in begun] == [expected, expected]


async def test_a_task_can_be_asked_until_it_has_an_answer_and_is_gone_then() -> None:
    instance = Instance()
    calls = PendingCalls.of(instance)
    begun = calls.wait(LockQueue(), busy(3), told)
    assert calls.finish(16) == b"w16"
    assert await finished(instance, begun) == b"done"
    assert not instance.tasks.is_ready(16)
    with pytest.raises(MalformedError, match="task 16"):
        calls.finish(16)


async def test_a_guest_cannot_name_the_task_of_something_else() -> None:
    with pytest.raises(MalformedError):
        PendingCalls.of(Instance()).finish(1)


async def test_what_goes_wrong_while_a_guest_waits_is_raised_when_it_asks() -> None:
    instance = Instance()

    def broken() -> bytes:
        raise ZeroDivisionError

    begun = PendingCalls.of(instance).wait(LockQueue(), broken, told)
    with pytest.raises(ZeroDivisionError):
        await finished(instance, begun)


async def test_a_guest_that_is_dropped_leaves_the_queue() -> None:
    dropped, instance, queue, asked = Instance(), Instance(), LockQueue(), list[bytes]()
    PendingCalls.of(dropped).wait(queue, busy(10**6), told)
    PendingCalls.of(dropped).wait(queue, busy(0, b"never", asked), told)
    begun = PendingCalls.of(instance).wait(queue, busy(1), told)
    await asyncio.sleep(0.01)
    dropped.tasks.close()
    assert await finished(instance, begun) == b"done"
    assert not asked


def counting(items: int, fails_at: int | None = None) -> Reading[int, bytes]:
    """Return a reading of one item for each slice."""

    def resume(at: int) -> Generator[tuple[int, list[bytes]]]:
        for number in range(at, items):
            if number == fails_at:
                raise StoreFailure("broken")
            yield number + 1, [b"%d" % number]

    return Reading(0, resume, seconds=0, stride=1)


async def test_a_long_answer_is_given_in_parts_with_a_turn_of_the_loop_before_each() -> None:
    instance = Instance()
    answer = in_parts(b"k", counting(3), encode_netstrings)
    assert isinstance(answer, LongAnswer)
    calls = PendingCalls.of(instance)
    assert calls.give(answer, told) == b"w16 1:0"
    assert not instance.tasks.is_ready(16)
    await asyncio.sleep(0)
    assert instance.tasks.is_ready(16)
    assert calls.finish(16) == b"w16 1:1"
    assert not instance.tasks.is_ready(16)
    assert [await finished(instance, b"w16") for _ in range(2)] == [b"w16 1:2", b"k"]
    with pytest.raises(MalformedError):
        calls.finish(16)


async def test_a_long_answer_may_fail_in_the_end() -> None:
    instance = Instance()
    answer = in_parts(b"k", counting(3, fails_at=1), encode_netstrings)
    assert isinstance(answer, LongAnswer)
    assert PendingCalls.of(instance).give(answer, told) == b"w16 1:0"
    assert await finished(instance, b"w16") == b"failed: broken"


def test_a_short_answer_is_given_at_once() -> None:
    reading = counting(0)
    assert in_parts(b"k", reading, encode_netstrings) == b"k"

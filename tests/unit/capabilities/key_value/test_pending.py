"""Calls that wait for the lock of a store: their order, their end, and what a guest may ask."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from whorl.capabilities.key_value.pending import LockQueue, PendingCalls
from whorl.capabilities.key_value.stores import StoreBusy, StoreFailure
from whorl.engine.packing import MalformedError
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
    begun = [calls.begin(queue, busy(3, b"%d" % number, asked), told) for number in range(3)]
    assert begun == [b"w16", b"w17", b"w18"]
    assert [await finished(instance, each) for each in begun] == [b"0", b"1", b"2"]
    assert asked == [b"0"] * 4 + [b"1"] * 4 + [b"2"] * 4


async def test_a_call_that_finds_no_end_of_the_lock_fails() -> None:
    instance, queue = Instance(), LockQueue(patience=0.05)
    calls = PendingCalls.of(instance)
    begun = [calls.begin(queue, busy(10**6), told) for _ in range(2)]
    expected = b"failed: database is locked: another program has not let go of it for 0.05 s"
    assert [await finished(instance, each) for each in begun] == [expected, expected]


async def test_a_task_can_be_asked_until_it_has_an_answer_and_is_gone_then() -> None:
    instance = Instance()
    calls = PendingCalls.of(instance)
    begun = calls.begin(LockQueue(), busy(3), told)
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

    begun = PendingCalls.of(instance).begin(LockQueue(), broken, told)
    with pytest.raises(ZeroDivisionError):
        await finished(instance, begun)


async def test_a_guest_that_is_dropped_leaves_the_queue() -> None:
    dropped, instance, queue, asked = Instance(), Instance(), LockQueue(), list[bytes]()
    PendingCalls.of(dropped).begin(queue, busy(10**6), told)
    PendingCalls.of(dropped).begin(queue, busy(0, b"never", asked), told)
    begun = PendingCalls.of(instance).begin(queue, busy(1), told)
    await asyncio.sleep(0.01)
    dropped.tasks.close()
    assert await finished(instance, begun) == b"done"
    assert not asked

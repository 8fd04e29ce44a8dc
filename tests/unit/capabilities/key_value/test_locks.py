"""Calls that wait for the lock of a store: their order, and their end."""

import asyncio
from collections.abc import Callable

import pytest

from whorl.capabilities.key_value.failures import StoreBusy, StoreFailure
from whorl.capabilities.key_value.locks import LockQueue

pytestmark = pytest.mark.anyio


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


async def test_calls_get_the_lock_in_the_order_in_which_they_asked_and_only_the_first_asks_again() -> None:
    queue, asked = LockQueue(), list[bytes]()
    answers = await asyncio.gather(*[queue.ask(busy(3, b"%d" % number, asked)) for number in range(3)])
    assert answers == [b"0", b"1", b"2"]
    assert asked == [b"0"] * 4 + [b"1"] * 4 + [b"2"] * 4


async def test_a_call_that_finds_no_end_of_the_lock_fails() -> None:
    queue = LockQueue(patience=0.05)
    failures = await asyncio.gather(*[queue.ask(busy(10**6)) for _ in range(2)], return_exceptions=True)
    assert [str(each) for each in failures] == [
        "database is locked: another program has not let go of it for 0.05 s"
    ] * 2
    assert all(isinstance(each, StoreFailure) for each in failures)


async def test_what_goes_wrong_otherwise_is_raised() -> None:
    def broken() -> bytes:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await LockQueue().ask(broken)


async def test_a_call_that_is_dropped_leaves_the_queue() -> None:
    queue, asked = LockQueue(), list[bytes]()
    dropped = [asyncio.create_task(queue.ask(each)) for each in (busy(10**6), busy(0, b"never", asked))]
    begun = asyncio.create_task(queue.ask(busy(1)))
    await asyncio.sleep(0.01)
    for task in dropped:
        task.cancel()
    assert await begun == b"done"
    assert not asked

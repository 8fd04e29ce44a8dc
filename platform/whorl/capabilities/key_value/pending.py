"""Calls that cannot be answered at once. The guest is suspended until they can; everything else goes on.

Theory of operation. A call that finds its store locked by another process answers `w` and a new task. An asyncio task
of the instance asks again, at growing intervals, and marks the task when it has an answer, which `finish` gives to the
guest. Calls that wait for the same lock stand in a queue: the first alone asks, so that many guests that wait cost no
more than one, and get their turn in the order in which they came. A guest that is dropped takes its call out of the
queue; as a call that found the lock has changed nothing, nothing is left of it.

A long answer is read in slices. `w` and `finish` give what has been read so far, and the task is marked on the loop's
next turn: until then others have theirs.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Protocol

from whorl.capabilities.key_value.failures import StoreBusy, StoreFailure
from whorl.capabilities.key_value.readings import Item, Reading
from whorl.engine.packing import MalformedError
from whorl.engine.tasks import TaskTable

PATIENCE = 10.0
"""Seconds that a call waits for a lock."""

_SHORTEST_PAUSE = 0.001
_LONGEST_PAUSE = 0.05

Encode = Callable[[list[Item]], bytes]
"""Makes netstrings of what was read."""


class Caller(Protocol):
    """What is needed of the instance that calls."""

    @property
    def tasks(self) -> TaskTable:
        """Its tasks."""

    @property
    def state(self) -> dict[object, Any]:
        """What capabilities keep for it."""


class LongAnswer(Generic[Item]):
    """An answer of netstrings, of which each `part` gives some more.

    Attributes:
        flag: what the last part begins with.
    """

    def __init__(self, flag: bytes, first: bytes, reading: Reading[Any, Item], encode: Encode[Item]) -> None:
        self.flag = flag
        self._first: bytes | None = first
        self._reading = reading
        self._encode = encode

    @property
    def is_done(self) -> bool:
        """Whether the last part has been given."""
        return self._reading.is_done

    def part(self) -> bytes:
        """Return the next part; raises what `Reading.read` raises."""
        if self._first is not None:
            first, self._first = self._first, None
            return first
        return self._encode(self._reading.read())


Answer = bytes | LongAnswer[Any]
"""What a call comes to."""


def in_parts(flag: bytes, reading: Reading[Any, Item], encode: Encode[Item]) -> Answer:
    """Return the answer that begins with `flag` and has everything of `reading`: at once if that is soon read."""
    first = encode(reading.read())
    return flag + first if reading.is_done else LongAnswer(flag, first, reading, encode)


Attempt = Callable[[], Answer]
"""Does a call, or raises `StoreBusy`."""

Failed = Callable[[StoreFailure], bytes]
"""Makes an answer of a failure."""


class LockQueue:
    """The calls that wait for the lock of one backend, in the order in which they found it.

    Args:
        patience: seconds that a call waits, in the queue and at its head.
    """

    def __init__(self, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._turn = asyncio.Lock()

    async def ask(self, attempt: Attempt) -> Answer:
        """Return what `attempt` returns once it no longer raises `StoreBusy`.

        Raises:
            StoreFailure: it raised that for too long.
        """
        try:
            async with asyncio.timeout(self._patience), self._turn:
                return await _retried(attempt)
        except TimeoutError as timeout:
            text = f"database is locked: another program has not let go of it for {self._patience:g} s"
            raise StoreFailure(text) from timeout


class PendingCalls:
    """The calls of one instance that have not been answered, by their tasks."""

    __slots__ = ("_calls", "_tasks")

    def __init__(self, tasks: TaskTable) -> None:
        self._tasks = tasks
        self._calls: dict[int, _PendingCall] = {}

    @classmethod
    def of(cls, instance: Caller) -> "PendingCalls":
        """Return those of `instance`."""
        calls: PendingCalls | None = instance.state.get(cls)
        if calls is None:
            calls = instance.state[cls] = cls(instance.tasks)
        return calls

    def wait(self, queue: LockQueue, attempt: Attempt, failed: Failed) -> bytes:
        """Let `attempt` wait in `queue`, and return what the guest is told meanwhile.

        `failed` makes an answer of the failure that ends it.
        """
        task, call = self._begin(failed)
        self._tasks.start(self._wait(task, call, queue, attempt))
        return b"w%d" % task

    def give(self, answer: LongAnswer[Any], failed: Failed) -> bytes:
        """Return the first part of a long answer; the others come by `finish`."""
        task, call = self._begin(failed)
        call.answer = answer
        return self._part(task, call, answer)

    def finish(self, task: int) -> bytes:
        """Return the answer to the call that was given `task`, or the next part.

        Raises:
            MalformedError: there is none.
        """
        call = self._calls.get(task)
        if call is None:
            raise MalformedError(f"no call of a key-value store has been given task {task}")
        answer = call.answer
        if answer is None:
            return b"w%d" % task
        if isinstance(answer, LongAnswer):
            return self._part(task, call, answer)
        self._end(task)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _begin(self, failed: Failed) -> tuple[int, "_PendingCall"]:
        task = self._tasks.allocate()
        call = self._calls[task] = _PendingCall(failed)
        return task, call

    def _end(self, task: int) -> None:
        del self._calls[task]
        self._tasks.clear(task)

    def _part(self, task: int, call: "_PendingCall", answer: LongAnswer[Any]) -> bytes:
        try:
            part = answer.part()
        except StoreFailure as failure:
            self._end(task)
            return call.failed(failure)
        if answer.is_done:
            self._end(task)
            return answer.flag + part
        self._tasks.clear(task)
        asyncio.get_running_loop().call_soon(self._tasks.mark, task)
        return b"w%d %b" % (task, part)

    async def _wait(self, task: int, call: "_PendingCall", queue: LockQueue, attempt: Attempt) -> None:
        try:
            call.answer = await queue.ask(attempt)
        except StoreFailure as failure:
            call.answer = call.failed(failure)
        except Exception as raised:  # noqa: BLE001 - the guest that waits has to be told; `finish` raises it
            call.answer = raised
        self._tasks.mark(task)


@dataclass(slots=True)
class _PendingCall:
    """A call that has not been answered, or not to its end."""

    failed: Failed
    answer: Answer | Exception | None = None


async def _retried(attempt: Attempt) -> Answer:
    pause = _SHORTEST_PAUSE
    while True:
        try:
            return attempt()
        except StoreBusy:
            await asyncio.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)

"""Calls that cannot be answered at once. The guest is suspended until they can; everything else goes on.

Theory of operation. A call that finds its store locked by another process answers `w` and a new task. An asyncio task
of the instance asks again, at growing intervals, and marks the task when it has an answer, which `finish` gives to the
guest. Calls that wait for the same lock stand in a queue: the first alone asks, so that many guests that wait cost no
more than one, and get their turn in the order in which they came. A guest that is dropped takes its call out of the
queue; as a call that found the lock has changed nothing, nothing is left of it.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Protocol

from whorl.capabilities.key_value.stores import StoreBusy, StoreFailure
from whorl.engine.packing import MalformedError
from whorl.engine.tasks import TaskTable

PATIENCE = 10.0
"""Seconds that a call waits for a lock."""

_SHORTEST_PAUSE = 0.001
_LONGEST_PAUSE = 0.05


class Caller(Protocol):
    """What is needed of the instance that calls."""

    @property
    def tasks(self) -> TaskTable:
        """Its tasks."""

    @property
    def state(self) -> dict[object, Any]:
        """What capabilities keep for it."""


class LockQueue:
    """The calls that wait for the lock of one backend, in the order in which they found it.

    Args:
        patience: seconds that a call waits, in the queue and at its head.
    """

    def __init__(self, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._turn = asyncio.Lock()

    async def ask(self, attempt: Callable[[], bytes]) -> bytes:
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

    __slots__ = ("_answers", "_tasks")

    def __init__(self, tasks: TaskTable) -> None:
        self._tasks = tasks
        self._answers: dict[int, bytes | Exception | None] = {}

    @classmethod
    def of(cls, instance: Caller) -> "PendingCalls":
        """Return those of `instance`."""
        calls: PendingCalls | None = instance.state.get(cls)
        if calls is None:
            calls = instance.state[cls] = cls(instance.tasks)
        return calls

    def begin(self, queue: LockQueue, attempt: Callable[[], bytes], failed: Callable[[StoreFailure], bytes]) -> bytes:
        """Let `attempt` wait in `queue`, and return what the guest is told meanwhile.

        `failed` makes an answer of the failure that ends it.
        """
        task = self._tasks.allocate()
        self._answers[task] = None
        self._tasks.start(self._wait(task, queue, attempt, failed))
        return b"w%d" % task

    def finish(self, task: int) -> bytes:
        """Return the answer to the call that was given `task`.

        Raises:
            MalformedError: there is none.
        """
        try:
            answer = self._answers[task]
        except KeyError:
            raise MalformedError(f"no call of a key-value store has been given task {task}") from None
        if answer is None:
            return b"w%d" % task
        del self._answers[task]
        self._tasks.clear(task)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def _wait(
        self, task: int, queue: LockQueue, attempt: Callable[[], bytes], failed: Callable[[StoreFailure], bytes]
    ) -> None:
        try:
            self._answers[task] = await queue.ask(attempt)
        except StoreFailure as failure:
            self._answers[task] = failed(failure)
        except Exception as raised:  # noqa: BLE001 - the guest that waits has to be told; `finish` raises it
            self._answers[task] = raised
        self._tasks.mark(task)


async def _retried(attempt: Callable[[], bytes]) -> bytes:
    pause = _SHORTEST_PAUSE
    while True:
        try:
            return attempt()
        except StoreBusy:
            await asyncio.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)

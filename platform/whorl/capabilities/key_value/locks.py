"""Calls that find their store locked by another process. The guest is suspended until they can be made.

Calls that wait for the same lock stand in a queue: the first alone asks again, at growing intervals, so that many
guests that wait cost no more than one, and get their turn in the order in which they came. A guest that is dropped
takes its call out of the queue; as a call that found the lock has changed nothing, nothing is left of it.
"""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from whorl.capabilities.key_value.failures import StoreBusy, StoreFailure

PATIENCE = 10.0
"""Seconds that a call waits for a lock."""

_SHORTEST_PAUSE = 0.001
_LONGEST_PAUSE = 0.05

T = TypeVar("T")


class LockQueue:
    """The calls that wait for the lock of one backend, in the order in which they found it.

    Args:
        patience: seconds that a call waits, in the queue and at its head.
    """

    def __init__(self, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._turn = asyncio.Lock()

    async def ask(self, attempt: Callable[[], T]) -> T:
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


async def _retried(attempt: Callable[[], T]) -> T:
    pause = _SHORTEST_PAUSE
    while True:
        try:
            return attempt()
        except StoreBusy:
            await asyncio.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)

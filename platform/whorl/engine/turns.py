"""Turns: which requests of one component have a place, and which wait for one.

Theory of operation: a request has a place while it holds an instance. It gets one if the component has fewer than
`max_instances`, and if that is a sure one or the engine has a common one left (see `places`). Else it queues.

Requests between components could wait for each other in a circle: one that holds an instance waits for the response of
another, which waits for an instance. Each has a *depth*, the number of requests that wait for it. One of depth d may
take an instance while fewer than `max_instances + d` are in use, of all common places d more than there are, and of
those that wait the deepest is first. So there is always a place that only requests of a depth or deeper ones can hold.
Those of the greatest depth (the trigger bounds it) send no requests to components, so they end; hence those that wait
for them do, and so on up to depth 0.
"""

import asyncio
import contextlib
from collections import deque

from whorl.engine.places import Places


class PoolFullError(Exception):
    """As many requests as may are being served, and the queue is full."""


class Turns:
    """The places of one component and the requests that wait for one; a share of `places`.

    Attributes:
        in_use: requests that have a place.
        sure: places that no other component gets.
        max_places: how many it may have at most; deeper requests may have more.
    """

    def __init__(self, component: str, places: Places, max_places: int, queue: int) -> None:
        self.in_use = 0
        self.sure = 0
        self.max_places = max_places
        self._component = component
        self._places = places
        self._queue_size = queue
        self._queues: dict[int, deque[asyncio.Future[None]]] = {}
        self._drained: asyncio.Event | None = None
        self._closed = False

    @property
    def waiting(self) -> int:
        """How many requests wait for a place."""
        return sum(map(len, self._queues.values()))

    @property
    def deepest(self) -> int:
        """The depth of the deepest request that waits."""
        return max(self._queues, default=0)

    def call_next(self) -> bool:
        """Give a place to the deepest request that has waited longest, if it may have one; tell whether it did."""
        for depth in sorted(self._queues, reverse=True):
            queue = self._queues[depth]
            while queue and self._may_enter(depth):
                turn = queue.popleft()
                self._forget_if_empty(depth)
                if not turn.done():
                    self._enter()
                    turn.set_result(None)
                    return True
            if queue:
                return False
        return False

    def _may_enter(self, depth: int) -> bool:
        if self.in_use < self.sure:
            return True
        return self.in_use < self.max_places + depth and self._places.is_free(depth)

    def _enter(self) -> None:
        if self.in_use >= self.sure:
            self._places.common -= 1
        self.in_use += 1

    async def _take_turn(self, depth: int) -> None:
        """Get a place, waiting for it if need be; whoever has it calls `_leave`.

        Raises:
            PoolFullError: the queue is full, or is closed.
        """
        if self._may_enter(depth) and not any(other >= depth for other in self._queues):
            self._enter()
        else:
            await self._queue(depth)

    async def _queue(self, depth: int) -> None:
        queue = self._queues.get(depth) or deque()
        if len(queue) >= self._queue_size:
            raise self._refusal()
        turn = asyncio.get_running_loop().create_future()
        self._queues[depth] = queue
        self._places.waiting[self] = None
        queue.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                self._leave()
            with contextlib.suppress(ValueError):
                queue.remove(turn)
            if self._queues.get(depth) is queue:
                self._forget_if_empty(depth)
            raise

    def _forget_if_empty(self, depth: int) -> None:
        if not self._queues[depth]:
            del self._queues[depth]
            if not self._queues:
                self._places.waiting.pop(self, None)

    def _leave(self) -> None:
        """Give a place back; if anybody waits for one, of this component or another, the next is told."""
        self.in_use -= 1
        if self.in_use >= self.sure:
            self._places.common += 1
        if self._places.waiting:
            self._places.call_next()
        if self._drained is not None:
            self._note_drained()

    def _refuse_all(self) -> None:
        """Refuse who waits, and who comes."""
        self._closed = True
        queues, self._queues = self._queues, {}
        self._places.waiting.pop(self, None)
        for turn in [turn for queue in queues.values() for turn in queue if not turn.done()]:
            turn.set_exception(self._refusal())

    def _refusal(self) -> PoolFullError:
        state = "closing" if self._closed else f"{self.in_use} in use, {self.waiting} waiting"
        return PoolFullError(f"component `{self._component}`: {state}")

    def _note_drained(self) -> None:
        if self._drained is not None and not self.in_use:
            self._drained.set()

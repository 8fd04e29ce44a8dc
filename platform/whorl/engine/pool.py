"""The warm pool of one component: instances made ahead of the request, and a bound on how many serve at once.

Theory of operation: `acquire` hands out a warm instance, makes one when there is none, queues when as many as may are
in use, and refuses when the queue is full. `release` takes it back: used up (or poisoned) instances are closed, others
return to the warm ones. Closing and making anew happen in `_tend`, on the event loop's next turn, so after the answer
has been written; one step at a time, and not while requests wait for a turn of their own. A warm instance that has
served nothing is as good as new and kept; one that has served (`reuse`) goes when it idles, gets old or has grown.

Requests between components could wait for each other in a circle: one that holds an instance waits for the response of
another, which waits for an instance. Each has a *depth*, the number of requests that wait for it. One of depth d may
take an instance while fewer than `max_instances + d` are in use, and of those that wait the deepest is first. So there
is always a place that only requests of a depth or deeper ones can hold. Those of the greatest depth (the trigger bounds
it) send no requests to components, so they end; hence those that wait for them do, and so on up to depth 0.
"""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from whorl.engine.components import LinkedComponent
from whorl.engine.fibers import Call
from whorl.engine.instances import Instance
from whorl.engine.limits import InstanceLimits
from whorl.engine.traps import Trap

logger = logging.getLogger(__name__)

_PAGE = 1 << 16
_MEASURE_EVERY = 64


@dataclass(frozen=True, slots=True)
class PoolSettings:
    """How the instances of one component are kept.

    Attributes:
        warm: instances that are kept ready.
        max_instances: requests that are served at once.
        queue: requests that may wait for their turn beyond that.
        reuse: requests that one instance serves; 1 is a fresh instance for each request.
        idle: seconds after which an instance that has served is closed when nothing comes.
        max_age: seconds after which an instance that has served is closed in any case.
        retire_memory: bytes of linear memory beyond which an instance that has served is closed; None: any size may
            stay. Looked at after requests 1, 2, 4, 8 ... and every 64th, where the component can tell.
        limits: what one instance may use.
    """

    warm: int = 1
    max_instances: int = 100
    queue: int = 100
    reuse: int = 1
    idle: float = 60.0
    max_age: float = 3600.0
    retire_memory: int | None = None
    limits: InstanceLimits = field(default_factory=InstanceLimits)


class PoolFullError(Exception):
    """As many requests as may are being served, and the queue is full."""


class InstancePool:
    """The instances of one component. `start` makes the first, `close` ends them all."""

    def __init__(self, linked: LinkedComponent, settings: PoolSettings) -> None:
        self.linked = linked
        self.settings = settings
        self.in_use = 0
        self._ready: list[Instance] = []
        self._retired: list[Instance] = []
        self._queues: dict[int, deque[asyncio.Future[None]]] = {}
        self._starting: set[asyncio.Task[None]] = set()
        self._tending = False
        self._closed = False
        self._idle_timer: asyncio.TimerHandle | None = None
        self._drained: asyncio.Event | None = None

    @property
    def ready(self) -> int:
        """How many instances are warm."""
        return len(self._ready)

    @property
    def waiting(self) -> int:
        """How many requests wait for a place."""
        return sum(map(len, self._queues.values()))

    async def start(self) -> None:
        """Make the warm instances.

        Raises:
            Trap: the component cannot be instantiated.
        """
        while len(self._ready) < self.settings.warm:
            self._ready.append(await self.linked.instantiate(self.settings.limits))

    def take(self) -> Instance | None:
        """Return an instance if a place is free and one is warm or can be made at once; else try `acquire`."""
        if self.in_use >= self.settings.max_instances or self._queues or self._closed:
            return None
        if not self._ready:
            if self._starting:
                return None
            self._close_one()
            self._make()
            if not self._ready:
                return None
        self.in_use += 1
        return self._ready.pop()

    async def acquire(self, depth: int = 0) -> Instance:
        """Return an instance, waiting for a place if need be; whoever gets it calls `release`.

        Args:
            depth: how many requests of components wait for this one.

        Raises:
            PoolFullError: the queue is full, or the pool closes.
            Trap: a new instance could not be made.
        """
        if self._closed:
            raise self._refusal()
        if self.in_use < self.settings.max_instances + depth and not any(other >= depth for other in self._queues):
            self.in_use += 1
        else:
            await self._queue(depth)
        if self._ready:
            return self._ready.pop()
        # One goes for each that comes: under load, those that wait for it would fill the engine's pool.
        self._close_one()
        try:
            return await self.linked.instantiate(self.settings.limits)
        except BaseException:
            self._leave()
            raise

    def release(self, instance: Instance) -> None:
        """Take back an instance whose request has ended."""
        instance.served = served = instance.served + 1
        if served >= self.settings.reuse or instance.poisoned or self._closed:
            self._retired.append(instance)
        else:
            self._keep(instance)
        self._leave()
        if not self._tending and (self._retired or len(self._ready) < self.settings.warm):
            self._tending = True
            instance.loop.call_soon(self._tend)

    async def close(self) -> None:
        """Wait until nothing is in use any more, then close every instance."""
        self._closed = True
        queues, self._queues = self._queues, {}
        for turn in [turn for queue in queues.values() for turn in queue if not turn.done()]:
            turn.set_exception(self._refusal())
        if self.in_use or self._starting:
            self._drained = asyncio.Event()
            await self._drained.wait()
        if self._idle_timer is not None:
            self._idle_timer.cancel()
        self._retired += self._ready
        self._ready = []
        while self._retired:
            self._retired.pop().close()

    def _keep(self, instance: Instance) -> None:
        """Make an instance that has served ready for another request, unless it is worn."""
        instance.released = instance.loop.time()
        if self._is_worn(instance):
            self._retired.append(instance)
            return
        instance.tasks.cancel_background()
        self._ready.append(instance)
        if self._idle_timer is None:
            self._watch_idle()

    def _is_worn(self, instance: Instance) -> bool:
        return instance.released - instance.born > self.settings.max_age or self._has_outgrown(instance)

    def _has_outgrown(self, instance: Instance) -> bool:
        limit, served = self.settings.retire_memory, instance.served
        is_power_of_two = not served & (served - 1)
        if limit is None or not (is_power_of_two or served % _MEASURE_EVERY == 0):
            return False
        try:
            pages = instance.memory_pages()
        except Trap:
            return True
        return pages is not None and pages * _PAGE > limit

    async def _queue(self, depth: int) -> None:
        queue = self._queues.get(depth) or deque()
        if len(queue) >= self.settings.queue:
            raise self._refusal()
        turn = asyncio.get_running_loop().create_future()
        self._queues[depth] = queue
        queue.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                self._leave()
            with contextlib.suppress(ValueError):
                queue.remove(turn)
            if not queue and self._queues.get(depth) is queue:
                del self._queues[depth]
            raise

    def _refusal(self) -> PoolFullError:
        state = "closing" if self._closed else f"{self.in_use} in use, {self.waiting} waiting"
        return PoolFullError(f"component `{self.linked.name}`: {state}")

    def _leave(self) -> None:
        """Give a place back: of the deepest requests that wait to the one that has waited longest, else to nobody."""
        self.in_use -= 1
        if self._queues:
            self._call_next()
        if self._drained is not None:
            self._note_drained()

    def _call_next(self) -> None:
        for depth in sorted(self._queues, reverse=True):
            queue = self._queues[depth]
            while queue and self.in_use < self.settings.max_instances + depth:
                turn = queue.popleft()
                if not queue:
                    del self._queues[depth]
                if not turn.done():
                    self.in_use += 1
                    turn.set_result(None)
                    return
            if queue:
                return

    def _note_drained(self) -> None:
        if self._drained is not None and not self.in_use and not self._starting:
            self._drained.set()

    def _tend(self) -> None:
        """Close one used instance and make one new, then come again if there is more to do."""
        self._tending = False
        self._close_one()
        wanted = self.settings.warm - len(self._ready) - len(self._starting)
        if wanted > 0 and not self._queues and not self._closed:
            # What failed may fail again: the next request tries once more, with a turn of the loop between.
            wanted = wanted - 1 if self._make() else 0
        if self._retired or (wanted > 0 and not self._queues and not self._closed):
            self._tending = True
            asyncio.get_running_loop().call_soon(self._tend)

    def _close_one(self) -> None:
        if self._retired:
            self._retired.pop().close()

    def _make(self) -> bool:
        """Begin to make an instance; tell whether that did not fail at once."""
        instance = Instance(self.linked, self.settings.limits)
        call = instance.start()
        try:
            finished = call.step()
        except Trap as trap:
            self._give_up(instance, trap)
            return False
        if finished:
            self._ready.append(instance)
            return True
        task = instance.loop.create_task(self._finish(instance, call))
        self._starting.add(task)
        task.add_done_callback(self._started)
        return True

    async def _finish(self, instance: Instance, call: Call) -> None:
        try:
            await call.finish()
        except Trap as trap:
            self._give_up(instance, trap)
        else:
            enough = len(self._ready) >= max(self.settings.warm, 1) or self._closed
            (self._retired if enough else self._ready).append(instance)

    def _started(self, task: asyncio.Task[None]) -> None:
        self._starting.discard(task)
        self._note_drained()

    def _give_up(self, instance: Instance, trap: Trap) -> None:
        instance.close()
        logger.error("component `%s` could not be instantiated ahead of a request: %s", self.linked.name, trap)

    def _watch_idle(self) -> None:
        self._idle_timer = asyncio.get_running_loop().call_later(self.settings.idle, self._drop_idle)

    def _drop_idle(self) -> None:
        self._idle_timer = None
        now = asyncio.get_running_loop().time()
        worn: Callable[[Instance], bool] = lambda instance: (  # noqa: E731 - one expression, used twice
            instance.served > 0 and now - instance.released >= self.settings.idle
        )
        self._retired += [instance for instance in self._ready if worn(instance)]
        self._ready = [instance for instance in self._ready if not worn(instance)]
        if any(instance.served for instance in self._ready):
            self._watch_idle()
        if self._retired and not self._tending:
            self._tending = True
            asyncio.get_running_loop().call_soon(self._tend)

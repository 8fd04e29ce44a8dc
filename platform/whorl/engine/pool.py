"""The warm pool of one component: instances made ahead of the request, and a bound on how many serve at once.

Theory of operation: `acquire` hands out a warm instance, makes one when there is none, queues when as many as may are
in use, and refuses when the queue is full. `release` takes it back: used up (or poisoned) instances are closed, others
return to the warm ones. Closing and making anew happen in `_tend`, on the event loop's next turn, so after the answer
has been written; one step at a time, and not while requests wait for a turn of their own. A warm instance that has
served nothing is as good as new and kept; one that has served (`reuse`) goes when it idles, gets old or has grown.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from whorl.engine.components import LinkedComponent
from whorl.engine.fibers import Call
from whorl.engine.instances import Instance, instantiate
from whorl.engine.limits import InstanceLimits
from whorl.engine.traps import Trap
from whorl.engine.turns import PoolFullError, Turns

__all__ = ["InstancePool", "PoolFullError", "PoolSettings"]

logger = logging.getLogger(__name__)

_PAGE = 1 << 16
_MEASURE_EVERY = 64
_EXHAUSTED = "maximum concurrent "
"""How wasmtime begins to say that its pool has no slot: components may have more memories than are planned for."""


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


class InstancePool(Turns):
    """The instances of one component. `start` makes the first, `close` ends them all."""

    def __init__(self, linked: LinkedComponent, settings: PoolSettings) -> None:
        super().__init__(linked.name, linked.places, settings.max_instances, settings.queue)
        self.linked = linked
        self.settings = settings
        self._ready: list[Instance] = []
        self._retired: list[Instance] = []
        self._starting: set[asyncio.Task[None]] = set()
        self._tending = False
        self._idle_timer: asyncio.TimerHandle | None = None

    @property
    def ready(self) -> int:
        """How many instances are warm."""
        return len(self._ready)

    @property
    def is_busy(self) -> bool:
        """Whether a guest runs or is suspended: for a request, or to be made."""
        return bool(self.in_use or self._starting)

    async def start(self) -> None:
        """Take part in the engine's places, and make the warm instances, as far as there is room for them.

        Raises:
            Trap: the component cannot be instantiated.
        """
        self._places.join(self)
        if self.settings.warm:
            self._places.make_room()
        while len(self._ready) < self.settings.warm and self._places.has_room:
            self._ready.append(await instantiate(self.linked, self.settings.limits))

    def take(self) -> Instance | None:
        """Return an instance if a place is free and one is warm or can be made at once; else try `acquire`."""
        if self._queues or self._closed or self.linked.share.must_wait:
            return None
        if not (self.in_use < self.sure or self._may_enter(0)):
            return None
        if not self._ready:
            if self._starting:
                return None
            self._close_one()
            if not (self._places.make_room() and self._make() and self._ready):
                return None
        self._enter()
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
        await self._take_turn(depth)
        try:
            await self.linked.share.turn()
            if self._ready:
                return self._ready.pop()
            # One goes for each that comes: under load, those that wait for it would fill the engine's pool.
            self._close_one()
            return await self._instantiate()
        except BaseException:
            self._leave()
            raise

    async def _instantiate(self) -> Instance:
        if not self._places.make_room():
            raise PoolFullError(f"component `{self.linked.name}`: all instances that the engine can have are in use")
        try:
            return await instantiate(self.linked, self.settings.limits)
        except Trap as trap:
            if not str(trap).startswith(_EXHAUSTED):
                raise
            self._places.give_up_one()
            raise PoolFullError(f"component `{self.linked.name}`: the engine's pool is exhausted: {trap}") from trap

    def give_up_one(self) -> bool:
        """Close an instance that serves nobody; tell whether there was one."""
        if not (self._retired or self._ready):
            return False
        (self._retired or self._ready).pop().close()
        return True

    def release(self, instance: Instance) -> None:
        """Take back an instance whose request has ended."""
        instance.served = served = instance.served + 1
        if served >= self.settings.reuse or instance.poisoned or self._closed:
            self._retired.append(instance)
        else:
            self._keep(instance)
        self._leave()
        if self._retired or len(self._ready) < self.settings.warm:
            self._tend_soon()

    async def close(self) -> None:
        """Wait until nothing is in use any more, then close every instance."""
        self._refuse_all()
        if self.is_busy:
            self._drained = asyncio.Event()
            await self._drained.wait()
        if self._idle_timer is not None:
            self._idle_timer.cancel()
        self._retired += self._ready
        self._ready = []
        while self._retired:
            self._retired.pop().close()
        self._places.leave(self)

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

    def _note_drained(self) -> None:
        if self._drained is not None and not self.is_busy:
            self._drained.set()

    def _tend_soon(self) -> None:
        if not self._tending:
            self._tending = True
            asyncio.get_running_loop().call_soon(self._tend)

    def _tend(self) -> None:
        """Close one used instance and make one new, then come again if there is more to do."""
        self._tending = False
        self._close_one()
        wanted = self.settings.warm - len(self._ready) - len(self._starting)
        if wanted > 0 and not self._queues and not self._closed:
            # What failed may fail again: the next request tries once more, with a turn of the loop between.
            wanted = wanted - 1 if self._places.has_room and self._make() else 0
        if self._retired or (wanted > 0 and not self._queues and not self._closed):
            self._tend_soon()

    def _close_one(self) -> None:
        if self._retired:
            self._retired.pop().close()

    def _make(self) -> bool:
        """Begin to make an instance; tell whether that did not fail at once."""
        if self._places.making > self._places.spare:
            return False
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
        self._places.making += 1
        task.add_done_callback(self._started)
        return True

    async def _finish(self, instance: Instance, call: Call) -> None:
        try:
            await call.finish()
        except Trap as trap:
            self._give_up(instance, trap)
        except BaseException:
            instance.close()
            raise
        else:
            enough = len(self._ready) >= max(self.settings.warm, 1) or self._closed
            (self._retired if enough else self._ready).append(instance)
            if enough:
                self._tend_soon()

    def _started(self, task: asyncio.Task[None]) -> None:
        self._starting.discard(task)
        self._places.making -= 1
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
        if self._retired:
            self._tend_soon()

"""Fibers: calls into a guest that run until they wait, and are polled from asyncio.

Theory of operation: the C API answers an asynchronous call with a future. Polling it runs the guest on a stack of its
own until it returns, traps, reaches its epoch deadline, or calls the one host function that suspends (`waiting`). After
a poll that did not finish, the instance's `wake` says which: an asyncio future when the guest waits for something,
`None` when it only gave the loop a turn. Dropping the future unwinds the stack; nothing of the guest runs after that.
"""

import re
from collections.abc import Callable, Generator
from time import perf_counter
from typing import Any, Protocol

from whorl.engine import bindings
from whorl.engine.call_spaces import CallSpace
from whorl.engine.components import LinkedComponent
from whorl.engine.epochs import EpochTicker
from whorl.engine.fairness import LONG
from whorl.engine.limits import InstanceLimits
from whorl.engine.traps import LimitExceeded, Trap, words_of
from whorl.engine.waiting import Suspendable

_SLICE_TICKS = 2
_REASON = re.compile(r"wasm trap: .*")


class Guest(Suspendable, Protocol):
    """The instance that is called.

    Attributes:
        linked: the component that it is one of.
        limits: what it may use.
        ticker: the one of its engine.
        context: the address of its store's context.
        space: where its calls leave their errors.
        cpu_used: seconds of processor time of the current call.
        deadline_set_at: the tick at which its slice of processor time was last measured out.
        poisoned: it trapped or was dropped in the middle of a call: it must not be used again.
    """

    linked: LinkedComponent
    limits: InstanceLimits
    ticker: EpochTicker
    context: int
    space: CallSpace
    cpu_used: float
    deadline_set_at: int
    poisoned: bool


class Call:
    """One call into a guest. `step` runs it until it pauses; awaiting it runs it to its end.

    Whoever begins a call must end it: by awaiting it, by stepping until it is done, or by `drop`.
    """

    __slots__ = ("_future", "_instance", "_then")

    def __init__(self, instance: Guest, future: int, then: Callable[[], None] | None = None) -> None:
        self._instance = instance
        self._future = future
        self._then = then

    def step(self) -> bool:
        """Run the guest until it returns (true) or pauses (false).

        Raises:
            Trap: the guest trapped, or a host function raised while it ran (then that is the cause).
        """
        instance = self._instance
        ticker = instance.ticker
        ticker.running = True
        if ticker.asleep:
            ticker.rouse()
        if instance.deadline_set_at != ticker.ticks:
            instance.deadline_set_at = ticker.ticks
            bindings.set_epoch_deadline(instance.context, _SLICE_TICKS)
        began = perf_counter()
        finished = bindings.future_poll(self._future)
        took = perf_counter() - began
        instance.cpu_used += took
        if took > LONG:
            instance.linked.share.note(took)
        ticker.was_active = True
        ticker.running = False
        if not finished:
            return False
        bindings.future_delete(self._future)
        instance.wake = None
        if instance.space.error is not None:
            instance.poisoned = True
            raise _trap(instance, instance.space.take_error())
        if self._then is not None:
            self._then()
        return True

    def drop(self) -> None:
        """Unwind a paused guest; nothing of it runs any more. Its instance is poisoned."""
        instance = self._instance
        instance.poisoned = True
        instance.linked.wait.forget(instance.context)
        bindings.future_delete(self._future)
        instance.wake = None
        instance.tasks.resume()

    async def finish(self) -> None:
        """Run a paused guest to its end; a cancellation drops it.

        Raises:
            Trap: as `step`.
            LimitExceeded: the guest used more processor time than it may.
        """
        instance = self._instance
        paused = True
        try:
            while paused:
                _check_cpu(instance)
                wake = instance.wake
                if wake is not None:
                    await wake
                await instance.linked.share.turn(always=wake is None)
                paused = False
                paused = not self.step()
        finally:
            # A guest that goes on after its slice is given one tick by the engine, whatever is measured out here.
            instance.deadline_set_at = -1
            if paused:
                self.drop()

    def __await__(self) -> Generator[Any, None, None]:
        """Run the call to its end."""
        if not self.step():
            yield from self.finish().__await__()


def _check_cpu(instance: Guest) -> None:
    limit = instance.limits.cpu
    if limit is not None and instance.cpu_used > limit:
        raise LimitExceeded("cpu", limit)


def _trap(instance: Guest, message: str) -> Trap:
    failure, instance.failure = instance.failure, None
    if isinstance(failure, Trap):
        return failure
    if failure is not None:
        trap = Trap(words_of(failure), message)
        trap.__cause__ = failure
        return trap
    found = _REASON.search(message)
    return Trap(found[0] if found else message, message)

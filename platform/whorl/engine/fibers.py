"""Fibers: calls into a guest that run until they wait, and are polled from asyncio.

Theory of operation: the C API answers an asynchronous call with a future. Polling it runs the guest on a stack of its
own until it returns, traps, reaches its epoch deadline, or calls the one host function that suspends (`waiting`). After
a poll that did not finish, the instance's `wake` says which: an asyncio future when the guest waits for something,
`None` when it only gave the loop a turn. Dropping the future unwinds the stack; nothing of the guest runs after that.
"""

import ctypes
import re
from collections.abc import Callable, Generator
from ctypes import POINTER, c_uint64, c_void_p, cast
from time import perf_counter
from typing import TYPE_CHECKING, Any

from wasmtime import WasmtimeError, _bindings

from whorl.engine import bindings
from whorl.engine.fairness import LONG
from whorl.engine.traps import LimitExceeded, Trap, words_of

if TYPE_CHECKING:
    from whorl.engine.instances import Instance

_ERROR_POINTER = POINTER(_bindings.wasmtime_error_t)
_SLICE_TICKS = 2
_REASON = re.compile(r"wasm trap: .*")


class CallSpace(ctypes.Structure):
    """Room for what the C API writes about one instance, by address: its handle, its function, the error of a call."""

    _fields_ = (("instance", c_uint64 * 2), ("function", c_uint64 * 4), ("error", c_void_p))

    def take_error(self) -> str:
        """Return the message of the error, of which there must be one; frees it."""
        value: int = self.error or 0
        self.error: int | None = None
        error = WasmtimeError._from_ptr(cast(value, _ERROR_POINTER))  # noqa: SLF001 - the wheel has no public way
        try:
            return str(error)
        finally:
            error.close()


FUNCTION_OFFSET: int = getattr(CallSpace, "function").offset  # noqa: B009 - a ctypes descriptor
ERROR_OFFSET: int = getattr(CallSpace, "error").offset  # noqa: B009 - as above


class Call:
    """One call into a guest. `step` runs it until it pauses; awaiting it runs it to its end.

    Whoever begins a call must end it: by awaiting it, by stepping until it is done, or by `drop`.
    """

    __slots__ = ("_future", "_then", "instance")

    def __init__(self, instance: "Instance", future: int, then: Callable[[], None] | None = None) -> None:
        self.instance = instance
        self._future = future
        self._then = then

    def step(self) -> bool:
        """Run the guest until it returns (true) or pauses (false).

        Raises:
            Trap: the guest trapped, or a host function raised while it ran (then that is the cause).
        """
        instance = self.instance
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
        instance = self.instance
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
        instance = self.instance
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


def _check_cpu(instance: "Instance") -> None:
    limit = instance.limits.cpu
    if limit is not None and instance.cpu_used > limit:
        raise LimitExceeded("cpu", limit)


def _trap(instance: "Instance", message: str) -> Trap:
    failure, instance.failure = instance.failure, None
    if isinstance(failure, Trap):
        return failure
    if failure is not None:
        trap = Trap(words_of(failure), message)
        trap.__cause__ = failure
        return trap
    found = _REASON.search(message)
    return Trap(found[0] if found else message, message)

"""`whorl:host/tasks.wait`: the one host function that suspends a fiber.

The guest's adapter names the tasks it waits for and a deadline. When one is ready, or the deadline has passed, the
answer is given at once; else the instance gets a future (`Instance.wake`) that the fiber's driver awaits, and the
answer is made when the fiber is polled again.
"""

import asyncio
from collections.abc import Callable, Mapping
from ctypes import c_void_p, cast, memmove
from functools import partial
from struct import Struct
from time import monotonic_ns
from typing import Any, Protocol

from whorl.engine import bindings
from whorl.engine.host_functions import Caller, record_failure
from whorl.engine.host_interfaces import ValueType
from whorl.engine.packing import MalformedError
from whorl.engine.tasks import TaskTable
from whorl.engine.values import make_reader, make_writer

NEVER = (1 << 64) - 1
INTERFACE = "whorl:host/tasks@0.1.0"

_read = make_reader((ValueType.STRING, ValueType.U64))
_pack_continuation = Struct("<QQQ").pack


class Suspendable(Caller, Protocol):
    """The instance whose guest calls `wait`.

    Attributes:
        tasks: what takes time for this guest, and whether it is ready.
        loop: the event loop that its guest is polled on.
        wake: the future that the suspended guest waits for, None while it runs or merely yielded.
    """

    tasks: TaskTable
    loop: asyncio.AbstractEventLoop
    wake: asyncio.Future[None] | None


class WaitFunction:
    """The callbacks of `wait` for the instances of one component; kept as long as the component is linked."""

    def __init__(self, instances: Mapping[int, Suspendable]) -> None:
        self._instances = instances
        self._suspended: dict[int, _Suspension] = {}
        self._write = make_writer(ValueType.STRING)
        self.callback = bindings.AsyncCallback(self._wait)
        self.address: int = cast(self.callback, c_void_p).value or 0
        self._resume_callback = bindings.ContinuationCallback(self._resume)
        self._resume_address: int = cast(self._resume_callback, c_void_p).value or 0

    def _wait(
        self, _data: Any, context: int, _type: Any, arguments: int, _n: int, results: int, _m: int, error: int, go: int
    ) -> None:
        instance = self._instances[context]
        try:
            self._suspended[context] = suspension = self._suspend(instance, arguments, results)
            suspension.answer_if_ready()
        except BaseException as raised:  # noqa: BLE001 - nothing may pass through C; it becomes a trap
            self._suspended.pop(context, None)
            memmove(error, record_failure(instance, raised).to_bytes(8, "little"), 8)
        memmove(go, _pack_continuation(self._resume_address, context, 0), 24)

    def _suspend(self, instance: Suspendable, arguments: int, results: int) -> "_Suspension":
        instance.host_calls += 1
        names, deadline = _read(arguments)
        try:
            tasks = frozenset(map(int, names.split()))
        except ValueError as error:
            raise MalformedError(f"tasks are not numbers: {names[:80]!r}") from error
        if not tasks and deadline == NEVER:
            raise MalformedError("the guest waits for nothing: no task, no deadline")
        return _Suspension(instance, tasks, deadline, partial(self._write, results))

    def _resume(self, context: int) -> bool:
        suspension = self._suspended.get(context)
        if suspension is None:
            return True
        if not suspension.answer_if_ready():
            return False
        del self._suspended[context]
        return True

    def forget(self, context: int) -> None:
        """Drop what is kept for an instance that is closed while it waits."""
        suspension = self._suspended.pop(context, None)
        if suspension is not None:
            suspension.cancel()


class _Suspension:
    """One call of `wait` that has not been answered yet."""

    __slots__ = ("_answer", "_answered", "_deadline", "_instance", "_tasks", "_timer")

    def __init__(
        self, instance: Suspendable, tasks: frozenset[int], deadline: int, answer: Callable[[bytes], None]
    ) -> None:
        self._instance = instance
        self._tasks = tasks
        self._deadline = deadline
        self._answer = answer
        self._timer: Any = None
        self._answered = False

    def answer_if_ready(self) -> bool:
        """Write the answer when there is one; else see to it that the fiber is woken when there is."""
        if self._answered:
            return True
        instance = self._instance
        ready = instance.tasks.ready_among(self._tasks)
        now = monotonic_ns()
        if not ready and now < self._deadline:
            self._sleep(now)
            return False
        self._answered = True
        if self._timer is not None:
            self._timer.cancel()
        instance.wake = None
        instance.tasks.resume()
        self._answer(b" ".join([b"%d" % task for task in ready]))
        return True

    def cancel(self) -> None:
        """Stop the timer; the guest is dropped."""
        if self._timer is not None:
            self._timer.cancel()

    def _sleep(self, now: int) -> None:
        instance = self._instance
        instance.wake = future = instance.loop.create_future()

        def wake() -> None:
            if not future.done():
                future.set_result(None)

        instance.tasks.suspend(self._tasks, wake)
        if self._timer is not None:
            self._timer.cancel()
        if self._deadline != NEVER:
            self._timer = instance.loop.call_later((self._deadline - now) / 1e9, wake)

"""The tasks of one instance: what takes time, and whether it is ready.

Theory of operation: a task is an integer that the guest's adapter knows. `wait` looks at the tasks it was given and
suspends the fiber when none is ready; `mark` makes a task ready and resumes the fiber if it waits for that task. State
is kept by level, not by event: a task stays ready until `clear`, so no wake-up is lost and none has to be consumed.
Work that runs beside the guest (an outgoing request) is an asyncio task that this table owns: closing it cancels them.
"""

import asyncio
import sys
from collections.abc import Callable, Coroutine
from typing import Any

REQUEST_BODY = 1
RESPONSE_SINK = 2
_FIRST_FREE = 16
_NOTHING: frozenset[int] = frozenset()
_EAGER: dict[str, Any] = {"eager_start": True} if sys.version_info >= (3, 12) else {}


class TaskTable:
    """The tasks of one instance. Not thread-safe: everything happens on the event loop's thread.

    Attributes:
        depth: how many requests of other instances wait for the one that this instance serves.
    """

    __slots__ = ("_ask", "_background", "_next", "_ready", "_waiting", "_wake", "depth")

    def __init__(self) -> None:
        self.depth = 0
        self._ready: set[int] = set()
        self._waiting = _NOTHING
        self._wake: Callable[[], None] | None = None
        self._ask: Callable[[], None] | None = None
        self._next = _FIRST_FREE
        self._background: set[asyncio.Task[None]] = set()

    def allocate(self, count: int = 1) -> int:
        """Return the first of `count` new task numbers in a row, none of them ready."""
        first = self._next
        self._next = first + count
        return first

    def mark(self, task: int) -> None:
        """Make `task` ready, and resume the fiber when it waits for it."""
        self._ready.add(task)
        if self._wake is not None and task in self._waiting:
            wake, self._wake = self._wake, None
            wake()

    def begin_request(self, *, has_body: bool, ask: Callable[[], None] | None = None, depth: int = 0) -> None:
        """Make ready what a guest that begins to serve a request may do at once.

        `ask` is called once, when the guest first waits for the request's body.
        """
        self._ask = ask
        self.depth = depth
        self._ready.add(RESPONSE_SINK)
        if has_body:
            self._ready.add(REQUEST_BODY)
        else:
            self._ready.discard(REQUEST_BODY)

    def ask(self) -> None:
        """The guest wants the request's body, of which nothing is there."""
        if self._ask is not None:
            ask, self._ask = self._ask, None
            ask()

    def clear(self, task: int) -> None:
        """Make `task` not ready."""
        self._ready.discard(task)

    def is_ready(self, task: int) -> bool:
        """Tell whether `task` is ready."""
        return task in self._ready

    def ready_among(self, tasks: frozenset[int]) -> list[int]:
        """Return those of `tasks` that are ready, in ascending order."""
        return sorted(self._ready & tasks)

    def start(self, work: Coroutine[Any, Any, None], *, eager: bool = False) -> asyncio.Task[None]:
        """Run `work` beside the guest; it is cancelled when the instance is closed.

        `eager`: begin at once, where Python can (3.12 and later): what does not wait has then ended.
        """
        loop = asyncio.get_running_loop()
        task = asyncio.Task(work, loop=loop, **_EAGER) if eager else loop.create_task(work)
        if not task.done():
            self._background.add(task)
            task.add_done_callback(self._background.discard)
        return task

    def suspend(self, tasks: frozenset[int], wake: Callable[[], None]) -> None:
        """Call `wake` once, when one of `tasks` becomes ready."""
        self._waiting = tasks
        self._wake = wake
        if self._ask is not None and REQUEST_BODY in tasks:
            self.ask()

    def resume(self) -> None:
        """Forget what `suspend` asked for."""
        self._wake = None
        self._waiting = _NOTHING

    def cancel_background(self) -> None:
        """Cancel whatever runs beside the guest, once: a second time would break into the cleaning up of the first."""
        for task in tuple(self._background):
            if not task.cancelling():
                task.cancel()

    def close(self) -> None:
        """Cancel what runs beside the guest and forget every task."""
        self._ask = self._wake = None
        self._waiting = _NOTHING
        self._ready.clear()
        if self._background:
            self.cancel_background()

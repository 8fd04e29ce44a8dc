"""Finds out which tests hold an event loop: no callback of a loop may keep the others waiting for long.

Theory of operation: every callback is timed. Its time counts while it computes or is blocked (by a lock, a disk, a
pipe), and not while its thread is ready and others have the processor, as on a machine that is busy, nor while garbage
is collected: a process that has run two thousand tests has more objects than any server. A thread looks where a
callback is that takes long; what a test does itself, as filling a store, is not held against it.
"""

import asyncio
import gc
import os
import sys
import threading
import time
import traceback
from dataclasses import dataclass, field
from pathlib import Path

_SAMPLING = 0.02
"""Seconds between two looks at what the loops do."""
_FRAMES = 12
"""How many of the innermost frames are shown."""
_ROOT = Path(__file__).parents[2]
_OURS = f"{_ROOT / 'platform'}{os.sep}"
_TESTS = f"{_ROOT / 'tests'}{os.sep}"


@dataclass(frozen=True)
class Hold:
    """A callback that held its loop for so many seconds."""

    seconds: float
    callback: str
    stack: list[traceback.FrameSummary]
    """Where it was when half of the time was over, outermost first; empty where nobody could look."""

    @property
    def is_the_tests_own(self) -> bool:
        """Whether a test took the time, and not what it tests."""
        for frame in reversed(self.stack):
            if frame.filename.startswith((_OURS, _TESTS)) and frame.filename != __file__:
                return frame.filename.startswith(_TESTS)
        return False

    def __str__(self) -> str:
        where = (
            "".join(traceback.format_list(self.stack[-_FRAMES:]))
            or "  (it kept the interpreter's lock: nobody could look)\n"
        )
        return f"{self.seconds * 1000:.0f} ms in {self.callback}\n{where}"


@dataclass
class _Loop:
    """What the event loop of a thread does."""

    thread: int
    began: float | None = None
    collecting: float = 0.0
    collected: float = 0.0
    stack: list[traceback.FrameSummary] = field(default_factory=list)


class LoopWatch:
    """Times every callback of every asyncio loop of this process, from when it is made."""

    def __init__(self, limit: float) -> None:
        self.limit = limit
        self._local = threading.local()
        self._loops: list[_Loop] = []
        self._holds: list[Hold] = []
        run = asyncio.Handle._run

        def timed(handle: asyncio.Handle) -> None:
            loop: _Loop = getattr(self._local, "loop", None) or self._new()
            ready, loop.collected, loop.stack = _time_ready(), 0.0, []
            began = loop.began = time.perf_counter()
            try:
                run(handle)
            finally:
                seconds = time.perf_counter() - began - loop.collected
                loop.began = None
                if seconds > self.limit:
                    self._note(handle, seconds - (_time_ready() - ready), loop.stack)

        asyncio.Handle._run = timed  # type: ignore[assignment, method-assign]
        gc.callbacks.append(self._collecting)
        threading.Thread(target=self._look, name="loop-watch", daemon=True).start()

    def take(self) -> list[Hold]:
        """Return what has held a loop since this was last asked."""
        holds, self._holds = self._holds, []
        return holds

    def _note(self, handle: asyncio.Handle, seconds: float, stack: list[traceback.FrameSummary]) -> None:
        hold = Hold(seconds, repr(handle), stack)
        if seconds > self.limit and not hold.is_the_tests_own:
            self._holds.append(hold)

    def _new(self) -> _Loop:
        self._local.loop = _Loop(threading.get_ident())
        self._loops.append(self._local.loop)
        loop: _Loop = self._local.loop
        return loop

    def _collecting(self, phase: str, _info: dict[str, int]) -> None:
        loop: _Loop | None = getattr(self._local, "loop", None)
        if loop is not None:
            if phase == "start":
                loop.collecting = time.perf_counter()
            else:
                loop.collected += time.perf_counter() - loop.collecting

    def _look(self) -> None:
        while True:
            time.sleep(_SAMPLING)
            now = time.perf_counter()
            for loop in self._loops:
                began = loop.began
                if began is not None and now - began > self.limit / 2 and not loop.stack:
                    loop.stack = _stack_of(loop.thread)


def _stack_of(thread: int) -> list[traceback.FrameSummary]:
    """Return where `thread` is; opens no source file, for a test may be counting what is open."""
    frame = sys._current_frames().get(thread)
    if frame is None:
        return []
    try:
        stack = traceback.StackSummary.extract(traceback.walk_stack(frame), lookup_lines=False)
    except AttributeError:
        # The thread runs on: what was its frame may be something else by now.
        return []
    stack.reverse()
    return stack


def _time_ready() -> float:
    """Return how many seconds others had the processors while this thread was ready; 0 where nobody counts them."""
    try:
        counters = os.open("/proc/thread-self/schedstat", os.O_RDONLY)
    except OSError:
        return 0.0
    try:
        return int(os.read(counters, 100).split()[1]) / 1e9
    finally:
        os.close(counters)

"""The epoch ticker: what makes a busy guest give the event loop a turn.

Theory of operation: compiled code compares the engine's epoch with its store's deadline at each loop head and function
entry, and yields its fiber when the deadline has passed. A daemon thread raises the epoch every `TICK` seconds, but
only while guests run: whoever polls a fiber says so by `running`, before and after. After a few ticks without any the
thread sleeps until the next. Waking it costs a thread switch, so it stays awake through ordinary gaps in traffic. It
must never sleep while a guest runs, for that guest would never yield: whoever polls writes `running` and then reads
`asleep`, the thread writes `asleep` and then reads `running`, so that at least one of them notices the other.

The thread must never outlive the engine whose epoch it raises, however the engine ends: it holds the engine itself, so
nothing frees that before the thread has ended. `stop` may be called from anywhere, also by the garbage collector in the
thread itself; therefore the thread sleeps on a queue, the one thing to wait for that may be woken from there.
"""

import threading
import time
from ctypes import c_void_p, cast
from queue import SimpleQueue

import wasmtime

from whorl.engine import bindings

TICK = 0.005
"""Seconds between two epochs. A guest runs at most two ticks before it yields."""

SHORT_TICK = 0.001
"""The same while there are guests that run for long: others wait for them."""

_IDLE_TICKS = 40


class EpochTicker:
    """Raises the epoch of one engine while its guests run. Closed by `stop`.

    Attributes:
        ticks: how often it has; a moment late, never early.
        running: a guest is running, or about to. Set by whoever polls it, who then looks at `asleep`.
        was_active: a guest has run since the last tick. Set by the same.
        asleep: the thread sleeps: `rouse` it.
        short_ticks: how many of the next ticks are short. Set by whoever saw a guest that runs for long.

    Args:
        engine: whose epoch is raised; kept as long as the thread runs.
        tick: seconds between two epochs.
        idle_ticks: how many ticks without a guest it stays awake.
    """

    def __init__(self, engine: wasmtime.Engine, tick: float = TICK, idle_ticks: int = _IDLE_TICKS) -> None:
        self._engine = engine
        self._address = cast(engine.ptr(), c_void_p).value or 0
        self._tick = tick
        self._idle_ticks = idle_ticks
        self._wake: SimpleQueue[None] = SimpleQueue()
        self._stopped = False
        self._thread: threading.Thread | None = None
        self.running = False
        self.was_active = False
        self.asleep = True
        self.short_ticks = 0
        self.ticks = 0

    def rouse(self) -> None:
        """Wake the thread; makes it, the first time."""
        self.asleep = False
        if self._thread is None and not self._stopped:
            self._thread = threading.Thread(target=self._run, name="whorl-epochs", daemon=True)
            self._thread.start()
        self._wake.put(None)

    def stop(self) -> None:
        """End the thread and wait for it, unless it is the one that calls."""
        self._stopped = True
        self._wake.put(None)
        thread, self._thread = self._thread, None
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def _run(self) -> None:
        idle = 0
        while not self._stopped:
            if self.short_ticks:
                self.short_ticks -= 1
                time.sleep(SHORT_TICK)
            else:
                time.sleep(self._tick)
            bindings.increment_epoch(self._address)
            self.ticks += 1
            idle = 0 if self.running or self.was_active else idle + 1
            self.was_active = False
            if idle >= self._idle_ticks:
                idle = 0
                self._sleep()

    def _sleep(self) -> None:
        self.asleep = True
        if not (self.running or self._stopped):
            self._wake.get()
        self.asleep = False

"""The epoch ticker: what makes a busy guest give the event loop a turn.

Theory of operation: compiled code compares the engine's epoch with its store's deadline at each loop head and function
entry, and yields its fiber when the deadline has passed. A daemon thread raises the epoch every `TICK` seconds, but
only while guests run: whoever polls a fiber says so by `running`, before and after. After a few ticks without any the
thread sleeps until the next. Waking it costs a thread switch, so it stays awake through ordinary gaps in traffic. It
must never sleep while a guest runs, for that guest would never yield: whoever polls writes `running` and then reads
`asleep`, the thread writes `asleep` and then reads `running`, so that at least one of them notices the other.
"""

import threading
import time

from whorl.engine import bindings

TICK = 0.005
"""Seconds between two epochs. A guest runs at most two ticks before it yields."""

_IDLE_TICKS = 40


class EpochTicker:
    """Raises the epoch of one engine while its guests run. Closed by `stop`.

    Attributes:
        ticks: how often it has; a moment late, never early.
        running: a guest is running, or about to. Set by whoever polls it, who then looks at `asleep`.
        was_active: a guest has run since the last tick. Set by the same.
        asleep: the thread sleeps: `rouse` it.

    Args:
        engine_address: the engine, as the C API knows it.
        tick: seconds between two epochs.
        idle_ticks: how many ticks without a guest it stays awake.
    """

    def __init__(self, engine_address: int, tick: float = TICK, idle_ticks: int = _IDLE_TICKS) -> None:
        self._engine = engine_address
        self._tick = tick
        self._idle_ticks = idle_ticks
        self._wake = threading.Event()
        self._stopped = False
        self._thread: threading.Thread | None = None
        self.running = False
        self.was_active = False
        self.asleep = True
        self.ticks = 0

    def rouse(self) -> None:
        """Wake the thread; makes it, the first time."""
        self.asleep = False
        if self._thread is None and not self._stopped:
            self._thread = threading.Thread(target=self._run, name="whorl-epochs", daemon=True)
            self._thread.start()
        self._wake.set()

    def stop(self) -> None:
        """End the thread and wait for it."""
        self._stopped = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        idle = 0
        while not self._stopped:
            time.sleep(self._tick)
            bindings.increment_epoch(self._engine)
            self.ticks += 1
            idle = 0 if self.running or self.was_active else idle + 1
            self.was_active = False
            if idle >= self._idle_ticks:
                idle = 0
                self._sleep()

    def _sleep(self) -> None:
        self._wake.clear()
        self.asleep = True
        if self.running or self._stopped:
            self.asleep = False
            return
        self._wake.wait()

"""The epoch ticker: what makes a busy guest give the event loop a turn.

Theory of operation: compiled code compares the engine's epoch with its store's deadline at each loop head and function
entry, and yields its fiber when the deadline has passed. A daemon thread raises the epoch every `TICK` seconds, but
only while guests run: `begin` before and `end` after each poll of a fiber say when one does. After a few ticks without
any the thread sleeps until the next. Waking it costs a thread switch, so it stays awake through ordinary gaps in
traffic. It must never sleep while a guest runs, for that guest would never yield: `begin` writes `_running` and then
reads `asleep`, the thread writes `asleep` and then reads `_running`, so that at least one of them notices the other.
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
        self._running = False
        self._was_active = False
        self.asleep = True
        self.ticks = 0

    def begin(self) -> None:
        """Say that a guest is about to run."""
        self._running = True
        if self.asleep:
            self._rouse()

    def end(self) -> None:
        """Say that the guest has returned, or paused."""
        self._was_active = True
        self._running = False

    def stop(self) -> None:
        """End the thread and wait for it."""
        self._stopped = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _rouse(self) -> None:
        self.asleep = False
        if self._thread is None and not self._stopped:
            self._thread = threading.Thread(target=self._run, name="whorl-epochs", daemon=True)
            self._thread.start()
        self._wake.set()

    def _run(self) -> None:
        idle = 0
        while not self._stopped:
            time.sleep(self._tick)
            bindings.increment_epoch(self._engine)
            self.ticks += 1
            idle = 0 if self._running or self._was_active else idle + 1
            self._was_active = False
            if idle >= self._idle_ticks:
                idle = 0
                self._sleep()

    def _sleep(self) -> None:
        self._wake.clear()
        self.asleep = True
        if self._running or self._stopped:
            self.asleep = False
            return
        self._wake.wait()

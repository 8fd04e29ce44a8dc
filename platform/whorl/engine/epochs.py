"""The epoch ticker: what makes a busy guest give the event loop a turn.

Theory of operation: compiled code compares the engine's epoch with its store's deadline at each loop head and function
entry, and yields its fiber when the deadline has passed. A daemon thread raises the epoch every `TICK` seconds, but
only while guests run: before a fiber is polled it notes its activity here, and after a few ticks without any the
thread sleeps until the next. Waking it costs a thread switch, so it stays awake through ordinary gaps in traffic.
"""

import threading
import time

from whorl.engine import bindings

TICK = 0.005
"""Seconds between two epochs. A guest runs at most two ticks before it yields."""

_IDLE_TICKS = 40


class EpochTicker:
    """Raises the epoch of one engine while its guests run. Closed by `stop`."""

    def __init__(self, engine_address: int) -> None:
        self._engine = engine_address
        self._wake = threading.Event()
        self._stopped = False
        self._thread: threading.Thread | None = None
        self._active = False
        self.asleep = True

    def note_activity(self) -> None:
        """Say that a guest is about to run; must be called before each poll of a fiber."""
        self._active = True
        if self.asleep:
            self._rouse()

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
            time.sleep(TICK)
            bindings.increment_epoch(self._engine)
            idle = 0 if self._active else idle + 1
            self._active = False
            if idle >= _IDLE_TICKS:
                idle = 0
                self._wake.clear()
                self.asleep = True
                self._wake.wait()

"""What processes cost and where they run: processor time to the nanosecond, and a core for each side of a benchmark."""

import os
import time
from dataclasses import dataclass
from pathlib import Path

_SCHEDULED = 2
"""`CPUCLOCK_SCHED` of the kernel's clock ids: what the scheduler accounted to a process, all its threads together."""


def processor_time(pid: int) -> float:
    """Return the seconds of processor time, user and system, that a process has used, ended threads included.

    This is the clock of `clock_getcpuclockid(3)`: `/proc/<pid>/stat` tells the same, rounded to ticks of 10 ms.

    Raises:
        OSError: there is no such process.
    """
    return time.clock_gettime((~pid << 3) | _SCHEDULED)


def tree_processor_time(pid: int) -> float:
    """Return what `processor_time` says of a process and all its descendants that live."""
    return sum(map(processor_time, process_tree(pid)))


def process_tree(pid: int) -> list[int]:
    """Return a process and its descendants."""
    found = [pid]
    for parent in found:
        for children in Path(f"/proc/{parent}/task").glob("*/children"):
            found += map(int, children.read_text().split())
    return found


@dataclass(frozen=True, slots=True)
class Cores:
    """Which core the servers run on and which the load; None: wherever the kernel puts them."""

    server: int | None
    load: int | None

    @classmethod
    def available(cls) -> "Cores":
        """Return one core for each side when this process may use two or more."""
        usable = sorted(os.sched_getaffinity(0))
        return cls(usable[0], usable[1]) if len(usable) > 1 else cls(None, None)

    def __str__(self) -> str:
        if self.server is None:
            return "servers and load share one core: latencies and requests/s include the load generator"
        return f"servers pinned to core {self.server}, load to core {self.load}"


def pin(pid: int, core: int | None) -> None:
    """Let every thread of a process, now and later, run on `core` only."""
    if core is not None:
        for thread in Path(f"/proc/{pid}/task").iterdir():
            os.sched_setaffinity(int(thread.name), {core})

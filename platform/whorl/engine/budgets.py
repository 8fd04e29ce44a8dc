"""What this process may use: address space, memory, mappings. Looked up before the engine plans for instances.

wasmtime ends the process when it cannot have what it is told to reserve, so what it is told must fit.
"""

import mmap
import os
import resource
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_USER_SPACE = 1 << 47
"""What a process can address on x86-64; on other architectures there is as much or more."""

_MAPPINGS = 65_530
"""How many mappings Linux lets a process have, unless it is told otherwise."""

_NO_RESERVE = getattr(mmap, "MAP_NORESERVE", 0)


@dataclass(frozen=True, slots=True)
class Budget:
    """What a process may still use.

    Attributes:
        address_space: bytes that it can still map.
        memory: bytes of memory that there are for it, in use or not.
        mappings: how many pieces of its address space the kernel tells apart, in use or not.
    """

    address_space: int
    memory: int
    mappings: int

    @classmethod
    def of_process(cls) -> "Budget":
        """Look up what this process may use: `ulimit -v`, its control group, the machine."""
        limit, _ = resource.getrlimit(resource.RLIMIT_AS)
        address_space = _USER_SPACE if limit == resource.RLIM_INFINITY else min(limit, _USER_SPACE)
        memory = os.sysconf("SC_PHYS_PAGES") * mmap.PAGESIZE
        return cls(
            address_space=max(0, address_space - _mapped()),
            memory=min([memory, *_numbers(_control_group_files())]),
            mappings=next(_numbers([Path("/proc/sys/vm/max_map_count")]), _MAPPINGS),
        )


def is_reservable(size: int) -> bool:
    """Tell whether so many bytes of address space can be had in one piece."""
    try:
        mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | _NO_RESERVE, prot=0).close()
    except (OSError, OverflowError, ValueError):
        return False
    return True


def _mapped() -> int:
    with suppress(OSError, ValueError, IndexError):
        return int(Path("/proc/self/statm").read_text().split()[0]) * mmap.PAGESIZE
    return 0


def _control_group_files() -> Iterator[Path]:
    """Give the files that may limit memory: those of the process's control group and of all that it is in."""
    lines: list[str] = []
    with suppress(OSError):
        lines = Path("/proc/self/cgroup").read_text().splitlines()
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers in {"", "memory"}:
            root, name = ("", "memory.max") if not controllers else ("memory", "memory.limit_in_bytes")
            top = Path("/sys/fs/cgroup", root)
            for group in (top / path.lstrip("/"), *(top / path.lstrip("/")).parents):
                if group.is_relative_to(top):
                    yield group / name


def _numbers(files: Iterator[Path] | list[Path]) -> Iterator[int]:
    for file in files:
        with suppress(OSError, ValueError):
            yield int(file.read_text())

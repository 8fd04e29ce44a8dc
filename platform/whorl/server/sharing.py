"""One runtime for all mounted apps of an event loop: opened by the first that starts, closed with the last.

They know nothing of each other, and nobody above them could hand them one. A process has room for a few: wasmtime
reserves address space for each engine, terabytes of it. Instances and the ticker belong to one event loop, so each loop
that runs apps has a runtime of its own; a process has one, as a rule.
"""

import asyncio
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from whorl.engine.runtimes import Runtime


@dataclass(slots=True)
class _Shared:
    runtime: Runtime
    users: int = 0


_shared: Final[weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _Shared]] = weakref.WeakKeyDictionary()
_lock: Final = threading.RLock()  # the garbage collector may close an app while another is opened


@contextmanager
def shared_runtime() -> Iterator[Runtime]:
    """Give the runtime of the running event loop.

    Raises:
        EngineError: no instance fits into this process.
        StoreError: as `Runtime`.
    """
    loop = asyncio.get_running_loop()
    with _lock:
        shared = _shared.get(loop)
        if shared is None:
            shared = _shared[loop] = _Shared(Runtime())
        shared.users += 1
    try:
        yield shared.runtime
    finally:
        with _lock:
            shared.users -= 1
            if not shared.users:
                del _shared[loop]
                shared.runtime.close()

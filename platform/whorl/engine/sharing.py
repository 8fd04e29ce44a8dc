"""One engine for all apps of an event loop: opened by the first that needs it, closed by the last.

wasmtime reserves address space for each engine, terabytes of it, and a process has room for a few. Instances and the
ticker belong to one event loop, so each loop that runs apps has an engine of its own; a process has one, as a rule.
"""

import asyncio
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from whorl.engine.budgets import Budget
from whorl.engine.configuration import EngineConfiguration
from whorl.engine.engines import Engine


@dataclass(slots=True)
class _Shared:
    engine: Engine
    users: int = 0


_shared: Final[weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _Shared]] = weakref.WeakKeyDictionary()
_lock: Final = threading.RLock()  # the garbage collector may close an app while another is opened


@contextmanager
def shared_engine() -> Iterator[Engine]:
    """Give the engine of the running event loop, sized by what the process may use.

    Raises:
        EngineError: no instance fits into this process.
    """
    loop = asyncio.get_running_loop()
    with _lock:
        shared = _shared.get(loop)
        if shared is None:
            shared = _shared[loop] = _Shared(Engine(EngineConfiguration.fitting(Budget.of_process())))
        shared.users += 1
    try:
        yield shared.engine
    finally:
        with _lock:
            shared.users -= 1
            if not shared.users:
                del _shared[loop]
                shared.engine.close()

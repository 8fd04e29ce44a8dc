"""The runtime: process scope. What runs the apps of one event loop, and belongs to none of them.

Whoever starts a process opens it, hands it to each app, and closes it when all of them are closed. It is sized by what
the process may use, not by any app: each app asks for a part of that when it starts (see `places`).
"""

import logging
from pathlib import Path
from types import TracebackType
from typing import Self

from whorl.engine.budgets import Budget
from whorl.engine.cache import CompiledCache
from whorl.engine.configuration import EngineConfiguration
from whorl.engine.engines import Engine

logger = logging.getLogger(__name__)


class Runtime:
    """Runs the components of any number of apps, in one event loop. Use as a context manager, or `close` it.

    Attributes:
        engine: runs them: has the ticker, the places of instances, the code in use.
        cache: keeps their compiled code.

    Args:
        cache_dir: holds compiled components; None: the user's cache folder.

    Raises:
        EngineError: no instance fits into this process.
        StoreError: it is not said where compiled components are kept, and the user has no home.
    """

    def __init__(self, cache_dir: Path | None = None) -> None:
        self.cache = CompiledCache(cache_dir)
        self.engine = Engine(EngineConfiguration.fitting(Budget.of_process()))
        if self.engine.memories.hidden_because is not None:
            logger.warning("long bodies take several times as long: %s", self.engine.memories.hidden_because)

    def close(self) -> None:
        """Free everything; every app must have been closed."""
        self.engine.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

"""The key-value backends by the names that the runtime configuration uses."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from whorl.capabilities.key_value.memory import MemoryBackend
from whorl.capabilities.key_value.sqlite import Durability, SqliteBackend
from whorl.capabilities.key_value.stores import Backend, Clock


@dataclass(frozen=True, slots=True)
class StoreConfiguration:
    """Where one store is kept (`[key_value_store.<label>]`); stores of equal configuration share one backend.

    `type` is a name of `BACKENDS`. `path` is the file of type `spin`; without one the store is in memory.
    """

    type: str = "spin"
    path: Path | None = None
    durability: Durability = "power-loss"


def _spin(configuration: StoreConfiguration, now: Clock) -> Backend:
    if configuration.path is None:
        return MemoryBackend(now)
    # Calls are made on the event loop: whoever finds a lock waits by a task (`locks.py`).
    return SqliteBackend.open(configuration.path, configuration.durability, now, busy_timeout=0)


def _memory(_: StoreConfiguration, now: Clock) -> Backend:
    return MemoryBackend(now)


BACKENDS: Mapping[str, Callable[[StoreConfiguration, Clock], Backend]] = {"spin": _spin, "memory": _memory}
"""How to open a backend of each type; may raise `StoreError`."""


def default_configurations(state_dir: Path | None) -> dict[str, StoreConfiguration]:
    """Return the stores that exist without configuration, as in Spin: `default`, in `state_dir` or else in memory."""
    return {"default": StoreConfiguration(path=state_dir and state_dir / "sqlite_key_value.db")}

"""The key-value capability: the stores of an application, and what one component may do with them."""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import partial
from typing import Self

from whorl.capabilities.key_value import operations
from whorl.capabilities.key_value.backends import BACKENDS, StoreConfiguration
from whorl.capabilities.key_value.failures import StoreBusy, StoreFailure
from whorl.capabilities.key_value.pending import Answer, Caller, LockQueue, PendingCalls
from whorl.capabilities.key_value.stores import Backend, Clock, Store, wall_clock
from whorl.engine.host_interfaces import HostFunction, HostInterface, ValueType
from whorl.errors import ManifestError, StoreError

INTERFACE = "whorl:host/key-value@0.1.0"

_logger = logging.getLogger(__name__)

_KEY = (ValueType.STRING,)
_FUNCTIONS: Mapping[str, tuple[Callable[..., Answer], tuple[ValueType, ...]]] = {
    "open": (operations.open_store, ()),
    "get": (operations.get, _KEY),
    "set": (operations.set_value, (ValueType.STRING, ValueType.STRING, ValueType.U64)),
    "delete": (operations.delete, _KEY),
    "exists": (operations.exists, _KEY),
    "keys": (operations.keys, ()),
    "get-many": (operations.get_many, (ValueType.STRING,)),
    "set-many": (operations.set_many, (ValueType.STRING,)),
    "delete-many": (operations.delete_many, (ValueType.STRING,)),
    "increment": (operations.increment, (ValueType.STRING, ValueType.S64)),
    "swap": (operations.swap, (ValueType.STRING, ValueType.STRING, ValueType.STRING)),
}
"""Each function of the interface, with its parameters after the store's label."""


@dataclass(frozen=True, slots=True)
class _Opened:
    """A backend, and the calls that wait for its lock."""

    backend: Backend
    queue: LockQueue = field(default_factory=LockQueue)


class KeyValueStores(Mapping[str, Store]):
    """The key-value stores of an application, by label; a context manager, or closed by `close`."""

    def __init__(self, stores: Mapping[str, Store], queues: Mapping[str, LockQueue], close: Callable[[], None]) -> None:
        self._stores = stores
        self._queues = queues
        self._close = close

    @classmethod
    def open(cls, configurations: Mapping[str, StoreConfiguration], now: Clock = wall_clock) -> Self:
        """Open every store that is configured.

        Raises:
            StoreError: a store cannot be opened, or its type is unknown.
        """
        opened: dict[StoreConfiguration, _Opened] = {}
        stores: dict[str, Store] = {}
        queues: dict[str, LockQueue] = {}
        with ExitStack() as stack:
            for label, configuration in configurations.items():
                if configuration not in opened:
                    opened[configuration] = _Opened(_open_backend(label, configuration, now))
                    stack.callback(opened[configuration].backend.close)
                stores[label] = opened[configuration].backend.store(label)
                queues[label] = opened[configuration].queue
            return cls(stores, queues, stack.pop_all().close)

    def queue(self, label: str) -> LockQueue:
        """Return the calls that wait for the lock of the store with this label."""
        return self._queues[label]

    def close(self) -> None:
        """Close what was opened, last first."""
        self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __getitem__(self, label: str) -> Store:
        return self._stores[label]

    def __iter__(self) -> Iterator[str]:
        return iter(self._stores)

    def __len__(self) -> int:
        return len(self._stores)


class KeyValueCapability:
    """Gives a component the key-value stores that its manifest grants."""

    def __init__(self, stores: KeyValueStores) -> None:
        self._stores = stores

    def bind(self, component: str, granted: Iterable[str]) -> HostInterface:
        """Return `whorl:host/key-value` for one component; every other label is answered with `access-denied`.

        Raises:
            ManifestError: a store that is granted does not exist.
        """
        stores = {label.encode(): self._granted(component, label) for label in granted}
        functions = (
            HostFunction(name, (ValueType.STRING, *params), ValueType.STRING, _restricted(operation, stores))
            for name, (operation, params) in _FUNCTIONS.items()
        )
        return HostInterface(
            INTERFACE, (*functions, HostFunction("finish", (ValueType.U32,), ValueType.STRING, _finish))
        )

    def _granted(self, component: str, label: str) -> "_GrantedStore":
        store = self._stores.get(label)
        if store is None:
            raise ManifestError(
                f"component `{component}`: key-value store `{label}` is not declared; {_cure(label, self._stores)}"
            )
        return _GrantedStore(component, label, store, self._stores.queue(label))


@dataclass(frozen=True, slots=True)
class _GrantedStore:
    """A store that a component may use."""

    component: str
    label: str
    store: Store
    queue: LockQueue

    def failed(self, failure: StoreFailure) -> bytes:
        """Return the answer that says so."""
        # What the backend could not do is the operator's business too; what the guest did wrong is not.
        if failure.__cause__ is not None:
            _logger.warning("component `%s`: key-value store `%s`: %s", self.component, self.label, failure)
        return b"xother\n" + str(failure).encode(errors="replace")


def _open_backend(label: str, configuration: StoreConfiguration, now: Clock) -> Backend:
    opener = BACKENDS.get(configuration.type)
    if opener is None:
        known = ", ".join(f"`{name}`" for name in BACKENDS)
        raise StoreError(f"key-value store `{label}`: its type `{configuration.type}` is unknown; use one of {known}")
    return opener(configuration, now)


def _restricted(operation: Callable[..., Answer], stores: Mapping[bytes, _GrantedStore]) -> Callable[..., bytes]:
    """Return the host function that does `operation` on the store named first, if it is one of `stores`."""

    def call(instance: Caller, label: bytes, *arguments: bytes | int) -> bytes:
        granted = stores.get(label)
        if granted is None:
            return b"xaccess-denied"
        try:
            answer = operation(granted.store, *arguments)
        except StoreBusy:
            attempt = partial(operation, granted.store, *arguments)
            return PendingCalls.of(instance).wait(granted.queue, attempt, granted.failed)
        except StoreFailure as failure:
            return granted.failed(failure)
        return answer if isinstance(answer, bytes) else PendingCalls.of(instance).give(answer, granted.failed)

    return call


def _finish(instance: Caller, task: int) -> bytes:
    return PendingCalls.of(instance).finish(task)


def _cure(label: str, declared: Iterable[str]) -> str:
    near = get_close_matches(label, declared, n=1)
    if near:
        return f"did you mean `{near[0]}`?"
    return f"there is {', '.join(f'`{name}`' for name in declared)} only; use that in `key_value_stores`"

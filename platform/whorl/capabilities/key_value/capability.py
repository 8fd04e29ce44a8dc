"""The key-value capability: the stores of an application, and what one component may do with them."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Self

from whorl.capabilities.key_value.backends import BACKENDS, StoreConfiguration
from whorl.capabilities.key_value.granted import GrantedStore
from whorl.capabilities.key_value.locks import LockQueue
from whorl.capabilities.key_value.spin import SpinKeyValue, UnversionedKeyValue
from whorl.capabilities.key_value.stores import Backend, Clock, Store, wall_clock
from whorl.capabilities.key_value.wasi import TimeToLive, WasiAtomics, WasiBatch, WasiStore
from whorl.engine.bridges.per_guest import PerGuest
from whorl.errors import ManifestError, StoreError

INTERFACES = (
    "fermyon:spin/key-value@2.0.0",
    "fermyon:spin/key-value",
    "wasi:keyvalue/store@0.2.0-draft2",
    "wasi:keyvalue/batch@0.2.0-draft2",
    "wasi:keyvalue/atomics@0.2.0-draft2",
    "whorl:key-value/time-to-live@0.1.0",
)
"""What guests reach the stores by."""

LASTING = ("fermyon:spin/key-value@2.0.0/store", "wasi:keyvalue/store@0.2.0-draft2/bucket")
"""Resources that are the same for all guests: nobody need be told that a handle is dropped."""


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

    def implementations(self, component: str, labels: Iterable[str]) -> dict[str, object]:
        """Return what implements `INTERFACES` for one component; every other label is answered with `access-denied`.

        Raises:
            ManifestError: a store that is granted does not exist.
        """
        stores = {label: self._granted(component, label) for label in labels}
        each = (
            SpinKeyValue(stores),
            PerGuest(UnversionedKeyValue, (stores,)),
            WasiStore(stores),
            WasiBatch(),
            WasiAtomics(),
            TimeToLive(stores),
        )
        return dict(zip(INTERFACES, each, strict=True))

    def _granted(self, component: str, label: str) -> GrantedStore:
        store = self._stores.get(label)
        if store is None:
            raise ManifestError(
                f"component `{component}`: key-value store `{label}` is not declared; {_cure(label, self._stores)}"
            )
        return GrantedStore(component, label, store, self._stores.queue(label))


def _open_backend(label: str, configuration: StoreConfiguration, now: Clock) -> Backend:
    opener = BACKENDS.get(configuration.type)
    if opener is None:
        known = ", ".join(f"`{name}`" for name in BACKENDS)
        raise StoreError(f"key-value store `{label}`: its type `{configuration.type}` is unknown; use one of {known}")
    return opener(configuration, now)


def _cure(label: str, declared: Iterable[str]) -> str:
    near = get_close_matches(label, declared, n=1)
    if near:
        return f"did you mean `{near[0]}`?"
    return f"there is {', '.join(f'`{name}`' for name in declared)} only; use that in `key_value_stores`"

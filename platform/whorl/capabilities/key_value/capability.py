"""The key-value capability: the stores of an application, and what one component may do with them."""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from difflib import get_close_matches
from typing import Self

from whorl.capabilities.key_value import operations
from whorl.capabilities.key_value.backends import BACKENDS, StoreConfiguration
from whorl.capabilities.key_value.stores import Backend, Clock, Store, StoreFailure, wall_clock
from whorl.engine.host_interfaces import HostFunction, HostInterface, ValueType
from whorl.errors import ManifestError, StoreError

INTERFACE = "whorl:host/key-value@0.1.0"

_logger = logging.getLogger(__name__)

_KEY = (ValueType.STRING,)
_FUNCTIONS: Mapping[str, tuple[Callable[..., bytes], tuple[ValueType, ...]]] = {
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


class KeyValueStores(Mapping[str, Store]):
    """The key-value stores of an application, by label; a context manager, or closed by `close`."""

    def __init__(self, stores: Mapping[str, Store], close: Callable[[], None]) -> None:
        self._stores = stores
        self._close = close

    @classmethod
    def open(cls, configurations: Mapping[str, StoreConfiguration], now: Clock = wall_clock) -> Self:
        """Open every store that is configured.

        Raises:
            StoreError: a store cannot be opened, or its type is unknown.
        """
        backends: dict[StoreConfiguration, Backend] = {}
        stores: dict[str, Store] = {}
        with ExitStack() as opened:
            for label, configuration in configurations.items():
                if configuration not in backends:
                    backends[configuration] = _open_backend(label, configuration, now)
                    opened.callback(backends[configuration].close)
                stores[label] = backends[configuration].store(label)
            return cls(stores, opened.pop_all().close)

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
        stores = {label.encode(): self._store(component, label) for label in granted}
        return HostInterface(
            INTERFACE,
            tuple(
                HostFunction(
                    name,
                    (ValueType.STRING, *params),
                    ValueType.STRING,
                    _restricted(operation, stores, component),
                )
                for name, (operation, params) in _FUNCTIONS.items()
            ),
        )

    def _store(self, component: str, label: str) -> Store:
        store = self._stores.get(label)
        if store is None:
            raise ManifestError(
                f"component `{component}`: key-value store `{label}` is not declared; {_cure(label, self._stores)}"
            )
        return store


def _open_backend(label: str, configuration: StoreConfiguration, now: Clock) -> Backend:
    opener = BACKENDS.get(configuration.type)
    if opener is None:
        known = ", ".join(f"`{name}`" for name in BACKENDS)
        raise StoreError(f"key-value store `{label}`: its type `{configuration.type}` is unknown; use one of {known}")
    return opener(configuration, now)


def _restricted(operation: Callable[..., bytes], stores: Mapping[bytes, Store], component: str) -> Callable[..., bytes]:
    """Return the host function that does `operation` on the store named first, if it is one of `stores`."""

    def call(_instance: object, label: bytes, *arguments: bytes | int) -> bytes:
        store = stores.get(label)
        if store is None:
            return b"xaccess-denied"
        try:
            return operation(store, *arguments)
        except StoreFailure as failure:
            # What the backend could not do is the operator's business too; what the guest did wrong is not.
            if failure.__cause__ is not None:
                _logger.warning("component `%s`: key-value store `%s`: %s", component, label.decode(), failure)
            return b"xother\n" + str(failure).encode(errors="replace")

    return call


def _cure(label: str, declared: Iterable[str]) -> str:
    near = get_close_matches(label, declared, n=1)
    if near:
        return f"did you mean `{near[0]}`?"
    return f"there is {', '.join(f'`{name}`' for name in declared)} only; use that in `key_value_stores`"

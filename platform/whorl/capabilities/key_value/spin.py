"""Spin's interface, `fermyon:spin/key-value@2.0.0`, and its first form, which has no version."""

from functools import partial

from whorl.capabilities.key_value.granted import GrantedStore, GrantedStores, MaybeLater, granted
from whorl.capabilities.key_value.open_stores import OpenStore, same, texts_of
from whorl.values import Err

_MOST_OPEN = 256
"""Stores that may be open at once by the interface without a version, as in Spin."""


class SpinKeyValue:
    """`fermyon:spin/key-value@2.0.0`, for one component."""

    def __init__(self, stores: GrantedStores) -> None:
        class Store(OpenStore):
            """Resource `store`."""

            __slots__ = ()

            @staticmethod
            def open(label: str) -> "Store":
                """Open the store with this label."""
                return granted(opened, label)

            def get_keys(self) -> MaybeLater[list[str]]:
                """Return all keys."""
                return self.granted.gather(self.granted.store.read_keys(), texts_of, same)

        opened = {label: Store(granted=store) for label, store in stores.items()}
        self.Store = Store


class UnversionedKeyValue:
    """`fermyon:spin/key-value`, for one guest: stores are integers, a missing key is an error."""

    def __init__(self, stores: GrantedStores) -> None:
        self._stores = stores
        self._open: list[OpenStore | None] = []

    def open(self, name: str) -> int:
        """Open the store with this label; the integer is its index."""
        opened = OpenStore(granted=granted(self._stores, name).failing_with(_io))
        if None in self._open:
            index = self._open.index(None)
            self._open[index] = opened
            return index
        if len(self._open) == _MOST_OPEN:
            raise Err("store-table-full")
        self._open.append(opened)
        return len(self._open) - 1

    def get(self, store: int, key: str) -> MaybeLater[bytes]:
        """Return the value of `key`."""
        found = self._opened(store).granted
        return found.do(partial(_value, found, key.encode()))

    def set(self, store: int, key: str, value: bytes) -> MaybeLater[None]:
        """Set `key` to `value`."""
        return self._opened(store).set(key, value)

    def delete(self, store: int, key: str) -> MaybeLater[None]:
        """Delete `key`, if it is there."""
        return self._opened(store).delete(key)

    def exists(self, store: int, key: str) -> MaybeLater[bool]:
        """Tell whether `key` has a value."""
        return self._opened(store).exists(key)

    def get_keys(self, store: int) -> MaybeLater[list[str]]:
        """Return all keys."""
        found = self._opened(store).granted
        return found.gather(found.store.read_keys(), texts_of, same)

    def close(self, store: int) -> None:
        """Make room for another."""
        if store < len(self._open):
            self._open[store] = None

    def _opened(self, store: int) -> OpenStore:
        found = self._open[store] if store < len(self._open) else None
        if found is None:
            raise Err("invalid-store")
        return found


def _value(opened: GrantedStore, key: bytes) -> bytes:
    value = opened.store.get(key)
    if value is None:
        raise Err("no-such-key")
    return value


def _io(text: str) -> object:
    return ("io", text)

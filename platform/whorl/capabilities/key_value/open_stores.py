"""What an open store can do, whichever interface it was opened by."""

from functools import partial
from typing import TypeVar

from whorl.capabilities.key_value.granted import GrantedStore, MaybeLater

T = TypeVar("T")


class OpenStore:
    """A store that a guest has opened: what `store` of Spin and `bucket` of WASI have in common.

    Its methods are called by guests; each may raise `Err`.

    Attributes:
        granted: the store.
    """

    __slots__ = ("granted",)

    def __init__(self, *, granted: GrantedStore) -> None:  # by keyword, so that guests cannot make one
        self.granted = granted

    def get(self, key: str) -> MaybeLater[bytes | None]:
        """Return the value of `key`, None where there is none."""
        return self.granted.do(partial(self.granted.store.get, key.encode()))

    def set(self, key: str, value: bytes) -> MaybeLater[None]:
        """Set `key` to `value`."""
        return self.granted.do(partial(self.granted.store.set, key.encode(), value))

    def delete(self, key: str) -> MaybeLater[None]:
        """Delete `key`, if it is there."""
        return self.granted.do(partial(self.granted.store.delete, key.encode()))

    def exists(self, key: str) -> MaybeLater[bool]:
        """Tell whether `key` has a value."""
        return self.granted.do(partial(self.granted.store.exists, key.encode()))


def same(items: T) -> T:
    """Return `items`."""
    return items


def texts_of(keys: list[bytes]) -> list[str]:
    """Return keys as guests see them."""
    return [key.decode(errors="replace") for key in keys]

"""The stores that one component may use, and what its calls come to: a value, an error value, or a while of waiting."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias, TypeVar

from whorl.capabilities.key_value.failures import StoreBusy, StoreFailure
from whorl.capabilities.key_value.locks import LockQueue
from whorl.capabilities.key_value.readings import Item, Reading
from whorl.capabilities.key_value.stores import Store
from whorl.values import Err

_logger = logging.getLogger(__name__)

T = TypeVar("T")
U = TypeVar("U")

MaybeLater: TypeAlias = T | Awaitable[T]
"""A result, or one to wait for."""


def other(text: str) -> object:
    """Return the error that most interfaces have for what has no name."""
    return ("other", text)


class GrantedStore:
    """A store that a component may use, by one of the interfaces.

    Args:
        component: its id, for the log.
        label: of the store.
        store: the same.
        queue: of calls that wait for the store's lock.
        error_of: makes the interface's error of a text.

    Attributes:
        store: the same.
    """

    __slots__ = ("_component", "_error_of", "_label", "_queue", "store")

    def __init__(
        self, component: str, label: str, store: Store, queue: LockQueue, error_of: Callable[[str], object] = other
    ) -> None:
        self.store = store
        self._component = component
        self._label = label
        self._queue = queue
        self._error_of = error_of

    def failing_with(self, error_of: Callable[[str], object]) -> "GrantedStore":
        """Return the same store for an interface that has other errors."""
        return GrantedStore(self._component, self._label, self.store, self._queue, error_of)

    def do(self, attempt: Callable[[], T]) -> MaybeLater[T]:
        """Return what `attempt`, a call of the store, returns; where the store is locked, once it is not.

        Raises:
            Err: the store failed.
        """
        try:
            return attempt()
        except StoreBusy:
            return self._asked(attempt)
        except StoreFailure as failure:
            raise self._error(failure) from failure

    async def _asked(self, attempt: Callable[[], T]) -> T:
        try:
            return await self._queue.ask(attempt)
        except StoreFailure as failure:
            raise self._error(failure) from failure

    def gather(
        self, reading: Reading[Any, Item], convert: Callable[[list[Item]], list[T]], then: Callable[[list[T]], U]
    ) -> MaybeLater[U]:
        """Return what `then` makes of all of a reading, at once if it is short; each slice is converted by itself.

        Raises:
            Err: the store failed.
        """
        items: list[T] = []
        try:
            items += convert(reading.read())
        except StoreBusy:
            pass
        except StoreFailure as failure:
            raise self._error(failure) from failure
        return then(items) if reading.is_done else self._gathered(reading, items, convert, then)

    async def _gathered(
        self,
        reading: Reading[Any, Item],
        items: list[T],
        convert: Callable[[list[Item]], list[T]],
        then: Callable[[list[T]], U],
    ) -> U:
        while not reading.is_done:
            await asyncio.sleep(0)
            slice_ = self.do(reading.read)
            items += convert(await slice_ if isinstance(slice_, Awaitable) else slice_)
        return then(items)

    def _error(self, failure: StoreFailure) -> Err:
        # What the backend could not do is the operator's business too; what the guest did wrong is not.
        if failure.__cause__ is not None:
            _logger.warning("component `%s`: key-value store `%s`: %s", self._component, self._label, failure)
        return Err(self._error_of(str(failure).encode(errors="replace").decode()))


GrantedStores = Mapping[str, GrantedStore]
"""The stores that a component may use, by label."""


def granted(stores: Mapping[str, T], label: str) -> T:
    """Return the store with this label.

    Raises:
        Err: there is none that the component may use; whether there is one it is not told.
    """
    found = stores.get(label)
    if found is None:
        raise Err("access-denied")
    return found

"""`wasi:keyvalue@0.2.0-draft2`: the interfaces `store`, `batch` and `atomics`; and whorl's own, `time-to-live`."""

from functools import partial
from typing import NamedTuple, Self

from whorl.capabilities.key_value.granted import GrantedStores, MaybeLater, granted
from whorl.capabilities.key_value.open_stores import OpenStore, same, texts_of
from whorl.values import Err


class KeyResponse(NamedTuple):
    """Record `key-response`."""

    keys: list[str]
    cursor: str | None


class OpenBucket(OpenStore):
    """Resource `bucket`."""

    __slots__ = ()

    def list_keys(self, cursor: str | None) -> MaybeLater[KeyResponse]:
        """Return all keys; there is no second page."""
        if cursor is not None:
            raise Err(("other", "list_keys: cursor not supported"))
        reading = self.granted.store.read_keys()
        return self.granted.gather(reading, texts_of, lambda keys: KeyResponse(keys, None))


class WasiStore:
    """Interface `store`, for one component."""

    Bucket = OpenBucket

    def __init__(self, stores: GrantedStores) -> None:
        self._buckets = {label: OpenBucket(granted=store) for label, store in stores.items()}

    def open(self, identifier: str) -> OpenBucket:
        """Open the store with this label."""
        return granted(self._buckets, identifier)


class WasiBatch:
    """Interface `batch`."""

    def get_many(self, bucket: OpenBucket, keys: list[str]) -> MaybeLater[list[tuple[str, bytes | None]]]:
        """Return each of `keys`, in their order, with its value."""
        reading = bucket.granted.store.read_many([key.encode() for key in keys])
        return bucket.granted.gather(reading, same, lambda values: list(zip(keys, values, strict=True)))

    def set_many(self, bucket: OpenBucket, key_values: list[tuple[str, bytes]]) -> MaybeLater[None]:
        """Set all of them, or none."""
        entries = [(key.encode(), value) for key, value in key_values]
        return bucket.granted.do(partial(bucket.granted.store.set_many, entries))

    def delete_many(self, bucket: OpenBucket, keys: list[str]) -> MaybeLater[None]:
        """Delete those that are there, or none."""
        unwanted = [key.encode() for key in keys]
        return bucket.granted.do(partial(bucket.granted.store.delete_many, unwanted))


class CompareAndSwap:
    """Resource `cas`: a swap succeeds if the value is still what `current` saw last.

    One that was never asked for the current value expects nothing: its swap always writes, as in Spin.

    Attributes:
        bucket: where the value is.
        key: of the value.
        seen: what `current` saw, if it was called.
    """

    __slots__ = ("bucket", "key", "seen")

    def __init__(self, *, bucket: OpenBucket, key: str) -> None:  # by keyword, so that guests cannot make one
        self.bucket = bucket
        self.key = key.encode()
        self.seen: tuple[bytes | None] | None = None

    @classmethod
    def new(cls, bucket: OpenBucket, key: str) -> Self:
        """Begin a compare-and-swap."""
        return cls(bucket=bucket, key=key)

    def current(self) -> MaybeLater[bytes | None]:
        """Return the value."""
        return self.bucket.granted.do(self._look)

    def _look(self) -> bytes | None:
        value = self.bucket.granted.store.get(self.key)
        self.seen = (value,)
        return value


class WasiAtomics:
    """Interface `atomics`."""

    Cas = CompareAndSwap

    def increment(self, bucket: OpenBucket, key: str, delta: int) -> MaybeLater[int]:
        """Add to a counter, and return the sum."""
        return bucket.granted.do(partial(bucket.granted.store.increment, key.encode(), delta))

    def swap(self, cas: CompareAndSwap, value: bytes) -> MaybeLater[None]:
        """Set the value, if it is still the expected one; else the error has a handle that expects what it is now."""
        return cas.bucket.granted.failing_with(_store_error).do(partial(_swap, cas, value))


def _swap(cas: CompareAndSwap, value: bytes) -> None:
    store = cas.bucket.granted.store
    if cas.seen is None:
        store.set(cas.key, value)
        return
    mismatch = store.swap(cas.key, cas.seen[0], value)
    if mismatch is not None:
        cas.seen = (mismatch.value,)
        raise Err(("cas-failed", cas))


def _store_error(text: str) -> object:
    return ("store-error", ("other", text))


class TimeToLive:
    """`whorl:key-value/time-to-live@0.1.0`, for one component."""

    def __init__(self, stores: GrantedStores) -> None:
        self._stores = stores

    def set(self, store: str, key: str, value: bytes, milliseconds: int) -> MaybeLater[None]:
        """Set `key` to `value` for so long."""
        found = granted(self._stores, store)
        return found.do(partial(found.store.set, key.encode(), value, milliseconds))

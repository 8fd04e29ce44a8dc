"""How a store fails, and the one failure that all of them share: an answer that is too large."""

MAX_RESULT_BYTES = 128 * 1024 * 1024
"""The most that one call gives a guest, in bytes of keys or values; Spin has the same limit."""


class StoreFailure(Exception):  # noqa: N818 - `StoreError` is the operator's; this one is a value that the guest gets
    """A store could not do what was asked; the text is what the guest gets as `other`."""


class StoreBusy(StoreFailure):
    """Another process holds the store locked; nothing has changed, and the call may be made again later."""


def limited(total: int) -> int:
    """Return `total`, the bytes of a result so far.

    Raises:
        StoreFailure: the result is larger than a guest may get at once.
    """
    if total > MAX_RESULT_BYTES:
        raise StoreFailure(f"query result exceeds limit of {MAX_RESULT_BYTES} bytes")
    return total

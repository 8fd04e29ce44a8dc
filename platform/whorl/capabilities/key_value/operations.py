"""The functions of `whorl:host/key-value`, each for one store that the caller may use.

Arguments come from the sandbox: what does not follow the conventions of `host.wit` raises `MalformedError`, a trap.
"""

from whorl.capabilities.key_value.pending import Answer, in_parts
from whorl.capabilities.key_value.stores import Store
from whorl.engine.packing import MalformedError, decode_netstrings, encode_netstrings, is_utf8, pack, unpack

_NONE = b"n"


def open_store(_: Store) -> bytes:
    """Answer that the store is there."""
    return b""


def get(store: Store, key: bytes) -> bytes:
    """Answer the packed value of `key`, or that there is none."""
    return _packed(store.get(key))


def set_value(store: Store, key: bytes, value: bytes, ttl: int) -> bytes:
    """Set `key` to a packed value for `ttl` milliseconds; 0: for ever."""
    store.set(key, unpack(value), ttl)
    return b""


def delete(store: Store, key: bytes) -> bytes:
    """Delete `key`."""
    store.delete(key)
    return b""


def exists(store: Store, key: bytes) -> bytes:
    """Answer whether `key` has a value."""
    return b"y" if store.exists(key) else b"n"


def keys(store: Store) -> Answer:
    """Answer all keys."""
    return in_parts(b"k", store.read_keys(), encode_netstrings)


def get_many(store: Store, wanted: bytes) -> Answer:
    """Answer the packed value of each key, in order."""
    return in_parts(b"l", store.read_many(_keys(decode_netstrings(wanted))), _all_packed)


def set_many(store: Store, entries: bytes) -> bytes:
    """Set each key to the packed value that follows it."""
    strings = decode_netstrings(entries)
    if len(strings) % 2:
        raise MalformedError("the last key has no value")
    values = [unpack(value) for value in strings[1::2]]
    store.set_many(zip(_keys(strings[::2]), values, strict=True))
    return b""


def delete_many(store: Store, unwanted: bytes) -> bytes:
    """Delete each key."""
    store.delete_many(_keys(decode_netstrings(unwanted)))
    return b""


def increment(store: Store, key: bytes, delta: int) -> bytes:
    """Add to the counter `key` and answer the sum."""
    return b"i%d" % store.increment(key, delta)


def swap(store: Store, key: bytes, expected: bytes, value: bytes) -> bytes:
    """Set `key` to a packed value if its value is `expected` (packed, or `n`); else answer what it is."""
    mismatch = store.swap(key, None if expected == _NONE else unpack(expected), unpack(value))
    return b"" if mismatch is None else b"c" + _packed(mismatch.value)


def _all_packed(values: list[bytes | None]) -> bytes:
    return encode_netstrings(map(_packed, values))


def _packed(value: bytes | None) -> bytes:
    return _NONE if value is None else pack(value)


def _keys(strings: list[bytes]) -> list[bytes]:
    """Return `strings`, which are keys: a wrong length may have cut a character in two."""
    if not all(map(is_utf8, strings)):
        raise MalformedError("a key is not valid UTF-8")
    return strings

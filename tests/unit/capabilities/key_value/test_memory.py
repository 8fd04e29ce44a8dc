"""Stores in memory, beside what all stores have in common."""

from itertools import count

from whorl.capabilities.key_value.memory import MemoryBackend


def test_what_does_not_expire_is_there_while_the_clock_moves() -> None:
    ticks = count(1_000_000)
    store = MemoryBackend(lambda: next(ticks)).store("default")
    store.set(b"for ever", b"1")
    store.set(b"for a day", b"2", ttl=86_400_000)
    assert store.exists(b"for ever")
    assert store.get(b"for ever") == b"1"
    assert sorted(store.keys()) == [b"for a day", b"for ever"]

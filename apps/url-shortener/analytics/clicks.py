"""Counting clicks so that instances which count at the same time lose none.

Nothing is ever read, changed and written back: every figure is a counter of its own, which the storage raises by one in
a single step. What stands in the store for a link ``id``:

=========================== ====================================================================================
``clicks/<id>``             counter: all clicks
``clicks/<id>/<hour>``      counter: clicks of the hour that starts at ``hour`` (unix seconds)
``clicks/<id>/hours``       counter: how many entries the list of hours has
``clicks/<id>/hours/<n>``   entry ``n`` of the list of hours, from 1 on: an hour in decimal
``clicks/<id>/visitors``    counter: different visitors
``visitors/<id>/<visitor>`` counter: clicks of one visitor, who is a hash of address and user agent
=========================== ====================================================================================

An hour enters the list before its first click is counted. Two instances that do so at once list it twice, and one that
is stopped in between leaves a number without an entry, or an hour without clicks: reading copes with all three.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

T = TypeVar("T")

HOUR = 3600
BATCH = 512


class Entry(Protocol):
    """An entry of the store (``kv-store.kv-entry``)."""

    @property
    def value(self) -> bytes:
        """The entry's bytes; of a counter eight, little-endian."""


class Store(Protocol):
    """The functions of ``kv-store`` and ``counters`` that counting needs."""

    def get(self, key: str) -> Entry | None:
        """The entry under a key."""

    def get_batch(self, keys: list[str]) -> Sequence[Entry | None]:
        """The entries under the keys, in their order."""

    def put(self, key: str, value: bytes) -> None:
        """Puts an entry that never expires."""

    def next(self, key: str) -> int:
        """Adds one to a counter and gives the sum."""


@dataclass(frozen=True)
class Click:
    """One visit of a link; ``timestamp`` in unix seconds."""

    url_id: str
    timestamp: int
    ip: str | None = None
    user_agent: str | None = None


@dataclass(frozen=True)
class Figures:
    """What is known of a link; ``by_hour`` holds each hour's start (unix seconds) and clicks, oldest first."""

    total: int
    unique: int
    by_hour: list[tuple[int, int]]


def track(store: Store, click: Click) -> None:
    """Counts one click."""
    prefix = f"clicks/{click.url_id}"
    hour = click.timestamp - click.timestamp % HOUR
    if store.get(f"{prefix}/{hour}") is None:
        number = store.next(f"{prefix}/hours")
        store.put(f"{prefix}/hours/{number}", str(hour).encode())
    if store.next(f"visitors/{click.url_id}/{_visitor(click)}") == 1:
        store.next(f"{prefix}/visitors")
    store.next(f"{prefix}/{hour}")
    store.next(prefix)


def figures(store: Store, url_id: str) -> Figures:
    """Reads what has been counted for a link: all zeros when nothing has."""
    prefix = f"clicks/{url_id}"
    unique, entries = (_count(entry) for entry in store.get_batch([f"{prefix}/visitors", f"{prefix}/hours"]))
    listed = _read(store, [f"{prefix}/hours/{number}" for number in range(1, entries + 1)], _hour)
    hours = sorted({hour for hour in listed if hour is not None})
    clicks = _read(store, [f"{prefix}/{hour}" for hour in hours], _count)
    by_hour = [(hour, count) for hour, count in zip(hours, clicks, strict=True) if count]
    return Figures(sum(count for _, count in by_hour), unique, by_hour)


def _visitor(click: Click) -> str:
    """Names a visitor without telling who it is, and differently for each link."""
    identity = "\0".join((click.url_id, click.ip or "", click.user_agent or ""))
    return hashlib.blake2s(identity.encode(), digest_size=12).hexdigest()


def _read(store: Store, keys: list[str], parse: Callable[[Entry | None], T]) -> list[T]:
    batches = (keys[start : start + BATCH] for start in range(0, len(keys), BATCH))
    return [parse(entry) for batch in batches for entry in store.get_batch(batch)]


def _count(entry: Entry | None) -> int:
    return 0 if entry is None else int.from_bytes(entry.value, "little")


def _hour(entry: Entry | None) -> int | None:
    return None if entry is None else int(entry.value)

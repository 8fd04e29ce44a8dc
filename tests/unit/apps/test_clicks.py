"""How the analytics component of the URL shortener counts, over a store in memory."""

import importlib.util
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

import pytest

SOURCE = Path(__file__).parents[3] / "apps" / "url-shortener" / "analytics" / "clicks.py"
HOUR = 1_699_999_200


class StoppedError(Exception):
    """The instance was stopped where the test wanted it."""


@dataclass
class Entry:
    value: bytes


@dataclass
class MemoryStore:
    """A store whose calls can be interrupted: `before` is called with each key that is about to change."""

    entries: dict[str, bytes] = field(default_factory=dict)
    batches: list[int] = field(default_factory=list)
    before: Callable[[str], None] = lambda _key: None

    def get(self, key: str) -> Entry | None:
        value = self.entries.get(key)
        return None if value is None else Entry(value)

    def get_batch(self, keys: list[str]) -> list[Entry | None]:
        self.batches.append(len(keys))
        return [self.get(key) for key in keys]

    def put(self, key: str, value: bytes) -> None:
        self.before(key)
        self.entries[key] = value

    def next(self, key: str) -> int:
        self.before(key)
        count = int.from_bytes(self.entries.get(key, b""), "little") + 1
        self.entries[key] = count.to_bytes(8, "little")
        return count


@pytest.fixture(scope="module")
def clicks() -> ModuleType:
    """Give the component's module, which is part of no package."""
    spec = importlib.util.spec_from_file_location("clicks", SOURCE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["clicks"] = module
    spec.loader.exec_module(module)
    return module


def click(clicks: ModuleType, store: MemoryStore, seconds: int = 0, ip: str | None = "192.0.2.1") -> None:
    clicks.track(store, clicks.Click("aB3xYz9", HOUR + seconds, ip, "agent"))


def test_a_link_without_clicks_has_zeros(clicks: ModuleType) -> None:
    assert clicks.figures(MemoryStore(), "aB3xYz9") == clicks.Figures(0, 0, [])


def test_clicks_are_summed_by_hour_oldest_first(clicks: ModuleType) -> None:
    store = MemoryStore()
    for seconds in (7200, 0, 3599, 3600):
        click(clicks, store, seconds)
    assert clicks.figures(store, "aB3xYz9").by_hour == [(HOUR, 2), (HOUR + 3600, 1), (HOUR + 7200, 1)]
    assert clicks.figures(store, "aB3xYz9").total == 4


def test_the_counter_of_all_clicks_stands_where_the_shortener_looks(clicks: ModuleType) -> None:
    store = MemoryStore()
    click(clicks, store)
    assert store.entries["clicks/aB3xYz9"] == (1).to_bytes(8, "little")


def test_links_are_counted_apart(clicks: ModuleType) -> None:
    store = MemoryStore()
    click(clicks, store)
    assert clicks.figures(store, "other").total == 0


@pytest.mark.parametrize(
    ("visitors", "unique"),
    [
        ([("192.0.2.1", "a"), ("192.0.2.1", "a")], 1),
        ([("192.0.2.1", "a"), ("192.0.2.2", "a")], 2),
        ([("192.0.2.1", "a"), ("192.0.2.1", "b")], 2),
        ([(None, None), (None, None)], 1),
        ([("ab", "c"), ("a", "bc")], 2),
    ],
)
def test_a_visitor_is_a_pair_of_address_and_agent(
    clicks: ModuleType, visitors: list[tuple[str | None, str | None]], unique: int
) -> None:
    store = MemoryStore()
    for ip, agent in visitors:
        clicks.track(store, clicks.Click("aB3xYz9", HOUR, ip, agent))
    assert clicks.figures(store, "aB3xYz9").unique == unique


def test_no_address_is_stored(clicks: ModuleType) -> None:
    store = MemoryStore()
    click(clicks, store)
    assert not any("192.0.2.1" in key or b"192.0.2.1" in value for key, value in store.entries.items())


def test_no_click_is_lost_when_another_instance_counts_in_between(clicks: ModuleType) -> None:
    """Interleave a whole click of another instance before every change that a click makes."""
    alone = MemoryStore()
    changes: list[str] = []
    alone.before = changes.append
    click(clicks, alone)
    assert len(changes) >= 4

    for at in range(len(changes)):
        store = MemoryStore()
        seen: list[str] = []

        def interleave(key: str, store: MemoryStore = store, at: int = at, seen: list[str] = seen) -> None:
            seen.append(key)
            if len(seen) == at + 1:
                store.before = lambda _key: None
                click(clicks, store, ip="192.0.2.2")

        store.before = interleave
        click(clicks, store)
        assert clicks.figures(store, "aB3xYz9") == clicks.Figures(2, 2, [(HOUR, 2)])


def test_an_instance_that_is_stopped_half_way_spoils_nothing(clicks: ModuleType) -> None:
    for at in range(6):
        store = MemoryStore()
        seen: list[str] = []

        def stop(key: str, seen: list[str] = seen, at: int = at) -> None:
            seen.append(key)
            if len(seen) == at + 1:
                raise StoppedError

        store.before = stop
        with pytest.raises(StoppedError):
            click(clicks, store)
        store.before = lambda _key: None
        click(clicks, store, seconds=60)
        click(clicks, store, seconds=3600)
        figures = clicks.figures(store, "aB3xYz9")
        assert figures.total in {2, 3}
        assert [hour for hour, _ in figures.by_hour] == [HOUR, HOUR + 3600]
        assert figures.total == sum(count for _, count in figures.by_hour)


def test_many_hours_are_read_in_batches(clicks: ModuleType) -> None:
    store = MemoryStore()
    hours = 2 * clicks.BATCH + 1
    for hour in range(hours):
        click(clicks, store, hour * 3600)
    store.batches.clear()
    assert len(clicks.figures(store, "aB3xYz9").by_hour) == hours
    assert max(store.batches) == clicks.BATCH
    assert len(store.batches) == 1 + 2 * 3

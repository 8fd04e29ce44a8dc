"""The end of a guest whose instance goes on: nothing of it is left, and the next begins as the first did."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from typing import ClassVar
from weakref import WeakSet

import pytest

from whorl.engine.bridges.bridge import Bridge
from whorl.engine.bridges.descriptions import BridgeDescription
from whorl.engine.bridges.per_guest import PerGuest
from whorl.engine.cache import CompiledCache
from whorl.engine.components import LinkedComponent
from whorl.engine.compositions import ComponentSource, Composition
from whorl.engine.engines import Engine
from whorl.engine.host_interfaces import HostInterface
from whorl.engine.instances import Instance, instantiate
from whorl.engine.limits import InstanceLimits
from whorl.engine.loading import ComponentLoader
from whorl.engine.traps import Trap

pytestmark = pytest.mark.anyio

INTERFACE = "test:shelves/host@1.0.0"

OPEN, COUNT, DROP, WAIT = 1, 2, 3, 4
"""What the guest may be told to do with the one handle that it has, which `OPEN` forgets."""

GUEST = f"""(component
  (import "{INTERFACE}" (instance $host
    (export "shelf" (type $shelf (sub resource)))
    (export "next" (func (result u32)))
    (export "open" (func (result (own $shelf))))
    (export "wait" (func (result (own $shelf))))
    (export "[method]shelf.count" (func (param "self" (borrow $shelf))))))
  (alias export $host "shelf" (type $shelf))
  (core func $next (canon lower (func $host "next")))
  (core func $open (canon lower (func $host "open")))
  (core func $wait (canon lower (func $host "wait")))
  (core func $count (canon lower (func $host "[method]shelf.count")))
  (core func $drop (canon resource.drop $shelf))
  (core module $code
    (import "host" "next" (func $next (result i32)))
    (import "host" "open" (func $open (result i32)))
    (import "host" "wait" (func $wait (result i32)))
    (import "host" "count" (func $count (param i32)))
    (import "host" "drop" (func $drop (param i32)))
    (global $held (mut i32) (i32.const 0))
    (func (export "run") (local $what i32)
      (local.set $what (call $next))
      (if (i32.eq (local.get $what) (i32.const {OPEN})) (then (global.set $held (call $open))))
      (if (i32.eq (local.get $what) (i32.const {COUNT})) (then (call $count (global.get $held))))
      (if (i32.eq (local.get $what) (i32.const {DROP})) (then (call $drop (global.get $held))))
      (if (i32.eq (local.get $what) (i32.const {WAIT})) (then (global.set $held (call $wait))))))
  (core instance $run (instantiate $code (with "host" (instance
    (export "next" (func $next)) (export "open" (func $open)) (export "wait" (func $wait))
    (export "count" (func $count)) (export "drop" (func $drop))))))
  (func (export "handle") (canon lift (core func $run "run"))))"""


class Shelf:
    """What the guest holds."""

    alive: ClassVar[WeakSet["Shelf"]] = WeakSet()
    counted = 0

    def __init__(self) -> None:
        self.alive.add(self)

    def count(self) -> None:
        self.counted += 1


_Shelf = Shelf


class Shelves:
    """What the guest calls."""

    Shelf = Shelf

    def __init__(self, orders: list[int], one: "list[_Shelf]", events: list[str]) -> None:
        self._orders = orders
        self._one = one
        self._events = events

    def next(self) -> int:
        self._events.append("next of a new one" if not hasattr(self, "asked") else "next")
        self.asked = True
        return self._orders.pop(0)

    def open(self) -> "_Shelf":
        return self._one[0] if self._one else Shelf()

    async def wait(self) -> "_Shelf":
        self._events.append("waiting")
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        self._events.append("cancelled")
        return Shelf()


class Told:
    """An instance whose guest is told what to do."""

    def __init__(self, instance: Instance, orders: list[int]) -> None:
        self.instance = instance
        self._orders = orders

    async def to(self, *orders: int) -> None:
        for order in orders:
            self._orders[:] = [order]
            await self.instance.call()


End = Callable[[Instance], None]
Linked = tuple[LinkedComponent, list[int], list[str], HostInterface]


@pytest.fixture(scope="module")
def loader(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> ComponentLoader:
    return ComponentLoader(engine, CompiledCache(tmp_path_factory.mktemp("cache")))


@pytest.fixture(params=["held", "lasting"])
def linked(request: pytest.FixtureRequest, engine: Engine, loader: ComponentLoader) -> Iterator[Linked]:
    """Give the guest with shelves that it alone holds, and with one that lasts longer than any guest."""
    is_lasting = request.param == "lasting"
    lasting = (f"{INTERFACE}/shelf",) if is_lasting else ()
    sources = (ComponentSource("guest", GUEST.encode()),)
    code, (description,), _ = loader.load("guest", Composition(sources, hosted=(INTERFACE,), lasting=lasting))
    orders: list[int] = []
    events: list[str] = []
    shelves = PerGuest(Shelves, (orders, [Shelf()] if is_lasting else [], events))
    bridge = Bridge("guest", BridgeDescription.from_json(description.description), {INTERFACE: shelves}, set())
    linked = LinkedComponent(engine, "guest", code, [bridge.interface()])
    yield linked, orders, events, bridge.interface()
    linked.close()


@pytest.fixture
async def told(linked: Linked) -> AsyncIterator[Told]:
    component, orders, _, _ = linked
    instance = await instantiate(component, InstanceLimits())
    yield Told(instance, orders)
    instance.close()


@pytest.mark.parametrize("before", [0, 5])
async def test_handles_of_before_are_invalid(told: Told, before: int) -> None:
    await told.to(OPEN, *[COUNT] * before)
    told.instance.end_guest()
    with pytest.raises(Trap, match="cannot be read"):
        await told.to(COUNT)


async def test_the_next_guest_begins_anew(told: Told, linked: Linked) -> None:
    for _ in range(5):
        await told.to(OPEN, COUNT, COUNT)
        told.instance.end_guest()
    assert linked[2] == ["next of a new one", "next", "next"] * 5


async def test_a_handle_of_before_is_never_one_of_afterwards(told: Told) -> None:
    await told.to(OPEN)
    told.instance.end_guest()
    await told.to(DROP, OPEN, COUNT)  # it drops the old one, and only that
    told.instance.end_guest()
    with pytest.raises(Trap):
        await told.to(COUNT)


@pytest.mark.parametrize("linked", ["held"], indirect=True)
@pytest.mark.parametrize("end", [Instance.end_guest, Instance.close])
async def test_objects_are_let_go(told: Told, end: End) -> None:
    Shelf.alive.clear()
    await told.to(OPEN, OPEN, COUNT)
    assert len(Shelf.alive) == 2
    end(told.instance)
    assert not Shelf.alive


@pytest.mark.parametrize("linked", ["held"], indirect=True)
@pytest.mark.parametrize("end", [Instance.end_guest, Instance.close])
async def test_what_is_under_way_is_cancelled(told: Told, linked: Linked, end: End) -> None:
    Shelf.alive.clear()
    calling = asyncio.ensure_future(told.to(WAIT))
    await asyncio.sleep(0.01)
    assert linked[2][-1] == "waiting"
    calling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await calling
    end(told.instance)
    for _ in range(5):
        await asyncio.sleep(0)
    assert linked[2][-1] == "cancelled"
    assert not Shelf.alive  # what it gave after that is nobody's
    assert not told.instance.tasks.ready_among(frozenset(range(1000)))


async def test_the_bridges_memory_is_the_instances(told: Told) -> None:
    memories = told.instance.memories
    located, live = memories.located, memories.live
    await told.to(OPEN, *[COUNT] * 3)
    assert (memories.located, memories.live) == (located + 1, live + 1)
    for _ in range(3):
        told.instance.end_guest()
        await told.to(OPEN, COUNT)
    assert (memories.located, memories.live) == (located + 1, live + 1)
    told.instance.close()
    assert memories.live == live


async def test_a_bridge_that_begins_anew_is_looked_for_again(told: Told, linked: Linked) -> None:
    await told.to(OPEN, *[COUNT] * 3)
    memories = told.instance.memories
    live = memories.live
    [challenge] = [function for function in linked[3].functions if function.name == "challenge"]
    assert len(challenge.call(told.instance)) == 32
    assert memories.live == live - 1

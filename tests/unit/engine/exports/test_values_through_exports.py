"""Values of any type, from Python to functions that a guest exports and back, by a generated caller and codecs."""

from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from identity_guests import INTERFACE, PADDING
from passing_guests import EXPORTED, passing_guest
from wit_values import MadeUpTypes, MadeUpValues

from whorl.engine.bridges.bridge import Bridge
from whorl.engine.bridges.descriptions import BridgeDescription
from whorl.engine.bridges.layouts import MAX_FLAT_PARAMS
from whorl.engine.bridges.records import RecordTypes
from whorl.engine.bridges.types import Result, Type
from whorl.engine.cache import CompiledCache
from whorl.engine.components import LinkedComponent
from whorl.engine.compositions import ComponentSource, Composition
from whorl.engine.engines import Engine
from whorl.engine.exports.descriptions import CallerDescription
from whorl.engine.exports.exports import Exports
from whorl.engine.instances import instantiate
from whorl.engine.limits import InstanceLimits
from whorl.engine.loading import ComponentLoader
from whorl.engine.memories import Memories
from whorl.values import Err, Ok

pytestmark = pytest.mark.anyio

TYPES = 40
"""In one guest."""

VALUES = 2500
"""Of the types of one guest."""

SEEDS = range(8)
HIDDEN = range(2)
"""Seeds that are tried again where the host finds no memory."""


class Host:
    """Takes what the guest was given, and gives what it returns."""

    def __init__(self) -> None:
        self.value: Any = None
        self.is_result = False

    def __getattr__(self, name: str) -> Any:
        kind, _, _ = name.partition("_")
        if kind == "flat":
            return self._take
        if kind == "given":
            return self._give
        raise AttributeError(name)

    def _take(self, value: Any) -> None:
        self.value = value

    def _give(self) -> Any:
        if self.is_result and isinstance(self.value, Err):
            raise self.value
        return self.value.value if self.is_result else self.value


class Guest:
    """A guest, its types, and made-up values of these."""

    def __init__(self, engine: Engine, loader: ComponentLoader, seed: int) -> None:
        self.random = Random(seed)  # noqa: S311 - so that it can be repeated
        made_up = MadeUpTypes(self.random)
        self.types = [made_up.type() for _ in range(TYPES)]
        self.values = MadeUpValues(self.random, RecordTypes())
        self.host = Host()
        root = ComponentSource("guest", passing_guest(self.types).encode())
        code, (told,), caller = loader.load("guest", Composition((root,), hosted=(INTERFACE,), called=()))
        assert caller is not None
        self.exports = Exports("guest", CallerDescription.from_json(caller))
        bridge = Bridge("guest", BridgeDescription.from_json(told.description), {INTERFACE: self.host}, set())
        self.linked = LinkedComponent(engine, "guest", code, [bridge.interface(), self.exports.interface()])


@pytest.fixture(scope="module")
def loader(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> ComponentLoader:
    return ComponentLoader(engine, CompiledCache(tmp_path_factory.mktemp("cache")))


@pytest.fixture
def guest(request: pytest.FixtureRequest, engine: Engine, loader: ComponentLoader) -> Iterator[Guest]:
    guest = Guest(engine, loader, request.param)
    yield guest
    guest.linked.close()


async def passes(guest: Guest) -> None:
    instance = await instantiate(guest.linked, InstanceLimits())
    try:
        for number in guest.random.choices(range(TYPES), k=VALUES):
            kind = guest.types[number]
            value = guest.values.of(kind)
            function = f"{EXPORTED}#padded-{number}"
            assert await guest.exports.call(instance, function, (value, *PADDING)) == (value, *PADDING), kind
            if kind.flats <= MAX_FLAT_PARAMS:
                await guest.exports.call(instance, f"{EXPORTED}#flat-{number}", value)
                assert guest.host.value == value, kind
            guest.host.value, guest.host.is_result = value, isinstance(kind, Result)
            assert await outcome(guest, instance, number, kind) == value, kind
    finally:
        instance.close()


async def outcome(guest: Guest, instance: Any, number: int, kind: Type) -> Any:
    """Return what a function returns; where it is a `result`, as one."""
    try:
        returned = await guest.exports.call(instance, f"{EXPORTED}#whole-{number}")
    except Err as error:
        assert isinstance(kind, Result)
        return error
    return Ok(returned) if isinstance(kind, Result) else returned


@pytest.mark.holds_the_loop("many codecs that are made at once")
@pytest.mark.parametrize("guest", SEEDS, indirect=True)
async def test_a_guest_is_given_what_python_gives_and_returns_it(guest: Guest) -> None:
    await passes(guest)


@pytest.mark.holds_the_loop("many codecs that are made at once")
@pytest.mark.parametrize("guest", HIDDEN, indirect=True)
async def test_it_is_the_same_where_no_memory_is_found(guest: Guest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guest.linked.engine, "memories", Memories(None))
    await passes(guest)

"""Values of any type, from Python to a guest and back: through the engine, a generated bridge and generated codecs."""

from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from identity_guests import END, INTERFACE, PADDING, identity_guest
from wit_values import MadeUpTypes, MadeUpValues

from whorl.engine.bridges.bridge import Bridge
from whorl.engine.bridges.descriptions import BridgeDescription
from whorl.engine.bridges.records import RecordTypes
from whorl.engine.bridges.types import Type
from whorl.engine.cache import CompiledCache
from whorl.engine.components import LinkedComponent
from whorl.engine.compositions import ComponentSource, Composition
from whorl.engine.engines import Engine
from whorl.engine.instances import instantiate
from whorl.engine.limits import InstanceLimits
from whorl.engine.loading import ComponentLoader

pytestmark = pytest.mark.anyio

Linked = tuple[LinkedComponent, list[Type], "Mirror"]

TYPES = 40
"""In one guest."""

VALUES = 2500
"""Of the types of one guest."""

SEEDS = range(40)


class Mirror:
    """Gives values to a guest, and keeps what comes back."""

    def __init__(self, given: list[tuple[int, Any]]) -> None:
        self.given = given
        self.returned: list[Any] = []
        self.flat: list[tuple[int, Any]] = []
        self._at = -1

    def next(self) -> int:
        self._at += 1
        return self.given[self._at][0] if self._at < len(self.given) else END

    def __getattr__(self, name: str) -> Any:
        kind, _, _ = name.partition("_")
        if kind == "source":
            return lambda: (self.given[self._at][1], *PADDING)
        if kind == "sink":
            return lambda padded: self.returned.append(padded[0])
        if kind == "flat":
            return lambda value: self.flat.append((self._at, value))
        raise AttributeError(name)


@pytest.fixture(scope="module")
def loader(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> ComponentLoader:
    return ComponentLoader(engine, CompiledCache(tmp_path_factory.mktemp("cache")))


@pytest.fixture(params=SEEDS)
def linked(request: pytest.FixtureRequest, engine: Engine, loader: ComponentLoader) -> Iterator[Linked]:
    """Give a guest and the values that it is to give back."""
    random = Random(request.param)  # noqa: S311 - so that it can be repeated
    made_up = MadeUpTypes(random)
    types = [made_up.type() for _ in range(TYPES)]
    values = MadeUpValues(random, RecordTypes())
    numbers = random.choices(range(TYPES), k=VALUES)
    mirror = Mirror([(number, values.of(types[number])) for number in numbers])
    composition = Composition((ComponentSource("guest", identity_guest(types).encode()),), hosted=(INTERFACE,))
    code, (description,), _ = loader.load("guest", composition)
    bridge = Bridge("guest", BridgeDescription.from_json(description.description), {INTERFACE: mirror}, set())
    linked = LinkedComponent(engine, "guest", code, [bridge.interface()])
    yield linked, types, mirror
    linked.close()


@pytest.mark.holds_the_loop("thousands of values, in one call")
async def test_a_guest_gives_back_what_it_is_given(linked: Linked) -> None:
    component, types, mirror = linked
    instance = await instantiate(component, InstanceLimits())
    try:
        await instance.call()
    finally:
        instance.close()
    for (number, given), returned in zip(mirror.given, mirror.returned, strict=True):
        assert returned == given, types[number]
    assert mirror.flat
    for position, returned in mirror.flat:
        number, given = mirror.given[position]
        assert returned == given, types[number]

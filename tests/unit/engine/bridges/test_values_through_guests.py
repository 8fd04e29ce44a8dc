"""Values of any type, from Python to a guest and back: through the engine, a generated bridge and generated codecs."""

from pathlib import Path
from random import Random
from typing import Any

import pytest
from identity_guests import END, INTERFACE, PADDING, identity_guest
from wit_values import MadeUpTypes, MadeUpValues

from whorl.engine.bridges.bridge import Bridge
from whorl.engine.bridges.records import RecordTypes
from whorl.engine.bridges.types import Type
from whorl.engine.cache import CompiledCache
from whorl.engine.compositions import ComponentSource, Composition
from whorl.engine.engines import Engine
from whorl.engine.limits import InstanceLimits
from whorl.engine.loading import ComponentLoader

pytestmark = pytest.mark.anyio

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
        raise AttributeError(name)


@pytest.mark.parametrize("seed", SEEDS)
async def test_a_guest_gives_back_what_it_is_given(engine: Engine, tmp_path: Path, seed: int) -> None:
    random = Random(seed)  # noqa: S311 - so that it can be repeated
    made_up = MadeUpTypes(random)
    types = [made_up.type() for _ in range(TYPES)]
    values = MadeUpValues(random, RecordTypes())
    numbers = random.choices(range(TYPES), k=VALUES)
    mirror = Mirror([(number, values.of(types[number])) for number in numbers])
    await run(engine, tmp_path, types, mirror)
    for (number, given), returned in zip(mirror.given, mirror.returned, strict=True):
        assert returned == given, types[number]


async def run(engine: Engine, folder: Path, types: list[Type], mirror: Mirror) -> None:
    source = ComponentSource("guest", identity_guest(types).encode())
    composition = Composition((source,), hosted=(INTERFACE,))
    loader = ComponentLoader(engine, CompiledCache(folder))
    (description,) = loader.bridges("guest", composition)
    bridge = Bridge(description, {INTERFACE: mirror})
    linked = engine.link("guest", loader.load("guest", composition), [bridge.interface()])
    try:
        instance = await linked.instantiate(InstanceLimits())
        try:
            await instance.call()
        finally:
            instance.close()
    finally:
        linked.close()

"""The guest `depot` with a caller of its exports, over the WASI adapter, ready to be called."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from scripted_host import ScriptedHost

from whorl.capabilities.wasi.cli import cli
from whorl.capabilities.wasi.clocks import clocks
from whorl.capabilities.wasi.random import random
from whorl.engine.bridges.bridge import Bridge
from whorl.engine.bridges.descriptions import BridgeDescription
from whorl.engine.cache import CompiledCache
from whorl.engine.components import LinkedComponent
from whorl.engine.compositions import ComponentSource, Composition, Wasm
from whorl.engine.engines import Engine
from whorl.engine.exports.descriptions import CallerDescription
from whorl.engine.exports.exports import Exports
from whorl.engine.instances import Instance, instantiate
from whorl.engine.limits import InstanceLimits
from whorl.engine.loading import ComponentLoader
from whorl.guest import artefact_path

DEPOT = Path(__file__).parents[1] / "guests/depot.wasm"
DIRECTORY = "test:depot/directory@1.0.0"
GOODS = "test:depot/goods@1.0.0"


class Directory:
    """What the guest asks: it answers after some time.

    Attributes:
        asked: what has been asked for and not answered yet.
        cancelled: how many were given up.
    """

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.cancelled = 0

    async def find(self, id: int) -> str:  # noqa: A002 - the name in WIT
        """Return who has a number; number 0 is never found."""
        self.asked.append(id)
        try:
            await asyncio.sleep(0.01 if id else 3600)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        self.asked.remove(id)
        return f"number {id}"


class Output:
    """Keeps what the guest writes.

    Attributes:
        written: all of it, in pieces.
    """

    def __init__(self) -> None:
        self.written: list[bytes] = []

    def write(self, _component: str, _stream: str, data: bytes) -> None:
        """Keep a piece."""
        self.written.append(data)


class Depot:
    """One instance of the guest.

    Attributes:
        instance: the same.
        exports: what is called.
        directory: what it asks.
    """

    def __init__(self, instance: Instance, exports: Exports, directory: Directory) -> None:
        self.instance = instance
        self.exports = exports
        self.directory = directory

    async def __call__(self, function: str, *arguments: Any) -> Any:
        """Call a function by its name."""
        return await self.exports.call(self.instance, function, *arguments)


class LinkedDepot:
    """The guest, linked."""

    def __init__(self, linked: LinkedComponent, exports: Exports, directory: Directory, output: "Output") -> None:
        self.linked = linked
        self.output = output
        self._exports = exports
        self._directory = directory

    @asynccontextmanager
    async def open(self, limits: InstanceLimits | None = None) -> AsyncIterator[Depot]:
        """Instantiate it."""
        instance = await instantiate(self.linked, limits or InstanceLimits())
        try:
            yield Depot(instance, self._exports, self._directory)
        finally:
            instance.close()


@contextmanager
def linked_depot(engine: Engine, wasm: Wasm = DEPOT) -> Iterator[LinkedDepot]:
    """Compose, compile and link the guest, or another one that needs no more."""
    composition = Composition(
        (ComponentSource("depot", wasm),),
        (ComponentSource("wasi", artefact_path("wasi")),),
        hosted=(DIRECTORY,),
        called=(),
    )
    code, bridges, caller = ComponentLoader(engine, CompiledCache()).load("depot", composition)
    assert caller is not None
    exports, directory = Exports("depot", CallerDescription.from_json(caller)), Directory()
    bridged = [
        Bridge("depot", BridgeDescription.from_json(told.description), {DIRECTORY: directory}, set()).interface()
        for told in bridges
    ]
    output = Output()
    http = [each for each in ScriptedHost().interfaces() if "http" in each.name]  # of which nothing is called
    wasi = [clocks(), random(), cli({}, output), *http]
    linked = LinkedComponent(engine, "depot", code, [*wasi, *bridged, exports.interface()])
    yield LinkedDepot(linked, exports, directory, output)
    linked.close()

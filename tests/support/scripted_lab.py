"""The lab guest over a scripted host, with nothing of the HTTP trigger around it."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from scripted_host import Script, ScriptedHost

from whorl.engine.cache import CompiledCache
from whorl.engine.components import LinkedComponent
from whorl.engine.compositions import ComponentSource, Composition
from whorl.engine.engines import Engine
from whorl.engine.instances import Instance, instantiate
from whorl.engine.limits import InstanceLimits
from whorl.engine.loading import ComponentLoader
from whorl.engine.memories import Memories
from whorl.guest import artefact_path

LAB = Path(__file__).parents[1] / "guests/lab.wasm"


class ScriptedLab:
    """One instance of the lab guest over a scripted host."""

    def __init__(self, instance: Instance, host: ScriptedHost) -> None:
        self.instance = instance
        self.host = host

    async def serve(self, target: str, script: Script | None = None) -> list[str]:
        """Serve one request and return the names of the host functions that were called for it."""
        self.host.play(self.instance, target, script or Script())
        call = self.instance.call()
        if not call.step():
            await call.finish()
        return self.host.names()

    def body(self) -> str:
        """Return the body of the response, which was text and sent whole."""
        (response,) = self.host.arguments("respond")
        return bytes(response).partition(b"\r\r")[2].decode()


@contextmanager
def linked_lab(host: ScriptedHost, *, is_memory_found: bool = False) -> Iterator[LinkedComponent]:
    """Compose, compile and link the lab guest; where memories are not found, all bodies cross as strings."""
    composition = Composition(
        (ComponentSource("lab", LAB),),
        (ComponentSource("wasi", artefact_path("wasi")),),
        ComponentSource("driver", artefact_path("driver-http")),
    )
    with Engine() as engine:
        if not is_memory_found:
            engine.memories = Memories(None)
        component = ComponentLoader(engine, CompiledCache(None)).load("lab", composition).code
        linked = LinkedComponent(engine, "lab", component, list(host.interfaces()))
        yield linked
        linked.close()


@asynccontextmanager
async def scripted_lab(linked: LinkedComponent, host: ScriptedHost) -> AsyncIterator[ScriptedLab]:
    """Instantiate it."""
    instance = await instantiate(linked, InstanceLimits())
    yield ScriptedLab(instance, host)
    instance.close()

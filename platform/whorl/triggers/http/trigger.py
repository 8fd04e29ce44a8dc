"""The HTTP trigger: app scope. An app's services opened, its components prepared, their pools warm.

What requests then go to is the `HttpApplication` that it gives; the trigger is on no request's way.
"""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from whorl.app.locked import LockedApp
from whorl.app.preparation import (
    NoProgress,
    PreparedComponent,
    Progress,
    allowed_hosts,
    check_instances,
    link,
    pool_settings,
    prepare,
    report_unused,
)
from whorl.app.routes import RoutePattern
from whorl.capabilities.catalogue import Offer, Services
from whorl.capabilities.host_interfaces import HostInterfaces, load_implementations
from whorl.capabilities.key_value import KeyValueCapability, KeyValueStores, default_configurations
from whorl.capabilities.outbound_http.capability import OutboundClients, OutboundHttp
from whorl.capabilities.outbound_http.memory_client import MemoryHttpClient
from whorl.capabilities.outbound_http.network import network_client
from whorl.capabilities.wasi.cli import LogSink
from whorl.engine.loading import ComponentLoader
from whorl.engine.pool import InstancePool
from whorl.engine.runtimes import Runtime
from whorl.engine.traps import Trap
from whorl.errors import ComponentError
from whorl.triggers.http.application import HttpApplication
from whorl.triggers.http.chaining import Chain, ChainedApplication, drain
from whorl.triggers.http.executor import Executor
from whorl.triggers.http.host_interface import HTTP_SERVER
from whorl.triggers.http.uploads import Uploads

_DRIVER = "driver-http"
_GRACE = 30.0
_TOO_LITTLE_MEMORY = "exceeds memory limits"
_TOO_SMALL = "; raise its `memory` in `tool.whorl`"


@dataclass(frozen=True, slots=True)
class TriggerOptions:
    """What an app has of its own in this process.

    Attributes:
        state_dir: holds the default key-value store; None: kept in memory.
        host: the interfaces that Python implements; None: those that the manifest names.
    """

    state_dir: Path | None = None
    host: HostInterfaces | None = None


_NO_OPTIONS = TriggerOptions()


class HttpTrigger:
    """Runs an app's HTTP routes on a runtime that may run others. `async with` it, or `start` and `close`.

    Attributes:
        app: the app.
        pools: the instances, by component id.
        grace: seconds that requests between components get to end when it is closed.

    Args:
        app: as above.
        runtime: runs its components; must not be closed before the trigger is.
        logs: take what its guests write.
        options: what it has of its own.
        progress: is told which components are being prepared.
    """

    def __init__(
        self,
        app: LockedApp,
        runtime: Runtime,
        logs: LogSink,
        options: TriggerOptions = _NO_OPTIONS,
        progress: Progress | None = None,
    ) -> None:
        self.app = app
        self.pools: dict[str, InstancePool] = {}
        self.grace = _GRACE
        self._runtime = runtime
        self._logs = logs
        self._options = options
        self._progress = progress or NoProgress()
        self._executors: dict[str, Executor] = {}
        self._stack = AsyncExitStack()

    async def start(self) -> HttpApplication:
        """Compile, link and warm everything, and return what serves its routes; nothing is left open when it fails.

        Raises:
            ComponentError: a component cannot be prepared or instantiated.
            ManifestError: an implementation of an interface cannot be loaded.
            EngineError: fewer instances fit into this process than the manifest asks for.
            StoreError: the cache or a store cannot be used.
        """
        try:
            return await self._start()
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Wait for the requests under way, then close everything, last first."""
        await self._stack.aclose()

    async def __aenter__(self) -> HttpApplication:
        return await self.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _start(self) -> HttpApplication:
        app, engine = self.app, self._runtime.engine
        check_instances(app, engine.places.total)
        running: set[asyncio.Task[None]] = set()
        services = await self._open_services(running)
        loader = ComponentLoader(engine, self._runtime.cache)  # holds the tools: not for longer than this
        prepared = await prepare(app, loader, _DRIVER, self._progress, Offer.beside(services.host.implementations))
        for component, each in prepared.items():
            await self._serve(component, each, services)
        report_unused(services.host.implementations, prepared)
        self._stack.push_async_callback(self._drain, running)
        return HttpApplication(app, _routes(app), self._executors)

    async def _open_services(self, running: set[asyncio.Task[None]]) -> Services:
        """Open what the app's components share; their requests to each other are kept in `running`."""
        app, options = self.app, self._options
        host = options.host or HostInterfaces(load_implementations(app.host, app.folder))
        calls: set[asyncio.Task[None]] = set()
        await self._stack.enter_async_context(host.entered(calls))
        stores = self._stack.enter_context(KeyValueStores.open(default_configurations(options.state_dir)))
        network = network_client(allowed_hosts(component) for component in app.served_components())
        self._stack.push_async_callback(network.aclose)
        chain = Chain(self._executors, running)
        itself = ChainedApplication(self._executors, _routes(app), running)
        clients = OutboundClients(network, MemoryHttpClient(chain), MemoryHttpClient(itself))
        return Services(self._logs, KeyValueCapability(stores), OutboundHttp(clients), host, calls)

    async def _drain(self, running: set[asyncio.Task[None]]) -> None:
        await drain(running, self.grace)

    async def _serve(self, component: str, prepared: PreparedComponent, services: Services) -> None:
        """Make what one component has for itself: its link, its instances and what runs requests on them."""
        engine, locked = self._runtime.engine, self.app.components[component]
        linked = link(engine, locked, prepared, services, [HTTP_SERVER])
        self._stack.callback(linked.close)
        pool = InstancePool(linked, pool_settings(locked))
        self._stack.push_async_callback(pool.close)
        try:
            await pool.start()
        except Trap as trap:
            cure = _TOO_SMALL if _TOO_LITTLE_MEMORY in str(trap) else ""
            raise ComponentError(f"component `{component}` cannot be instantiated: {trap}{cure}") from trap
        self.pools[component] = pool
        places = max(1, min(locked.settings.max_instances, engine.places.total) // 2)
        uploads = Uploads(places, locked.settings.queue)
        self._executors[component] = Executor(
            component, pool, locked.settings.timeout, OutboundHttp.cancel_request, uploads
        )


def _routes(app: LockedApp) -> list[tuple[RoutePattern, str]]:
    return [
        (RoutePattern.parse(trigger.route), trigger.component) for trigger in app.triggers if trigger.route is not None
    ]

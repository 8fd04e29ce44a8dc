"""The HTTP trigger: an app's components prepared, their pools warm, and the ASGI application in front of them."""

import asyncio
import logging
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from whorl.app.locked import LockedApp
from whorl.app.preparation import NoProgress, Progress, allowed_hosts, check_instances, link, pool_settings, prepare
from whorl.app.routes import RoutePattern
from whorl.capabilities.catalogue import Services
from whorl.capabilities.key_value import KeyValueCapability, KeyValueStores, default_configurations
from whorl.capabilities.outbound_http.capability import OutboundClients, OutboundHttp
from whorl.capabilities.outbound_http.memory_client import MemoryHttpClient
from whorl.capabilities.outbound_http.network import network_client
from whorl.capabilities.wasi.cli import LogSink
from whorl.engine.cache import CompiledCache
from whorl.engine.engines import Engine
from whorl.engine.loading import CompiledComponent, ComponentLoader
from whorl.engine.pool import InstancePool
from whorl.engine.sharing import shared_engine
from whorl.engine.traps import Trap
from whorl.errors import ComponentError
from whorl.triggers.http.application import HttpApplication
from whorl.triggers.http.asgi import Receive, Scope, Send
from whorl.triggers.http.chaining import Chain, ChainedApplication, drain
from whorl.triggers.http.executor import BegunRequest, Executor
from whorl.triggers.http.host_interface import HTTP_SERVER
from whorl.triggers.http.messages import IncomingRequest
from whorl.triggers.http.responses import Reply, ResponseSink
from whorl.triggers.http.uploads import Uploads

logger = logging.getLogger(__name__)

_DRIVER = "driver-http"
_GRACE = 30.0
_TOO_LITTLE_MEMORY = "exceeds memory limits"
_TOO_SMALL = "; raise its `memory` in `tool.whorl`"


@dataclass(frozen=True, slots=True)
class TriggerOptions:
    """Where an app's trigger keeps things.

    Attributes:
        state_dir: holds the default key-value store; None: kept in memory.
        cache_dir: holds compiled components; None: the user's cache folder.
    """

    state_dir: Path | None = None
    cache_dir: Path | None = None


class HttpTrigger:
    """Runs an app's HTTP routes. `async with` it, or `start` and `close`; call it as an ASGI application between.

    Attributes:
        app: the app.
        pools: the instances, by component id.
        grace: seconds that requests between components get to end when it is closed.
    """

    def __init__(
        self, app: LockedApp, options: TriggerOptions, logs: LogSink, progress: Progress | None = None
    ) -> None:
        self.app = app
        self.pools: dict[str, InstancePool] = {}
        self.grace = _GRACE
        self._options = options
        self._logs = logs
        self._progress = progress or NoProgress()
        self._executors: dict[str, Executor] = {}
        self._application: HttpApplication | None = None
        self._stack = AsyncExitStack()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI scope."""
        if self._application is None:
            raise RuntimeError("the trigger has not been started")
        await self._application(scope, receive, send)

    def begin(self, request: IncomingRequest, scheme: bytes, client: bytes) -> Reply | BegunRequest | None:
        """Serve a request at once, as far as that goes; None when it has to go by `__call__`."""
        return None if self._application is None else self._application.begin(request, scheme, client)

    async def serve(self, request: IncomingRequest, scheme: bytes, client: bytes, sink: ResponseSink) -> None:
        """Serve a request to its end."""
        if self._application is None:
            raise RuntimeError("the trigger has not been started")
        await self._application.serve(request, scheme, client, sink)

    async def start(self) -> None:
        """Compile, link and warm everything; nothing is left open when it fails.

        Raises:
            ComponentError: a component cannot be prepared or instantiated.
            EngineError: fewer instances fit into this process than the manifest asks for.
            StoreError: the cache or a store cannot be used.
        """
        try:
            await self._start()
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Wait for the requests under way, then close everything, last first."""
        self._application = None
        await self._stack.aclose()

    def abandon(self) -> None:
        """Close everything that an event loop left behind which has ended: there is nothing to wait for any more."""
        if any(pool.is_busy for pool in self.pools.values()):
            # The loop was closed with requests under way. Their guests are suspended for good, and may not be freed.
            logger.warning("an event loop ended while requests were under way; what they held is not given back")
            return
        closing = self.close()
        try:
            closing.send(None)
        except StopIteration:
            return
        except RuntimeError as error:
            logger.debug("an event loop ended before all of an app was closed: %s", error)
        else:
            raise RuntimeError("closing waits for an event loop that has ended")

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _start(self) -> None:
        app, options = self.app, self._options
        stores = self._stack.enter_context(KeyValueStores.open(default_configurations(options.state_dir)))
        network = network_client(allowed_hosts(component) for component in app.served_components())
        self._stack.push_async_callback(network.aclose)
        engine = self._stack.enter_context(shared_engine())
        check_instances(app, engine.places.total)
        if engine.memories.hidden_because is not None:
            logger.warning("long bodies take several times as long: %s", engine.memories.hidden_because)
        loader = ComponentLoader(engine, CompiledCache(options.cache_dir))
        running: set[asyncio.Task[None]] = set()
        chain = Chain(self._executors, running)
        itself = ChainedApplication(self._executors, _routes(app), running)
        clients = OutboundClients(network, MemoryHttpClient(chain), MemoryHttpClient(itself))
        services = Services(self._logs, KeyValueCapability(stores), OutboundHttp(clients))
        compiled = await prepare(app, loader, _DRIVER, self._progress)
        for component, code in compiled.items():
            await self._serve(engine, component, code, services)
        self._stack.push_async_callback(self._drain, running)
        self._application = HttpApplication(app, _routes(app), self._executors)

    async def _drain(self, running: set[asyncio.Task[None]]) -> None:
        await drain(running, self.grace)

    async def _serve(self, engine: Engine, component: str, code: CompiledComponent, services: Services) -> None:
        locked = self.app.components[component]
        linked = link(engine, locked, code, services, [HTTP_SERVER])
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

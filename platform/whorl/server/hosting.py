"""An app as an ASGI application inside somebody else's server: what `whorl.asgi` returns.

Theory of operation: everything that runs belongs to an event loop, so each loop that sends a request has a `_Hosting`
of its own: a process has one loop, as a rule, but a test client makes one for each of its uses, and threads have
theirs. What a loop left behind that has ended is closed when the next comes, or with the application.

The host may send requests whenever it likes, before, while and after it starts and closes the app. `_changing` is held
by whoever starts or closes. `_closed` is set as soon as closing begins: a request that finds it is refused, and is not
taken for the first of an app that starts by itself.
"""

import asyncio
import logging
import threading
import weakref
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path

from starlette.responses import Response
from starlette.websockets import WebSocketClose

from whorl.app.loader import load_app
from whorl.app.locked import LockedApp
from whorl.capabilities.host_interfaces import HostInterfaces, load_implementations
from whorl.capabilities.wasi.logs import GuestLogs
from whorl.server.sharing import shared_runtime
from whorl.triggers.http.application import HttpApplication
from whorl.triggers.http.asgi import Receive, Scope, Send
from whorl.triggers.http.trigger import HttpTrigger, TriggerOptions

logger = logging.getLogger(__name__)

_GOING_AWAY = 1001


class HostedApplication:
    """Serves an app in the event loops that call it: in each from its start, or first request, until it is closed."""

    def __init__(self, origin: Path, state_dir: Path | None, host: Mapping[str, object]) -> None:
        self._app = load_app(origin)
        self._state_dir = (state_dir or self._app.folder / ".spin").absolute()
        named = {interface: name for interface, name in self._app.host.items() if interface not in host}
        self._host = HostInterfaces({**load_implementations(named, self._app.folder), **host})
        self._hostings: dict[asyncio.AbstractEventLoop, _Hosting] = {}
        self._lock = threading.Lock()
        weakref.finalize(self, _abandon_ended, self._hostings, self._lock)  # at the interpreter's exit too

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI scope; a request to an app that is closed, or is being closed, is answered 503."""
        hosting = self._here()
        if scope["type"] == "lifespan":
            await hosting.live(receive, send)
        else:
            await hosting.serve(scope, receive, send)

    async def start(self) -> None:
        """Compile, link and warm everything unless that has been done; an app that was closed serves again.

        Raises:
            WhorlError: the app cannot be served.
        """
        await self._here().start()

    async def close(self) -> None:
        """Refuse requests of this event loop from now on, wait for those under way and close everything."""
        await self._here().close()

    def _here(self) -> "_Hosting":
        """Return what serves the running event loop."""
        loop = asyncio.get_running_loop()
        hosting = self._hostings.get(loop)
        if hosting is None:
            _abandon_ended(self._hostings, self._lock)
            with self._lock:
                hosting = self._hostings[loop] = _Hosting(
                    self._app, TriggerOptions(self._state_dir, self._host), self._state_dir / "logs"
                )
        return hosting


class _Hosting:
    """The app in one event loop."""

    def __init__(self, app: LockedApp, options: TriggerOptions, log_dir: Path) -> None:
        self._app = app
        self._options = options
        self._logs = GuestLogs(log_dir)
        self._stack = AsyncExitStack()
        self._changing = asyncio.Lock()
        self._application: HttpApplication | None = None
        self._closed = False
        self.trigger: HttpTrigger | None = None

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, the first of which starts the app; refuse it where the app is closed."""
        if self._application is None and not self._closed:
            await self._start_by_request()
        if self._application is None or self._closed:
            await _refuse(scope, receive, send)
            return
        await self._application(scope, receive, send)

    async def start(self) -> None:
        """Start the app unless it serves."""
        async with self._changing:
            await self._start()

    async def close(self) -> None:
        """Close the app when the requests under way are served."""
        self._closed = True
        async with self._changing:
            self._closed = True
            self._application = None
            await self._stack.aclose()
            self._logs.close()

    def abandon(self) -> None:
        """Close what is left now that the event loop has ended: there is nothing to wait for any more."""
        try:
            if self.trigger is not None and any(pool.is_busy for pool in self.trigger.pools.values()):
                # The loop was closed with requests under way: their guests are suspended for good and may not be freed.
                logger.warning("an event loop ended while requests were under way; what they held is not given back")
                return
            self._close_without_loop()
        finally:
            self._logs.close()

    def _close_without_loop(self) -> None:
        closing = self._stack.aclose()
        try:
            closing.send(None)
        except StopIteration:
            return
        except RuntimeError as error:
            logger.debug("an event loop ended before all of an app was closed: %s", error)
        else:
            raise RuntimeError("closing waits for an event loop that has ended")

    async def live(self, receive: Receive, send: Send) -> None:
        """Start and close the app by the events of a lifespan."""
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                try:
                    await self.start()
                except Exception as error:
                    await send({"type": "lifespan.startup.failed", "message": str(error)})
                    raise
                await send({"type": "lifespan.startup.complete"})
            else:
                await self.close()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _start_by_request(self) -> None:
        async with self._changing:
            if not self._closed:
                await self._start()

    async def _start(self) -> None:
        if self._application is not None:
            return
        try:
            runtime = self._stack.enter_context(shared_runtime())
            self.trigger = HttpTrigger(self._app, runtime, self._logs, self._options)
            self._stack.push_async_callback(self.trigger.close)
            self._application = await self.trigger.start()
        except BaseException:
            await self._stack.aclose()
            raise
        self._closed = False


def _abandon_ended(hostings: dict[asyncio.AbstractEventLoop, _Hosting], lock: threading.Lock) -> None:
    """Close what the event loops left that have ended."""
    with lock:
        ended = [hostings.pop(loop) for loop in list(hostings) if loop.is_closed()]
    for hosting in ended:
        try:
            hosting.abandon()
        except Exception:
            logger.exception("what an event loop left behind cannot be closed")


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await WebSocketClose(_GOING_AWAY)(scope, receive, send)
    else:
        await Response(status_code=503, headers={"retry-after": "1"})(scope, receive, send)

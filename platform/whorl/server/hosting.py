"""An app as an ASGI application inside somebody else's server: what `whorl.asgi` returns.

Theory of operation: the host may send requests whenever it likes, before, while and after it starts and closes the app.
`_changing` is held by whoever starts or closes. `_closed` is set as soon as closing begins: a request that finds it is
refused, and is not taken for the first of an app that starts by itself.
"""

import asyncio
from pathlib import Path

from starlette.responses import Response
from starlette.websockets import WebSocketClose

from whorl.app.loader import load_app
from whorl.capabilities.wasi.logs import GuestLogs
from whorl.triggers.http.asgi import Receive, Scope, Send
from whorl.triggers.http.trigger import HttpTrigger, TriggerOptions

_GOING_AWAY = 1001


class HostedApplication:
    """Serves an app in the event loop that calls it, from its start, or its first request, until it is closed."""

    def __init__(self, origin: Path, state_dir: Path | None) -> None:
        app = load_app(origin)
        self._state_dir = (state_dir or app.folder / ".spin").absolute()
        self._logs = GuestLogs(self._state_dir / "logs")
        self._trigger = HttpTrigger(app, TriggerOptions(state_dir=self._state_dir), self._logs)
        self._changing = asyncio.Lock()
        self._started = False
        self._closed = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI scope; a request to an app that is closed, or is being closed, is answered 503."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        if not (self._started or self._closed):
            await self._start_by_request()
        if self._closed:
            await _refuse(scope, receive, send)
            return
        await self._trigger(scope, receive, send)

    async def start(self) -> None:
        """Compile, link and warm everything unless that has been done; an app that was closed serves again.

        Raises:
            WhorlError: the app cannot be served.
        """
        async with self._changing:
            await self._start()

    async def close(self) -> None:
        """Refuse requests from now on, wait for those under way and close everything."""
        self._closed = True
        async with self._changing:
            self._closed = True
            if self._started:
                self._started = False
                await self._trigger.close()
            self._logs.close()

    async def _start_by_request(self) -> None:
        async with self._changing:
            if not self._closed:
                await self._start()

    async def _start(self) -> None:
        if not self._started:
            await self._trigger.start()
            self._started, self._closed = True, False

    async def _live(self, receive: Receive, send: Send) -> None:
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


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await WebSocketClose(_GOING_AWAY)(scope, receive, send)
    else:
        await Response(status_code=503, headers={"retry-after": "1"})(scope, receive, send)

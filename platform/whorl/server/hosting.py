"""An app as an ASGI application inside somebody else's server: what `whorl.asgi` returns."""

import asyncio
from pathlib import Path

from whorl.app.loader import load_app
from whorl.capabilities.wasi.logs import GuestLogs
from whorl.triggers.http.asgi import Receive, Scope, Send
from whorl.triggers.http.trigger import HttpTrigger, TriggerOptions


class HostedApplication:
    """Serves an app in the event loop that calls it; starts once, and ends with the lifespan."""

    def __init__(self, origin: Path, state_dir: Path | None) -> None:
        app = load_app(origin)
        self._state_dir = (state_dir or app.folder / ".spin").absolute()
        self._logs = GuestLogs(self._state_dir / "logs")
        self._trigger = HttpTrigger(app, TriggerOptions(state_dir=self._state_dir), self._logs)
        self._starting = asyncio.Lock()
        self._started = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI scope."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        if not self._started:
            await self.start()
        await self._trigger(scope, receive, send)

    async def start(self) -> None:
        """Compile, link and warm everything, once.

        Raises:
            WhorlError: the app cannot be served.
        """
        async with self._starting:
            if not self._started:
                await self._trigger.start()
                self._started = True

    async def close(self) -> None:
        """Wait for the requests under way and close everything."""
        if self._started:
            self._started = False
            await self._trigger.close()
        self._logs.close()

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

"""Serves an application on sockets that are bound already, until a signal says stop; then drains.

The first SIGINT, SIGTERM or SIGHUP stops accepting and lets requests end, a second one cuts them off. The process ends
with the exit code of its own choice: unlike uvicorn's own runner, signals are not raised again after draining.
"""

import asyncio
import contextlib
import logging
import signal
import socket
import threading
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from types import FrameType
from typing import Any, cast

import uvicorn
from uvicorn.server import ServerState

from whorl.server.applications import DirectApplication
from whorl.server.connection_table import ConnectionTable
from whorl.server.connections import HttpConnection
from whorl.server.limits import ConnectionLimits
from whorl.server.signals import ending_signals

logger = logging.getLogger(__name__)

BACKLOG = 2048


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """How the server behaves.

    Attributes:
        drain_timeout: seconds that requests under way get after the first signal.
        limits: what clients may take.
        is_forced_by_signals: a second signal cuts requests off; False where another process sees to that.
    """

    drain_timeout: float = 30.0
    limits: ConnectionLimits = field(default_factory=ConnectionLimits)
    is_forced_by_signals: bool = True


class Server(uvicorn.Server):
    """uvicorn's server, that tells when it listens and does not raise its signals again."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None], settings: ServerSettings) -> None:
        super().__init__(config)
        self._ready = ready
        self._is_forced_by_signals = settings.is_forced_by_signals

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen, and say so."""
        await super().startup(sockets)
        self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let requests end, or cut them off when a second signal comes."""
        await super().shutdown(sockets)
        if self.force_exit:
            for task in tuple(self.server_state.tasks):
                task.cancel()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - what signal handlers get
        """Stop; at the second signal, whichever it is, at once."""
        self.force_exit = self.should_exit and self._is_forced_by_signals
        self.should_exit = True

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Take the signals that end a server for the length of the block."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in ending_signals()}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def event_loop() -> asyncio.AbstractEventLoop:
    """Return the loop that the server runs on: uvloop's where there is one."""
    try:
        import uvloop  # noqa: PLC0415 - not on every platform
    except ImportError:
        return asyncio.new_event_loop()
    loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
    return loop


def protocol_factory(application: DirectApplication, limits: ConnectionLimits) -> Callable[..., HttpConnection]:
    """Return what uvicorn makes connections to `application` by, all of them in one table."""
    table = ConnectionTable(limits)

    def connect(*, server_state: ServerState, **_: Any) -> HttpConnection:
        table.join(server_state)
        return HttpConnection(application, table)

    return connect


def make_server(
    application: Callable[..., Any] | DirectApplication,
    ready: Callable[[], None],
    settings: ServerSettings | None = None,
) -> Server:
    """Return a server for `application`; `ready` is called once it listens, and setting `should_exit` ends it.

    An application that is not a `DirectApplication` is served by uvicorn's own connections, over ASGI.
    """
    settings = settings or ServerSettings()
    connections: Any = "httptools"
    if isinstance(application, DirectApplication):
        connections = protocol_factory(application, settings.limits)
    config = uvicorn.Config(
        cast("Any", application),
        http=connections,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        log_level="critical",
        server_header=False,
        proxy_headers=False,
        backlog=BACKLOG,
        timeout_keep_alive=int(settings.limits.idle_timeout),
        timeout_graceful_shutdown=int(settings.drain_timeout),
    )
    return Server(config, ready, settings)


async def serve(
    application: Callable[..., Any] | DirectApplication,
    sockets: Sequence[socket.socket],
    ready: Callable[[], None],
    settings: ServerSettings | None = None,
) -> bool:
    """Serve `application` on `sockets` (bound, not listening) until a signal says stop.

    Returns whether a second signal said that nothing is to be waited for.
    """
    server = make_server(application, ready, settings)
    await server.serve(sockets=list(sockets))
    return server.force_exit

"""An app served for a test: the real trigger behind the real server, in the test's own event loop."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from whorl.app.loader import load_app
from whorl.capabilities.host_interfaces import HostInterfaces
from whorl.capabilities.wasi.cli import Stream
from whorl.engine.runtimes import Runtime
from whorl.server.limits import ConnectionLimits
from whorl.server.serving import ServerSettings, make_server
from whorl.server.sockets import ListenAddress, bind, bound_address
from whorl.triggers.http.application import HttpApplication
from whorl.triggers.http.trigger import HttpTrigger, TriggerOptions

GUESTS = Path(__file__).parents[1] / "guests"


_NO_AUTHORITIES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Nothing is served over TLS here, and to read the authorities takes 50 ms, in the event loop."""


@dataclass
class RecordedLogs:
    """Keeps what guests write."""

    lines: list[tuple[str, str, bytes]] = field(default_factory=list)

    def write(self, component: str, stream: Stream, data: bytes) -> None:
        self.lines.append((component, stream, data))

    def text(self, stream: str) -> str:
        """Return everything that was written to `stream`."""
        return b"".join(data for _, name, data in self.lines if name == stream).decode()


@dataclass
class Live:
    """A served app.

    Attributes:
        address: host and port.
        client: sends requests to it.
        application: what serves.
        trigger: what it was started by.
        logs: what its guests write.
    """

    address: ListenAddress
    client: httpx.AsyncClient
    application: HttpApplication
    trigger: HttpTrigger
    logs: RecordedLogs


def manifest(folder: Path, source: Path, lines: str = "", settings: str = "", route: str = "/...") -> Path:
    """Write a manifest with one component, `lab`, and return its path."""
    text = f"""spin_manifest_version = 2
[application]
name = "lab"
[[trigger.http]]
route = "{route}"
component = "lab"
[component.lab]
source = "{source}"
{lines}
[component.lab.tool.whorl]
{settings}
"""
    path = folder / "spin.toml"
    path.write_text(text)
    return path


def client_of(address: ListenAddress, timeout: float = 5.0) -> httpx.AsyncClient:
    """Return a client of what listens at `address`."""
    return httpx.AsyncClient(base_url=f"http://{address}", timeout=timeout, trust_env=False, verify=_NO_AUTHORITIES)


@asynccontextmanager
async def serving(
    origin: Path,
    state_dir: Path | None = None,
    limits: ConnectionLimits | None = None,
    host: HostInterfaces | None = None,
) -> AsyncIterator[Live]:
    """Serve the app at `origin` on a free port of the loopback interface."""
    logs = RecordedLogs()
    listening = asyncio.Event()
    with Runtime() as runtime, bind(ListenAddress("127.0.0.1", 0)) as listener:
        address = bound_address(listener)
        trigger = HttpTrigger(load_app(origin), runtime, logs, TriggerOptions(state_dir, host))
        async with trigger as application:
            settings = ServerSettings(limits=limits or ConnectionLimits())
            server = make_server(application, listening.set, settings)
            serve = asyncio.create_task(server.serve(sockets=[listener]))
            await listening.wait()
            async with client_of(address, timeout=30) as client:
                yield Live(address, client, application, trigger, logs)
            server.should_exit = True
            await serve
    assert not any(pool.in_use for pool in trigger.pools.values())

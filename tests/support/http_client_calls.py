"""A guest's side of `whorl:host/http-client`, without a guest: what calls the host's functions as an adapter does."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

from whorl.capabilities.outbound_http.allowed_hosts import AllowedHosts
from whorl.capabilities.outbound_http.capability import OutboundClients, OutboundHttp, OutboundLimits
from whorl.capabilities.outbound_http.memory_client import Answer, MemoryHttpClient, MemoryResponse
from whorl.capabilities.outbound_http.messages import OutboundError, OutboundRequest, OutboundResponse
from whorl.engine.memories import Memories, Memory
from whorl.engine.packing import encode_head, unpack
from whorl.engine.tasks import TaskTable


@dataclass
class FakeInstance:
    """What a capability sees of an instance, with the engine's own task table."""

    component: str = "shop"
    tasks: TaskTable = field(default_factory=TaskTable)
    state: dict[object, Any] = field(default_factory=dict)
    memory: Memory | None = None
    is_memory_hidden: bool = True
    challenge: bytes = b""
    memories: Memories = field(default_factory=lambda: Memories(None))
    memory_places: list[int] = field(default_factory=list)

    async def wait(self, *tasks: int) -> list[int]:
        """Do what `whorl:host/tasks.wait` does: return the ready ones of `tasks`, as soon as there are any."""
        while not (ready := self.tasks.ready_among(frozenset(tasks))):
            woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self.tasks.suspend(frozenset(tasks), lambda woken=woken: woken.set_result(None))  # type: ignore[misc]
            await asyncio.wait_for(woken, 10)
            self.tasks.resume()
        return ready


async def echo(request: OutboundRequest) -> OutboundResponse:
    async def body() -> AsyncIterator[bytes]:
        if isinstance(request.body, bytes):
            yield request.body
            return
        while chunk := await request.body():
            yield chunk

    return MemoryResponse(200, [(b"X-Host", request.authority.encode()), (b"Connection", b"close")], body())


async def nobody(_request: OutboundRequest) -> OutboundResponse:
    raise OutboundError("internal-error", "nobody was to be asked")


class Guest:
    """Calls the host's functions for an instance."""

    def __init__(
        self,
        instance: FakeInstance,
        answer: Answer = echo,
        allowed: str = "http://*",
        limits: OutboundLimits | None = None,
        **others: Answer,
    ) -> None:
        clients = OutboundClients(
            MemoryHttpClient(answer),
            MemoryHttpClient(others.get("components", nobody)),
            MemoryHttpClient(others.get("application", nobody)),
        )
        interface = OutboundHttp(clients, limits).bind(AllowedHosts.parse(allowed.split()))
        self._functions: dict[str, Callable[..., Any]] = {
            function.name: function.call for function in interface.functions
        }
        self.instance = instance

    def call(self, name: str, *arguments: Any) -> Any:
        return self._functions[name](self.instance, *arguments)

    def start(self, request: bytes) -> int:
        return int(self.call("start", request))

    async def response(self, task: int) -> bytes:
        """Return the head or the error, waiting for it."""
        await self.instance.wait(task)
        return bytes(self.call("response", task))

    async def read(self, task: int, limit: int = 65536) -> bytes:
        """Return a piece of the body, waiting for it."""
        await self.instance.wait(task)
        return bytes(self.call("read", task, limit))

    async def read_all(self, task: int) -> tuple[bytes, bytes]:
        """Return the whole body and what it ended with."""
        body = b""
        while (piece := await self.read(task))[:1] in (b"r", b"b"):
            body += unpack(piece)
        return body, piece


def started(
    *,
    method: str = "GET",
    scheme: str = "http",
    authority: str = "peer.test",
    target: str = "/",
    flags: str = "",
    timeouts: str = "\r\r",
    fields: str = "",
    body: bytes = b"",
) -> bytes:
    head = encode_head(f"{method}\r{scheme}\r{authority}\r{target}\r{flags}\r{timeouts}\r{fields}".encode("latin-1"))
    return b"%d\r%b%b" % (len(head), head, body)


async def settle() -> None:
    """Let everything run that can."""
    for _ in range(50):
        await asyncio.sleep(0)

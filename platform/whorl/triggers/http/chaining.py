"""Service chaining: requests to `http://<component>.spin.internal` are served in memory by the component's own pool.

The called component sees a request as if its route were `/...`, from the client `0.0.0.0:0`. Nothing is serialized:
the response's body passes through a channel that holds one piece, so a slow reader holds back the component it reads.
"""

import asyncio
from collections.abc import Callable, Mapping

from whorl.capabilities.outbound_http.messages import OutboundError, OutboundRequest, OutboundResponse
from whorl.triggers.http.executor import Executor, field_lines
from whorl.triggers.http.messages import Fields, IncomingRequest
from whorl.types import Headers

_SUFFIX = ".spin.internal"

ChainedFields = Callable[[bytes], bytes]
"""Returns the `spin-*` field lines of a chained request for its target."""


class Chain:
    """Answers chained requests; an `Answer` for `MemoryHttpClient`."""

    def __init__(self, executors: Mapping[str, Executor], spin_fields: ChainedFields) -> None:
        self._executors = executors
        self._spin_fields = spin_fields
        self._running: set[asyncio.Task[None]] = set()

    async def __call__(self, request: OutboundRequest) -> OutboundResponse:
        """Return the component's response as soon as its head is there.

        Raises:
            OutboundError: no component of that name is served.
        """
        host = request.authority.partition(":")[0]
        component = host.removesuffix(_SUFFIX)
        executor = self._executors.get(component)
        if executor is None:
            raise OutboundError("internal-error", f"component `{component}` has no HTTP trigger")
        target = request.target.encode("ascii")
        incoming = IncomingRequest(
            method=request.method.encode("ascii"),
            scheme=b"http",
            authority=host.encode("ascii"),
            target=target,
            headers=list(request.headers),
        )
        if isinstance(request.body, bytes):
            incoming.body = request.body
        else:
            incoming.receive = request.body
        fields = b"".join(field_lines(incoming.headers)) + self._spin_fields(target)
        channel = _Channel()
        channel.task = task = asyncio.get_running_loop().create_task(executor.execute(incoming, fields, channel))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        task.add_done_callback(channel.end)
        return await channel.response()


class _Channel:
    """A response on its way from one component to another: sink on one side, response on the other."""

    def __init__(self) -> None:
        self.task: asyncio.Task[None] | None = None
        self.status = 0
        self.headers: Headers = ()
        self.trailers: Headers = ()
        self._pieces: asyncio.Queue[bytes | None] = asyncio.Queue(maxsize=1)
        self._head = asyncio.Event()
        self._rest = b""
        self._complete = False
        self._over = False

    async def whole(self, status: int, headers: Fields, body: bytes) -> None:
        """Take a complete response."""
        await self.start(status, headers)
        self._rest = body
        self._complete = True
        self._pieces.put_nowait(None)

    async def start(self, status: int, headers: Fields) -> None:
        """Take the head."""
        self.status = status
        self.headers = headers
        self._head.set()

    async def write(self, data: bytes) -> None:
        """Take a piece of the body; returns when the one before has been read."""
        await self._pieces.put(data)

    async def finish(self, trailers: Fields) -> None:
        """Take the end of the body."""
        self.trailers = trailers
        self._complete = True
        await self._pieces.put(None)

    async def abort(self) -> None:
        """The body breaks off."""
        await self._pieces.put(None)

    def end(self, task: "asyncio.Task[None]") -> None:
        """The component has ended; whoever still waits for its head learns it."""
        self._over = True
        if not task.cancelled() and task.exception() is not None and self._pieces.empty():
            self._pieces.put_nowait(None)
        self._head.set()

    async def response(self) -> OutboundResponse:
        """Return the response once its head is there; a cancellation ends the component's request."""
        try:
            await self._head.wait()
        except asyncio.CancelledError:
            await self.aclose()
            raise
        if not self.status:
            raise OutboundError("HTTP-response-incomplete")
        return self

    async def read(self, limit: int) -> bytes:
        """Return at most `limit` bytes of the body, `b""` when it is complete.

        Raises:
            OutboundError: the body broke off.
        """
        if not self._rest and not (self._complete and self._pieces.empty()):
            self._rest = await self._pieces.get() or b""
            if not self._rest and not self._complete:
                self._pieces.put_nowait(None)
                raise OutboundError("HTTP-response-incomplete")
        data, self._rest = self._rest[:limit], self._rest[limit:]
        return data

    async def aclose(self) -> None:
        """End the component's request unless its response is complete."""
        if self.task is not None and not self._complete:
            self.task.cancel()

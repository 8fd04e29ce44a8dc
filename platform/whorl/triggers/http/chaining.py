"""Service chaining: requests to `http://<component>.spin.internal` are served in memory by the component's own pool.

The called component sees a request as if its route were `/...`, from the client `0.0.0.0:0`. Nothing is serialized:
the response's body passes through a channel that holds one piece, so a slow reader holds back the component it reads.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from functools import partial

from whorl.app.routes import RoutePattern
from whorl.capabilities.outbound_http.allowed_hosts import CHAINING_SUFFIX
from whorl.capabilities.outbound_http.memory_client import MemoryResponse
from whorl.capabilities.outbound_http.messages import BodyReader, OutboundError, OutboundRequest, OutboundResponse
from whorl.triggers.http.executor import Executor
from whorl.triggers.http.fields import visible_fields
from whorl.triggers.http.headers import CHAINED_CLIENT, spin_field_lines
from whorl.triggers.http.messages import IncomingRequest
from whorl.triggers.http.responses import ResponseHead
from whorl.triggers.http.router import Route, RouteMatch, Router
from whorl.types import Headers

logger = logging.getLogger(__name__)

MOST_DEPTH = 16
"""How many requests of components may wait for one another; what is deeper is taken for a circle."""


class Chain:
    """Answers requests to `<component>.spin.internal`; an `Answer` for `MemoryHttpClient`.

    Args:
        executors: by component id.
        running: is given the requests under way, whoever sent them may be gone; see `drain`.
    """

    def __init__(self, executors: Mapping[str, Executor], running: set[asyncio.Task[None]]) -> None:
        self._executors = executors
        self._running = running

    async def __call__(self, request: OutboundRequest) -> OutboundResponse:
        """Return the component's response as soon as its head is there.

        Raises:
            OutboundError: no component of that name is served.
        """
        host = request.authority.partition(":")[0]
        component = host.removesuffix(CHAINING_SUFFIX)
        executor = self._executors.get(component)
        if executor is None:
            raise OutboundError("internal-error", f"component `{component}` has no HTTP trigger")
        path = request.target.encode("ascii").partition(b"?")[0]
        match = RouteMatch(Route.chained(executor), path_info=path)
        return await _execute(request, match, host.encode("ascii"), b"", self._running)


class ChainedApplication:
    """Answers requests that an app sends to itself (`self`): routed as if they came from outside."""

    def __init__(
        self,
        executors: Mapping[str, Executor],
        routes: Sequence[tuple[RoutePattern, str]],
        running: set[asyncio.Task[None]],
    ) -> None:
        self._executors = executors
        self._router = Router(routes)
        self._running = running

    async def __call__(self, request: OutboundRequest) -> OutboundResponse:
        """Return the response of the component whose route matches, 404 when none does."""
        found = self._router.match(request.target.encode("ascii").partition(b"?")[0])
        if found is None:
            return MemoryResponse(404)
        match = RouteMatch(
            Route.to(found.route.pattern, self._executors[found.route.target]), found.path_info, found.parameters
        )
        host = request.authority.encode("ascii")
        return await _execute(request, match, host, host, self._running)


async def drain(running: set[asyncio.Task[None]], timeout: float) -> None:  # noqa: ASYNC109 - for all of them
    """Let chained requests end within `timeout` seconds; what is left then is cut off."""
    if running:
        _, late = await asyncio.wait(set(running), timeout=timeout)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late)


async def _execute(
    request: OutboundRequest,
    match: RouteMatch[Executor],
    authority: bytes,
    host: bytes,
    running: set[asyncio.Task[None]],
) -> OutboundResponse:
    if request.depth > MOST_DEPTH:
        logger.error(
            "the request to `%s%s` is refused: %d requests of components wait for it, perhaps in a circle",
            request.authority,
            request.target,
            request.depth,
        )
        raise OutboundError("loop-detected")
    target = request.target.encode("ascii")
    incoming = IncomingRequest(
        method=request.method.encode("ascii"),
        scheme=b"http",
        authority=authority,
        target=target,
        headers=list(request.headers),
        depth=request.depth,
    )
    if isinstance(request.body, bytes):
        incoming.body = request.body
    else:
        incoming.receive = partial(_receive, incoming, request, request.body)
    lines, _ = visible_fields(incoming.headers)
    lines += spin_field_lines(match, b"http", host, target, CHAINED_CLIENT)
    channel = _Channel()
    channel.task = asyncio.get_running_loop().create_task(match.route.target.execute(incoming, lines, channel))
    running.add(channel.task)
    channel.task.add_done_callback(running.discard)
    channel.task.add_done_callback(channel.end)
    return await channel.response()


async def _receive(incoming: IncomingRequest, request: OutboundRequest, read: BodyReader) -> bytes:
    data = await read()
    if not data:
        incoming.trailers = request.trailers()
    return data


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

    async def whole(self, head: ResponseHead, body: bytes) -> None:
        """Take a complete response."""
        await self.start(head)
        self._rest = body
        self._complete = True
        self._note_end()

    async def start(self, head: ResponseHead) -> None:
        """Take the head."""
        self.status = head.status
        self.headers = head.fields
        self._head.set()

    async def write(self, data: bytes) -> None:
        """Take a piece of the body; returns when the one before has been read."""
        await self._pieces.put(data)

    async def finish(self, trailers: Headers) -> None:
        """Take the end of the body."""
        self.trailers = trailers
        self._complete = True
        self._note_end()

    async def abort(self) -> None:
        """The body breaks off."""
        self._note_end()

    def end(self, task: "asyncio.Task[None]") -> None:
        """The component has ended; whoever still waits for its head learns it."""
        self.task = None  # it refers to this channel
        if not task.cancelled() and task.exception() is not None:
            logger.error("a request to another component failed", exc_info=task.exception())
        self._note_end()
        self._head.set()

    def _note_end(self) -> None:
        """Nothing follows what is in the queue; never waits, for the reader may be gone."""
        self._over = True
        if self._pieces.empty():
            self._pieces.put_nowait(None)

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
        if not self._rest and not (self._over and self._pieces.empty()):
            self._rest = await self._pieces.get() or b""
        if not self._rest and not self._complete:
            raise OutboundError("HTTP-response-incomplete")
        data, self._rest = self._rest[:limit], self._rest[limit:]
        return data

    async def aclose(self) -> None:
        """End the component's request unless its response is complete."""
        if self.task is not None and not self._complete:
            self.task.cancel()

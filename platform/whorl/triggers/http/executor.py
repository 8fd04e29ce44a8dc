"""Runs one request on an instance of a component: the heart of the HTTP trigger. Knows no ASGI and no sockets.

Theory of operation: most guests answer within the first poll of their fiber, and then nothing here makes a task: the
instance goes back and the response is written. A guest that pauses gets three helpers beside it: a writer that sends
what it has answered so far, a pump that brings the rest of the request's body and notices when the client goes away,
and a timer. When the guest ends, however it ends, its instance is released first; the writer then sends what is left.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from whorl.capabilities.wasi.cli import exit_code
from whorl.engine.fibers import Call
from whorl.engine.instances import Instance
from whorl.engine.pool import InstancePool, PoolFullError
from whorl.engine.traps import GuestExit, LimitExceeded, Trap
from whorl.triggers.http.exchanges import Exchange
from whorl.triggers.http.messages import ClientDisconnectedError, IncomingRequest
from whorl.triggers.http.responses import Reply, ResponseHead, ResponseHeads, ResponseSink
from whorl.triggers.http.uploads import TooManyUploadsError, Uploads

logger = logging.getLogger(__name__)

_INTERNAL_ERROR = 500
_TIMED_OUT = 504
_UNAVAILABLE = ResponseHead.of(503, [(b"retry-after", b"1")])


@dataclass(frozen=True, slots=True)
class Executor:
    """Runs requests on the instances of one component.

    Attributes:
        component: its id.
        pool: its instances.
        timeout: seconds that one request may take, work after the response included; None: no limit.
        end_request: ends what an instance has under way when its request is over; asked if there may be something.
        uploads: bounds how many of the instances serve requests whose body is on its way.
        heads: reads the heads of its responses.
    """

    component: str
    pool: InstancePool
    timeout: float | None
    end_request: Callable[[Instance], None]
    uploads: Uploads
    heads: ResponseHeads = field(default_factory=ResponseHeads)

    async def execute(self, request: IncomingRequest, fields: bytes, sink: ResponseSink) -> None:
        """Serve `request` and send the response to `sink`.

        Args:
            request: what came; its headers are not used.
            fields: the field lines that the guest sees: of the client's headers and of the route.
            sink: where the response goes. Whatever goes wrong becomes a status there, or an abort, and a log line.
        """
        upload = request.upload
        if upload is None:
            await self._execute(request, fields, sink)
            return
        try:
            async with asyncio.timeout(self.timeout):
                await self.uploads.enter(upload)
        except (TooManyUploadsError, TimeoutError):
            logger.warning("component `%s`: too many requests wait for their bodies; answered 503", self.component)
            await sink.whole(_UNAVAILABLE, b"")
            return
        try:
            await self.uploads.take_turn()
            if upload.is_whole:
                request.body += upload.take()
                request.receive = None
            await self._execute(request, fields, sink)
        finally:
            self.uploads.leave(upload)

    async def _execute(self, request: IncomingRequest, fields: bytes, sink: ResponseSink) -> None:
        try:
            instance = self.pool.take() or await self._acquire(request.depth)
        except PoolFullError as error:
            logger.warning("%s; answered 503", error)
            await sink.whole(_UNAVAILABLE, b"")
            return
        except Trap as trap:
            logger.error("component `%s` could not be instantiated: %s", self.component, str(trap))  # noqa: TRY400
            await sink.whole(ResponseHead(_INTERNAL_ERROR), b"")
            return
        outcome = self.begin(instance, request, fields)
        if isinstance(outcome, Reply):
            await sink.whole(outcome.head, outcome.body)
        else:
            await outcome.finish(sink)

    def begin(self, instance: Instance, request: IncomingRequest, fields: bytes) -> "Reply | BegunRequest":
        """Run the guest on `instance`, taken from the pool, until it ends or pauses.

        Returns the response if the guest has ended and gave it at once, or gave none; else what `finish` must be called
        of.

        Args:
            instance: is released here when the guest ends, else by `finish`.
            request: as for `execute`.
            fields: as for `execute`.
        """
        instance.state[Exchange] = exchange = Exchange(instance, request, fields, self.heads)
        status = _INTERNAL_ERROR
        call = instance.call()
        try:
            if not call.step():
                return BegunRequest(self, request, exchange, call)
        except Trap as trap:
            status = _report(self.component, request, _exit_of(instance) or trap)
        except BaseException:
            instance.poisoned = True
            self.release(instance, exchange, status)
            raise
        self.release(instance, exchange, status)
        return _reply(exchange, self.component) or BegunRequest(self, request, exchange, None)

    async def _acquire(self, depth: int) -> Instance:
        try:
            async with asyncio.timeout(self.timeout):
                return await self.pool.acquire(depth)
        except TimeoutError:
            raise PoolFullError(f"component `{self.component}`: no instance became free in time") from None

    def release(self, instance: Instance, exchange: Exchange, status: int) -> None:
        """Give the instance back; `status` is for a client that has no response yet."""
        instance.state.pop(Exchange, None)
        if instance.state:
            self.end_request(instance)
        exchange.conclude(status)
        self.pool.release(instance)


@dataclass(slots=True)
class BegunRequest:
    """A request whose guest has paused, or has answered in pieces. Not frozen, which would double its cost.

    Attributes:
        executor: what runs it.
        request: what came.
        exchange: what the guest has answered so far.
        call: the guest that has paused; None: it has ended.
    """

    executor: Executor
    request: IncomingRequest
    exchange: Exchange
    call: Call | None

    async def finish(self, sink: ResponseSink) -> None:
        """Run the guest to its end and send what it answers."""
        if self.call is None:
            await write(self.exchange, sink, self.executor.component)
        else:
            await _PausedRun(self.executor, self.call, self.exchange, self.request, sink).finish()

    def drop(self) -> None:
        """End a guest that has paused, in place of `finish`."""
        if self.call is not None:
            self.call.drop()
            self.executor.release(self.exchange.instance, self.exchange, _INTERNAL_ERROR)


class _PausedRun:
    """A request whose guest has paused, with what runs beside it."""

    def __init__(
        self, executor: Executor, call: Call, exchange: Exchange, request: IncomingRequest, sink: ResponseSink
    ) -> None:
        loop = asyncio.get_running_loop()
        self._executor = executor
        self._exchange = exchange
        self._request = request
        self._sink = sink
        self._instance = exchange.instance
        self._gone = False
        self._expired = False
        self._guest = loop.create_task(call.finish())
        self._writer = loop.create_task(write(exchange, sink, executor.component))
        self._writer.add_done_callback(self._note_written)
        self._timer = None if executor.timeout is None else loop.call_later(executor.timeout, self._expire)

    async def finish(self) -> None:
        """Wait for the guest to end, then for the response to be sent."""
        # Not kept: it refers to this run, by the traceback of its cancellation.
        pump = self._instance.loop.create_task(self._bring())
        try:
            await asyncio.wait({self._guest})
        except asyncio.CancelledError:
            self._guest.cancel()
            self._writer.cancel()
            while not self._guest.done():
                # Cancelled once more: the instance can only be given back when its guest has ended.
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.wait({self._guest, self._writer})
            raise
        finally:
            await self._settle(pump)
        try:
            await self._end_writing()
        finally:
            self._writer.cancel()

    async def _settle(self, pump: asyncio.Task[None]) -> None:
        if self._timer is not None:
            self._timer.cancel()
        pump.cancel()
        if self._gone:
            self._writer.cancel()
        self._executor.release(self._instance, self._exchange, self._outcome())
        await asyncio.wait({pump})

    def _outcome(self) -> int:
        executor = self._executor
        if self._guest.cancelled():
            if not self._expired:
                return _INTERNAL_ERROR
            return _report(executor.component, self._request, LimitExceeded("timeout", executor.timeout or 0.0))
        failure = self._guest.exception()
        if isinstance(failure, Trap):
            return _report(executor.component, self._request, _exit_of(self._instance) or failure)
        if failure is not None:
            logger.error("component `%s`: the host failed", executor.component, exc_info=failure)
        return _INTERNAL_ERROR

    async def _end_writing(self) -> None:
        exchange = self._exchange
        cut_off = self._expired and exchange.response is not None and not exchange.complete
        if self._gone or cut_off:
            self._writer.cancel()
            await asyncio.wait({self._writer})
            await self._sink.abort()
        await asyncio.wait({self._writer})
        if not self._writer.cancelled():
            self._writer.result()

    def _note_written(self, writer: "asyncio.Task[None]") -> None:
        """End a guest whose response can no longer be sent: it would wait for the client for ever."""
        exchange = self._exchange
        failure = None if writer.cancelled() else writer.exception()
        if failure is not None and not exchange.complete and exchange.failure is None and not self._guest.done():
            component = self._executor.component
            logger.error("component `%s`: its response cannot be sent: %s", component, str(failure))
            self._guest.cancel()

    def _expire(self) -> None:
        self._expired = True
        self._guest.cancel()

    async def _bring(self) -> None:
        """Bring the rest of the body, then watch for the client going away."""
        request, exchange = self._request, self._exchange
        try:
            if request.receive is not None:
                while data := await request.receive():
                    exchange.feed(data)
                    await exchange.room()
                exchange.end(request.trailers)
            if request.watch is not None:
                await request.watch()
        except ClientDisconnectedError:
            exchange.break_off(b"connection-terminated")
            if not exchange.complete and exchange.failure is None:
                self._gone = True
                self._guest.cancel()
        except Exception:
            logger.exception("component `%s`: its request's body cannot be read", self._executor.component)
            exchange.break_off(b"internal-error\nthe body cannot be read")


async def write(exchange: Exchange, sink: ResponseSink, component: str) -> None:
    """Send the response of `exchange` to `sink` as it comes, until it is complete or the guest has ended."""
    await exchange.head()
    reply = _reply(exchange, component)
    if reply is not None:
        await sink.whole(reply.head, reply.body)
        return
    await sink.start(exchange.response or ResponseHead(_INTERNAL_ERROR))
    while True:
        data = exchange.take_output()
        if data:
            await sink.write(data)
            exchange.sent(len(data))
        elif exchange.complete:
            await sink.finish(exchange.trailers)
            return
        elif exchange.failure is not None or exchange.status_without_response is not None:
            logger.error("component `%s` broke its response off", component)
            await sink.abort()
            return
        else:
            await exchange.output()


def _reply(exchange: Exchange, component: str) -> Reply | None:
    """Return the whole response of a guest that gave one or gave up, None when more of it is to come."""
    if exchange.response is not None:
        return exchange.whole or exchange.gathered()
    if exchange.failure is not None:
        code = exchange.failure.decode("utf-8", "replace").replace("\n", " ")
        logger.error("component `%s` gave no response: %s", component, code)
    return Reply(ResponseHead(exchange.status_without_response or _INTERNAL_ERROR))


def _exit_of(instance: Instance) -> GuestExit | None:
    code = exit_code(instance)
    return None if code is None else GuestExit(code)


def _report(component: str, request: IncomingRequest, trap: Trap) -> int:
    """Write the log line of a guest that did not end well, and return the status for its client."""
    target = request.target.decode("latin-1")
    method = request.method.decode("latin-1")
    # Text, not the exception: whoever keeps the record would keep everything that its traceback holds.
    logger.error("component `%s` failed on `%s %s`: %s", component, method, target, str(trap))
    if trap.backtrace:
        logger.debug("%s", trap.backtrace)
    return _TIMED_OUT if isinstance(trap, LimitExceeded) else _INTERNAL_ERROR

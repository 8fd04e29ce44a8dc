"""Connections of a client: how many there may be, which are kept, and who gets the next.

Theory of operation: a place among `PoolLimits.connections` is a `Connection` in `_open`, from before it is connected
until it is given up, so the account is right at every moment. `take` gives a kept connection, or one that is still to
be connected; whoever took it must `give_back` or `discard` it, and neither waits. When all places are taken, a resting
connection makes room; when none rests, requests wait in the order in which they came. A place that becomes free goes to
the first of them at once, so that nobody who comes later gets ahead. Who is cancelled with one in hand passes it on.
"""

import asyncio
from dataclasses import dataclass
from typing import NamedTuple

from whorl.capabilities.outbound_http.connections import Connection, Origin
from whorl.capabilities.outbound_http.messages import OutboundError

Turn = asyncio.Future[Connection]


class _Wanted(NamedTuple):
    origin: Origin
    fresh: bool


@dataclass(frozen=True, slots=True)
class PoolLimits:
    """How many connections there may be.

    Attributes:
        connections: at once, to all destinations together, those that are being made included.
        idle: kept for a later request.
        idle_timeout: seconds for which one is kept.
        patience: seconds that a request waits for a place, at most.
    """

    connections: int = 512
    idle: int = 64
    idle_timeout: float = 30.0
    patience: float = 10.0


class ConnectionPool:
    """The connections of one client. Must be closed. Bound to one event loop."""

    def __init__(self, limits: PoolLimits) -> None:
        self._limits = limits
        self._open: set[Connection] = set()
        self._idle: dict[Connection, float] = {}
        self._turns: dict[Turn, _Wanted] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._is_closed = False

    @property
    def open_connections(self) -> int:
        """How many places are taken: by connections in use, kept, and being made."""
        return len(self._open)

    @property
    def idle_connections(self) -> int:
        """How many connections are kept for a later request."""
        return len(self._idle)

    @property
    def waiting(self) -> int:
        """How many requests wait for a place."""
        return len(self._turns)

    async def take(self, origin: Origin, patience: float | None, *, fresh: bool = False) -> Connection:
        """Return a connection to `origin`, kept or still to be connected; `fresh`: only the latter.

        Raises:
            OutboundError: there was no place within `patience` seconds, or within the pool's own limit.
        """
        if self._is_closed:
            raise OutboundError("connection-terminated")
        connection = (None if fresh else self._kept(origin)) or self._new(origin)
        if connection is None:
            limit = self._limits.patience
            connection = await self._wait(_Wanted(origin, fresh), limit if patience is None else min(limit, patience))
        connection.begin()
        return connection

    def give_back(self, connection: Connection) -> None:
        """Keep a connection for a later request, or give it to one that waits."""
        if connection.has_ended or connection not in self._open:
            self.discard(connection)
            return
        connection.rest()
        turn = self._next_turn()
        if turn is None:
            self._keep(connection)
        elif self._turns[turn] == (connection.origin, False):
            del self._turns[turn]
            turn.set_result(connection)
        else:
            self.discard(connection)

    def discard(self, connection: Connection) -> None:
        """End a connection; its place goes to the first who waits. May be called more than once."""
        self._idle.pop(connection, None)
        if connection in self._open:
            self._open.remove(connection)
            connection.abort()
            self._pass_place()

    def close(self) -> None:
        """End every connection; those who wait for one get none."""
        self._is_closed = True
        turns, self._turns = self._turns, {}
        for turn in turns:
            if not turn.done():
                turn.set_exception(OutboundError("connection-terminated"))
        for connection in tuple(self._open):
            self.discard(connection)
        if self._timer is not None:
            self._timer.cancel()

    def _kept(self, origin: Origin) -> Connection | None:
        # The newest, for it has been kept shortest. There are few: looking through them costs less than an index.
        connection = next((each for each in reversed(self._idle) if each.origin == origin), None)
        if connection is not None:
            del self._idle[connection]
        return connection

    def _new(self, origin: Origin) -> Connection | None:
        if len(self._open) >= self._limits.connections and self._idle:
            self.discard(next(iter(self._idle)))
        if len(self._open) >= self._limits.connections:
            return None
        return self._place(origin)

    async def _wait(self, wanted: _Wanted, patience: float) -> Connection:
        try:
            async with asyncio.timeout(patience):
                # A kept connection may have ended between being given and being taken.
                while (connection := self._new(wanted.origin) or await self._turn(wanted)).has_ended:
                    self.discard(connection)
        except TimeoutError as error:
            raise OutboundError("connection-limit-reached") from error
        return connection

    async def _turn(self, wanted: _Wanted) -> Connection:
        turn: Turn = asyncio.get_running_loop().create_future()
        self._turns[turn] = wanted
        try:
            return await turn
        except BaseException:
            self._turns.pop(turn, None)
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                self._pass_on(turn.result())
            raise

    def _pass_on(self, connection: Connection) -> None:
        (self.give_back if connection.is_connected else self.discard)(connection)

    def _pass_place(self) -> None:
        turn = self._next_turn()
        if turn is not None:
            turn.set_result(self._place(self._turns.pop(turn).origin))

    def _next_turn(self) -> Turn | None:
        return next((turn for turn in self._turns if not turn.done()), None)

    def _place(self, origin: Origin) -> Connection:
        connection = Connection(origin, self.discard)
        self._open.add(connection)
        return connection

    def _keep(self, connection: Connection) -> None:
        loop = asyncio.get_running_loop()
        self._idle[connection] = loop.time()
        if len(self._idle) > self._limits.idle:
            self.discard(next(iter(self._idle)))
        if self._timer is None:
            self._timer = loop.call_later(self._limits.idle_timeout, self._expire)

    def _expire(self) -> None:
        loop, timeout = asyncio.get_running_loop(), self._limits.idle_timeout
        now = loop.time()
        for connection in [each for each, since in self._idle.items() if since + timeout <= now]:
            self.discard(connection)
        oldest = next(iter(self._idle.values()), None)
        self._timer = None if oldest is None else loop.call_at(oldest + timeout, self._expire)

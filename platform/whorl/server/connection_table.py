"""All connections of a server: how many there may be, which are idle, and whether any takes too long.

Theory of operation: idle connections stand roughly in the order in which they became idle: one that has served since
is put behind the others when it is looked at. So the first are the ones to be closed, when their time is over or when
somebody else needs the place. All others are asked, some times within the shortest of the limits, whether they wait
for too long. There are no timers for single connections or requests.
"""

import asyncio
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Protocol, cast

from whorl.server.limits import ConnectionLimits

if TYPE_CHECKING:
    from uvicorn.server import ServerState

_SWEEPS = 8
_LONGEST_PAUSE = 1.0
_MOST_REFUSED = 64
"""Connections that were turned away and are open yet; those beyond are closed at once."""

_SPARED = 1.0
"""Seconds for which an idle connection is not closed in favour of another: its client may be about to send."""


class Connection(Protocol):
    """What the table needs of a connection.

    Attributes:
        loop: its event loop.
        is_idle: nothing is under way; the table's to set.
        idle_since: when that was last so, on the event loop's clock.
    """

    loop: asyncio.AbstractEventLoop
    is_idle: bool
    idle_since: float

    def check(self, now: float) -> None:
        """End what takes too long."""

    def end_idleness(self) -> None:
        """Close, for nothing is under way."""

    def give_way(self) -> None:
        """Close at once: another needs the place."""

    def shutdown(self) -> None:
        """Serve what is under way, then close; the server's to call."""


class ConnectionTable:
    """The connections of one server in one event loop.

    Attributes:
        limits: what each may take.
        refused: connections that were turned away since there were too many.
    """

    def __init__(self, limits: ConnectionLimits) -> None:
        self.limits = limits
        self.refused = 0
        # The first of a plain dictionary is found by passing over all that were before it.
        self._idle: OrderedDict[Connection, float] = OrderedDict()
        self._refused: set[Connection] = set()
        self._active: set[Connection] = set()
        self._state: ServerState | None = None
        self._default_headers: Any = None
        self._date_line = b""
        self._timer: asyncio.TimerHandle | None = None
        self._pause = min(_LONGEST_PAUSE, limits.head_timeout / _SWEEPS, limits.idle_timeout / _SWEEPS)

    def join(self, state: "ServerState") -> None:
        """The connections are those of the server that has this state."""
        if self._state is None:
            self._state = state

    def __len__(self) -> int:
        return len(self._idle) + len(self._active)

    # What connections call.

    def admit(self, connection: Connection) -> bool:
        """Take in a new connection; False: it is not to be served."""
        most = self.limits.max_connections
        has_place = most is None or len(self) < most or self._make_place()
        if self._timer is None:
            self._watch()
        if has_place:
            self.note_idle(connection)
        else:
            self.refused += 1
            self._active.add(connection)
            self._refused.add(connection)
        if self._state is not None:
            self._connections(self._state).add(connection)
        return has_place

    @property
    def may_linger(self) -> bool:
        """Whether a connection that is refused for want of place may wait for its client to read that."""
        return len(self._refused) <= _MOST_REFUSED

    def forget(self, connection: Connection) -> None:
        """A connection is gone."""
        self._idle.pop(connection, None)
        self._active.discard(connection)
        self._refused.discard(connection)
        if self._state is not None:
            self._connections(self._state).discard(connection)
        if not self and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def note_idle(self, connection: Connection) -> None:
        """A connection waits for its next request, from now on."""
        self._active.discard(connection)
        connection.is_idle = True
        connection.idle_since = self._idle[connection] = connection.loop.time()

    def note_active(self, connection: Connection) -> None:
        """A connection is in use."""
        connection.is_idle = False
        self._idle.pop(connection, None)
        self._active.add(connection)

    def own(self, task: asyncio.Task[None]) -> None:
        """Let the server wait for `task` before it ends."""
        if self._state is not None:
            self._state.tasks.add(task)
            task.add_done_callback(self._state.tasks.discard)

    def count_request(self) -> None:
        """A response is complete."""
        if self._state is not None:
            self._state.total_requests += 1

    def date_line(self) -> bytes:
        """Return the line of the `date` field; uvicorn makes a new one every second."""
        headers = None if self._state is None else self._state.default_headers
        if headers is not self._default_headers:
            self._default_headers = headers
            self._date_line = b"".join([b"%b: %b\r\n" % field for field in headers or ()])
        return self._date_line

    def sweep(self) -> None:
        """Close what has been idle, or has taken, for too long."""
        now = asyncio.get_running_loop().time()
        while (connection := self._longest_idle(now - self.limits.idle_timeout)) is not None:
            self.note_active(connection)
            connection.end_idleness()
        for connection in tuple(self._active):
            connection.check(now)

    def _longest_idle(self, limit: float) -> Connection | None:
        """Return a connection that has been idle since `limit`."""
        for _ in range(len(self._idle)):
            connection = next(iter(self._idle))
            if connection.idle_since <= limit:
                return connection
            if self._idle[connection] > limit:
                break
            del self._idle[connection]
            self._idle[connection] = connection.idle_since
        return None

    @staticmethod
    def _connections(state: "ServerState") -> set[Connection]:
        # uvicorn names its own protocols there, and calls `shutdown` alone.
        return cast("set[Connection]", state.connections)

    def _make_place(self) -> bool:
        connection = self._longest_idle(asyncio.get_running_loop().time() - _SPARED)
        if connection is None:
            return False
        self.note_active(connection)
        connection.give_way()
        return True

    def _watch(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self._pause, self._sweep)

    def _sweep(self) -> None:
        self._timer = None
        try:
            self.sweep()
        finally:
            if self._timer is None and self:
                self._watch()

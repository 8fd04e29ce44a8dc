"""The steady load: plain requests at a fixed rate, whose latencies tell what others do to the server.

Theory of operation: requests are due at fixed times whatever became of those before, and a latency counts from the time
at which its request was due, so that a server which stands still for a moment is seen by every request of that moment.
A few connections are kept; what is due while all of them are in use waits, and that counts as well. `select` takes its
time limit in microseconds, `epoll` in milliseconds, which would be more than a plain request takes.
"""

import select
import socket
import time
from collections import Counter, deque
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

from bench.responses import Answer, ResponseReader, WrongAnswerError

_RECEIVE = 1 << 16
_PATIENCE = 10.0
"""Seconds behind the last request after which whatever has not been answered is an error."""


@dataclass(frozen=True, slots=True)
class Steady:
    """Requests of one kind.

    Attributes:
        name: of the component that is asked.
        request: the bytes of one request.
        answer: what it must answer.
        rate: requests a second.
        connections: that are kept for them.
    """

    name: str
    request: bytes
    answer: Answer
    rate: float
    connections: int


@dataclass(frozen=True, slots=True)
class Experience:
    """What the clients of one kind met with. Times in seconds.

    Attributes:
        latencies: of the requests that were answered as they must be, from the time at which each was due.
        lags: how much too late requests were sent that had a connection: by the load itself, not by the server.
        errors: what went wrong with the others, and how often.
    """

    latencies: list[float] = field(default_factory=list)
    lags: list[float] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)


def experience(port: int, loads: Sequence[Steady], seconds: float) -> dict[str, Experience]:
    """Apply `loads` side by side for so long and return what became of each, by its name, when all is answered."""
    with ExitStack() as stack:
        lines = [_Line(port, each, seconds, stack) for each in loads]
        end = time.perf_counter() + seconds + _PATIENCE
        while any(line.is_busy for line in lines) and (now := time.perf_counter()) < end:
            due = min(end, *(line.begin(now) for line in lines))
            waiting = [client for line in lines for client in line.asking]
            for client in select.select(waiting, [], [], max(0.0, due - time.perf_counter()))[0]:
                client.line.take(client)
        for line in lines:
            line.give_up()
        return {line.load.name: line.experience for line in lines}


class _Client:
    """One connection."""

    __slots__ = ("due", "free_since", "line", "reader", "socket")

    def __init__(self, line: "_Line", connection: socket.socket) -> None:
        self.line = line
        self.socket = connection
        self.reader = ResponseReader(line.load.answer)
        self.due = 0.0
        self.free_since = 0.0

    def receive(self) -> bool:
        """Take what has come, and tell whether that completes the answer.

        Raises:
            WrongAnswerError: it is another answer than it must be, or none.
        """
        data = self.socket.recv(_RECEIVE)
        if not data:
            raise WrongAnswerError("the server closed the connection before it answered")
        return self.reader.feed(data)

    def fileno(self) -> int:
        """Return the descriptor that `select` waits for."""
        return self.socket.fileno()


class _Line:
    """The requests of one kind, those that are still to come included."""

    def __init__(self, port: int, load: Steady, seconds: float, stack: ExitStack) -> None:
        self.load = load
        self.experience = Experience()
        self.asking: set[_Client] = set()
        self._port = port
        self._stack = stack
        self._idle = deque(self._connect() for _ in range(load.connections))
        began = time.perf_counter()
        self._due = deque(began + number / load.rate for number in range(round(seconds * load.rate)))

    @property
    def is_busy(self) -> bool:
        """Whether requests are under way or to come."""
        return bool(self.asking or self._due)

    def begin(self, now: float) -> float:
        """Send what is due as far as there are connections, and return when the next request is."""
        while self._due and self._due[0] <= now:
            if not self._idle:
                return float("inf")
            self._ask(self._idle.popleft(), self._due.popleft())
        return self._due[0] if self._due else float("inf")

    def take(self, client: _Client) -> None:
        """Take what has come for a client."""
        try:
            if not client.receive():
                return
        except (OSError, WrongAnswerError) as error:
            self._replace(client, error)
            return
        client.free_since = time.perf_counter()
        self.experience.latencies.append(client.free_since - client.due)
        self.asking.discard(client)
        self._idle.append(client)

    def give_up(self) -> None:
        """Count what was never answered, or not even asked, as errors."""
        left = len(self.asking) + len(self._due)
        if left:
            self.experience.errors[f"no answer within {_PATIENCE:g} s"] += left

    def _ask(self, client: _Client, due: float) -> None:
        client.due = due
        self.asking.add(client)
        self.experience.lags.append(time.perf_counter() - max(due, client.free_since))
        try:
            client.socket.sendall(self.load.request)
        except OSError as error:
            self._replace(client, error)

    def _replace(self, client: _Client, error: Exception) -> None:
        self.experience.errors[f"{type(error).__name__}: {error}"] += 1
        self.asking.discard(client)
        client.socket.close()
        self._idle.append(self._connect())
        self._idle[-1].free_since = time.perf_counter()

    def _connect(self) -> _Client:
        connection = self._stack.enter_context(socket.create_connection(("127.0.0.1", self._port), _PATIENCE))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return _Client(self, connection)

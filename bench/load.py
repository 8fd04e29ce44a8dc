"""The load generator: keep-alive connections driven from one process of its own, every answer checked.

Theory of operation: plain non-blocking sockets behind one `epoll`, no event loop, so that the load costs a fraction of
what the server does. Each connection has one request under way. By default the next one follows at once; in volleys all
connections ask at the same moment, and again when the last has been answered. A measurement is a run-in, a pause until
the servers are idle, and the counted part; both parts end when everything that was asked has been answered, so the
processor time between them belongs to exactly the requests that were counted.

The load sleeps while it waits, as clients do: a server on the same machine pays for waking it, on a virtual machine
10 µs and more for each write. A load that spins instead, on a core of its own, takes that out of the figures.
"""

import gc
import multiprocessing
import select
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection

from bench.processors import pin, tree_processor_time
from bench.responses import Answer, ResponseReader, WrongAnswerError

_RECEIVE = 1 << 18
_STALL = 30.0
"""Seconds without any answer after which a measurement fails."""
_SETTLE = 0.02


@dataclass(frozen=True, slots=True)
class Order:
    """What to measure.

    Attributes:
        pid: the server's process; what its descendants use counts as well.
        port: where it listens on the loopback interface.
        request: the bytes of one request.
        answer: what it must answer.
        connections: how many requests are under way at once.
        volley: whether they are sent together.
        run_in: seconds before the counted part.
        seconds: how long new requests are sent in the counted part.
    """

    pid: int
    port: int
    request: bytes
    answer: Answer
    connections: int
    volley: bool
    run_in: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Tally:
    """What was measured. Times in seconds.

    Attributes:
        latencies: of each request, ascending.
        elapsed: from the first request to the last answer.
        server_cpu: processor time of the server in that time.
        load_cpu: processor time of the load generator in that time.
        slowest_volley: the longest time from a volley's first request to its last answer; 0 when there were none.
    """

    latencies: list[float]
    elapsed: float
    server_cpu: float
    load_cpu: float
    slowest_volley: float


def measure(order: Order, *, spins: bool = False) -> Tally:
    """Carry out an order; the load spins instead of sleeping if it is told to.

    Raises:
        WrongAnswerError: the server answered wrongly, closed a connection, or did not answer.
    """
    with ExitStack() as stack:
        load = _Load(order, stack, spins=spins)
        load.run(order.run_in)
        load.latencies.clear()
        load.slowest_volley = 0.0
        time.sleep(_SETTLE)
        server_cpu, load_cpu, began = tree_processor_time(order.pid), time.process_time(), time.perf_counter()
        load.run(order.seconds)
        elapsed = time.perf_counter() - began
        load_cpu = time.process_time() - load_cpu
        time.sleep(_SETTLE)
        server_cpu = tree_processor_time(order.pid) - server_cpu
        return Tally(sorted(load.latencies), elapsed, server_cpu, load_cpu, load.slowest_volley)


class _Client:
    """One connection."""

    __slots__ = ("asked", "reader", "socket", "unsent")

    def __init__(self, connection: socket.socket, answer: Answer) -> None:
        self.socket = connection
        self.reader = ResponseReader(answer)
        self.unsent = memoryview(b"")
        self.asked = 0.0


class _Load:
    def __init__(self, order: Order, stack: ExitStack, *, spins: bool) -> None:
        self.latencies: list[float] = []
        self.slowest_volley = 0.0
        self._order = order
        self._request = memoryview(order.request)
        self._poll = stack.enter_context(select.epoll())
        self._timeout = 0.0 if spins else _STALL
        self._clients: dict[int, _Client] = {}
        for _ in range(order.connections):
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", order.port)))
            connection.settimeout(0)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._clients[connection.fileno()] = _Client(connection, order.answer)
            self._poll.register(connection.fileno(), select.EPOLLIN)

    def run(self, seconds: float) -> None:
        """Send requests for so long, and return when all have been answered."""
        end = time.perf_counter() + seconds
        while True:
            began = time.perf_counter()
            for number, client in self._clients.items():
                self._ask(number, client, time.perf_counter())
            self._drive(0.0 if self._order.volley else end)
            now = time.perf_counter()
            if self._order.volley:
                self.slowest_volley = max(self.slowest_volley, now - began)
            if now >= end:
                return

    def _drive(self, end: float) -> None:
        """Serve the connections until nothing is under way; answers before `end` are followed by another request."""
        under_way = len(self._clients)
        while under_way:
            for number, event in self._events():
                client = self._clients[number]
                if event & select.EPOLLOUT:
                    self._send(number, client)
                if not event & ~select.EPOLLOUT or not self._answered(client):
                    continue
                now = time.perf_counter()
                self.latencies.append(now - client.asked)
                if now < end:
                    self._ask(number, client, now)
                else:
                    under_way -= 1

    def _events(self) -> list[tuple[int, int]]:
        """Wait for something to happen on the connections, asleep or awake."""
        give_up = time.perf_counter() + _STALL
        while not (events := self._poll.poll(self._timeout)):
            if time.perf_counter() > give_up:
                raise WrongAnswerError(f"no answer for {_STALL:g} s")
        return events

    def _ask(self, number: int, client: _Client, now: float) -> None:
        client.asked = now
        sent = client.socket.send(self._request)
        if sent < len(self._request):
            client.unsent = self._request[sent:]
            self._poll.modify(number, select.EPOLLIN | select.EPOLLOUT)

    def _send(self, number: int, client: _Client) -> None:
        client.unsent = client.unsent[client.socket.send(client.unsent) :]
        if not client.unsent:
            self._poll.modify(number, select.EPOLLIN)

    def _answered(self, client: _Client) -> bool:
        data = client.socket.recv(_RECEIVE)
        if not data:
            raise WrongAnswerError("the server closed the connection before it answered")
        return client.reader.feed(data)


class LoadGenerator:
    """The process that loads the servers; made by `load_generator`."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    def measure(self, order: Order) -> Tally:
        """Carry out an order there.

        Raises:
            WrongAnswerError: as the function `measure`.
        """
        self._pipe.send(order)
        result: Tally | str = self._pipe.recv()
        if isinstance(result, str):
            raise WrongAnswerError(result)
        return result


@contextmanager
def load_generator(core: int | None, *, spins: bool = False) -> Iterator[LoadGenerator]:
    """Run a load generator, on `core` if one is given, and end it behind; see `measure` for `spins`."""
    context = multiprocessing.get_context("spawn")
    pipe, theirs = context.Pipe()
    process = context.Process(target=_obey, args=(theirs, spins), name="bench-load", daemon=True)
    process.start()
    theirs.close()
    pin(process.pid or 0, core)
    with pipe:
        yield LoadGenerator(pipe)
    process.join()


def _obey(pipe: Connection, spins: bool) -> None:  # noqa: FBT001 - processes take positional arguments
    gc.disable()
    while True:
        try:
            order: Order = pipe.recv()
        except (EOFError, KeyboardInterrupt):
            return
        try:
            pipe.send(measure(order, spins=spins))
        except (WrongAnswerError, OSError) as error:
            pipe.send(str(error))

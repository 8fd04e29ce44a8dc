"""Runs inputs against a served lab guest, many at once, and tells which broke a rule.

Theory of operation: clients and server share one event loop, so what a guest is run for can be noted where that
happens; its request says from which client it came. A client sends its pieces with turns of the loop between, then
says that it is finished, waits first, closes or resets, and has to see the connection end within a bound.
"""

import asyncio
import contextlib
import logging
import re
import socket
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import cast

from live_server import Live
from raw_http import PATIENCE, RESET_ON_CLOSE

from http1_fuzz.inputs import Ending, Input
from http1_fuzz.reading import NotResponsesError, SeenRequest, is_readable, requests_in, statuses_in
from whorl.engine.instances import Instance
from whorl.triggers.http.executor import BegunRequest, Executor
from whorl.triggers.http.messages import IncomingRequest
from whorl.triggers.http.responses import Reply

_AT_ONCE = 96
_TURNS_BETWEEN = 2
_WAIT = 0.02
_ADDRESS = re.compile(rb"\rspin-client-addr\n127\.0\.0\.1:([0-9]+)\r")
_ABSOLUTE = re.compile(rb"https?://[^/?]*(.*)", re.IGNORECASE)
_VERSION = b"HTTP/1.1 "
_ALLOWED_ERRORS = frozenset({501, 505})


@dataclass(frozen=True, slots=True)
class Finding:
    """An input that broke a rule."""

    number: int
    input: Input
    rule: str

    def __str__(self) -> str:
        return f"input {self.number}: {self.rule}\n  pieces: {self.input.pieces!r}\n  ending: {self.input.ending.value}"


class _Client(asyncio.Protocol):
    """One connection that does what an input says."""

    def __init__(self, plan: Input, runs: dict[int, list[SeenRequest]]) -> None:
        self.received = bytearray()
        self.port = 0
        self._runs = runs
        self._loop = asyncio.get_running_loop()
        self._plan = plan
        self._left = iter(plan.pieces)
        self._transport = cast("asyncio.Transport", None)
        self._is_lost = False
        self.ended: asyncio.Future[None] = self._loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self.port = transport.get_extra_info("sockname")[1]
        # The port may have been that of a client that left before its guest was run.
        self._runs.pop(self.port, None)
        self._step(0)

    def data_received(self, data: bytes) -> None:
        self.received += data

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - however it ends
        self._is_lost = True
        if not self.ended.done():
            self.ended.set_result(None)

    def give_up(self) -> None:
        """End a connection that does not end by itself."""
        self._transport.abort()

    def _step(self, turns: int) -> None:
        """Send the next piece when `turns` turns of the loop have passed."""
        if self._is_lost:
            return
        if turns:
            self._loop.call_soon(self._step, turns - 1)
            return
        piece = next(self._left, None)
        if piece is not None:
            self._transport.write(piece)
            self._loop.call_soon(self._step, _TURNS_BETWEEN)
        elif self._plan.ending is Ending.WAIT:
            self._loop.call_later(_WAIT, self._wait, -1)
        elif self._plan.ending is Ending.CLOSE:
            self._transport.close()
        elif self._plan.ending is Ending.RESET:
            connection = self._transport.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
            self._transport.abort()
        else:
            self._finish()

    def _wait(self, received: int) -> None:
        """Finish if no more than `received` bytes have come meanwhile."""
        if len(self.received) == received:
            self._finish()
        elif not self._is_lost:
            self._loop.call_later(_WAIT, self._wait, len(self.received))

    def _finish(self) -> None:
        if not (self._is_lost or self._transport.is_closing()):
            self._transport.write_eof()


class _Notes(logging.Handler):
    """Keeps what is logged as an error, or with a traceback."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno >= logging.ERROR or record.exc_info:
            self.lines.append(f"{record.name}: {record.getMessage()} {record.exc_info or ''}")


@dataclass
class Campaign:
    """Inputs against one served lab guest.

    Attributes:
        live: what serves it.
        findings: inputs that broke a rule.
        tried: how many inputs have been run.
        served: how many requests have reached a guest.
    """

    live: Live
    findings: list[Finding] = field(default_factory=list)
    tried: int = 0
    served: int = 0
    _runs: defaultdict[int, list[SeenRequest]] = field(default_factory=lambda: defaultdict(list))
    _notes: _Notes = field(default_factory=_Notes)

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """Note what guests are run for, and what is logged, for the length of the block."""
        campaign, begin = self, Executor.begin

        def noted(self: Executor, instance: Instance, request: IncomingRequest, fields: bytes) -> Reply | BegunRequest:
            campaign._note(request, fields)
            return begin(self, instance, request, fields)

        root = logging.getLogger()
        root.addHandler(self._notes)
        Executor.begin = noted  # type: ignore[method-assign]
        try:
            yield
        finally:
            Executor.begin = begin  # type: ignore[method-assign]
            root.removeHandler(self._notes)

    def _note(self, request: IncomingRequest, fields: bytes) -> None:
        self.served += 1
        address = _ADDRESS.search(fields)
        if address is not None:
            self._runs[int(address[1])].append(SeenRequest(request.method, request.target))

    async def run(self, inputs: Iterator[tuple[int, Input]]) -> None:
        """Run `inputs`, each with its number, many at a time."""
        async with asyncio.TaskGroup() as group:
            for _ in range(_AT_ONCE):
                group.create_task(self._work(inputs))

    async def _work(self, inputs: Iterator[tuple[int, Input]]) -> None:
        for number, plan in inputs:
            for rule in await self._broken_rules(plan):
                self.findings.append(Finding(number, plan, rule))

    async def _connect(self, plan: Input) -> _Client:
        loop, address = asyncio.get_running_loop(), self.live.address
        while True:
            # So many connections come and go that a port is used again before its last connection is forgotten.
            with contextlib.suppress(ConnectionResetError):
                _, client = await loop.create_connection(lambda: _Client(plan, self._runs), address.host, address.port)
                return client

    async def _broken_rules(self, plan: Input) -> list[str]:
        self.tried += 1
        client = await self._connect(plan)
        broken = []
        try:
            async with asyncio.timeout(PATIENCE):
                await client.ended
        except TimeoutError:
            client.give_up()
            broken.append("the connection does not end")
        runs = self._runs.pop(client.port, [])
        if (runs or client.received) and is_readable(plan.data):
            broken += _judge(plan, bytes(client.received), runs)
        if self._notes.lines:
            # Of this input, or of one that runs beside it.
            broken += [f"logged: {line}" for line in self._notes.lines]
            self._notes.lines.clear()
        return broken


def _judge(plan: Input, received: bytes, runs: list[SeenRequest]) -> list[str]:
    """Return the rules that an exchange has broken."""
    is_refusal_alone = not runs and received.count(_VERSION) == 1
    requests = [] if is_refusal_alone else requests_in(plan.data)
    broken = []
    if not _is_row_of(runs, requests):
        broken.append(f"guests ran for {runs}, a strict reader sees {requests}")
    try:
        statuses = statuses_in(received, requests)
    except NotResponsesError as error:
        return [*broken, f"what came is no response: {error}"]
    if any(status >= 500 and status not in _ALLOWED_ERRORS for status in statuses):
        broken.append(f"answered {statuses}")
    if len(statuses) > len(requests) + 1:
        broken.append(f"answered {statuses} to {len(requests)} requests")
    refusals = [at for at, status in enumerate(statuses) if status not in (200, 204, 404, 417)]
    if refusals and refusals[0] != len(statuses) - 1:
        broken.append(f"answered {statuses}: something follows a refusal")
    # Who is finished has gone, as far as the server can tell: the guest that runs then is ended without an answer.
    if plan.ending in (Ending.WAIT, Ending.FINISH) and len(runs) > len(statuses) + 1:
        broken.append(f"guests ran {len(runs)} times, answered {statuses}")
    return broken


def _is_row_of(runs: list[SeenRequest], requests: list[SeenRequest]) -> bool:
    """Tell whether `runs` are among `requests`, in order."""
    left = iter(requests)
    return all(any(_is_same(run, request) for request in left) for run in runs)


def _is_same(run: SeenRequest, request: SeenRequest) -> bool:
    """An absolute target is taken apart, and an empty query may be left out."""
    target = request.target
    absolute = _ABSOLUTE.fullmatch(target)
    if absolute is not None:
        target = absolute[1] if absolute[1].startswith(b"/") else b"/" + absolute[1]
    return run.method == request.method and run.target.rstrip(b"?") == target.rstrip(b"?")

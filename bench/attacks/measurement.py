"""Measures attacks, one after the other: a server, a process for its steady clients, and one for the attackers."""

import gc
import multiprocessing
import os
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

from bench.attacks.attacker import attack
from bench.attacks.comparisons import Memory, Rounds
from bench.attacks.kinds import NEIGHBOUR, Attack
from bench.attacks.steady import Experience, Steady, experience
from bench.cases import Case, Server
from bench.processors import Cores, pin, processor_time
from bench.responses import Answer
from bench.servers import Running, running
from bench.soak.descriptors import resident_memory
from whorl.server.limits import raise_descriptor_limit

_SERVER = Server("attacks")
_ROUNDS = 2
_WARM_UP = 1.0
_LOOK = 0.05
_QUIET = 8.0
"""Seconds without attackers after which the server has let go of them: what was refused lingers for 2."""
_PAUSE = 0.2
_FIRST, _LAST = -10, 10
"""Niceness of the steady load, where that is allowed, and of the attackers, which it shares a core with."""


def _steady(name: str, target: str, rate: float, connections: int) -> Steady:
    case = Case(name, _SERVER, target, answer=Answer(200, b"hello"))
    return Steady(name, case.request(), case.answer, rate, connections)


_NEIGHBOUR = _steady("neighbour", NEIGHBOUR, 200, 4)
_VICTIM = _steady("victim", "/hello", 50, 2)


class Measurement:
    """A server, and the two processes that measure and attack it."""

    def __init__(self, server: Running, client: ProcessPoolExecutor, attacker: ProcessPoolExecutor) -> None:
        self._server = server
        self._client = client
        self._attacker = attacker
        self._most = 0
        self._apply([_NEIGHBOUR, _VICTIM], _WARM_UP)
        self._attacker.submit(os.getpid).result()
        self._descriptors = self._open_descriptors()

    def rounds(self, kind: Attack, seconds: float) -> Rounds:
        """Measure without the attack and under it, in turn, so that whatever changes on the machine meets both."""
        loads = [_NEIGHBOUR, _VICTIM] if kind.asks_victim else [_NEIGHBOUR]
        alone, attacked, outcomes = [], [], Counter[str]()
        busy = 0.0
        before = self._most = resident_memory(self._server.pid)
        for _ in range(_ROUNDS):
            alone.append(self._apply(loads, seconds))
            attacking = self._attacker.submit(attack, kind.name, self._server.port, seconds)
            used, began = processor_time(self._server.pid), time.monotonic()
            attacked.append(self._apply(loads, seconds))
            busy += (processor_time(self._server.pid) - used) / (time.monotonic() - began) / _ROUNDS
            outcomes += attacking.result()
            self._calm_down()
        after = resident_memory(self._server.pid)
        return Rounds(kind.name, alone, attacked, busy, Memory(before, self._most, after), outcomes)

    def complaint(self) -> str:
        """Return the last lines that the server wrote to stderr."""
        return self._server.complaint()

    def _apply(self, loads: Sequence[Steady], seconds: float) -> dict[str, Experience]:
        task = self._client.submit(experience, self._server.port, loads, seconds)
        while not _is_done(task):
            self._most = max(self._most, resident_memory(self._server.pid))
        return task.result()

    def _calm_down(self) -> None:
        """Wait until the server has let go of the attackers' connections."""
        end = time.monotonic() + _QUIET
        time.sleep(_PAUSE)
        while self._open_descriptors() > self._descriptors and time.monotonic() < end:
            time.sleep(_PAUSE)

    def _open_descriptors(self) -> int:
        return sum(1 for _ in Path(f"/proc/{self._server.pid}/fd").iterdir())


def _is_done(task: Future[dict[str, Experience]]) -> bool:
    try:
        task.exception(_LOOK)
    except TimeoutError:
        return False
    return True


@contextmanager
def measurement(cores: Cores) -> Iterator[Measurement]:
    """Run a server and what measures it for the length of the block.

    Raises:
        ServerFailedError: the server does not start.
    """
    with (
        running([_SERVER], cores.server) as servers,
        _process(cores.load, _FIRST) as client,
        _process(cores.load, _LAST) as attacker,
    ):
        pin(os.getpid(), cores.load)
        yield Measurement(servers[_SERVER], client, attacker)


def _process(core: int | None, niceness: int) -> ProcessPoolExecutor:
    spawn = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(1, mp_context=spawn, initializer=_begin, initargs=(core, niceness))


def _begin(core: int | None, niceness: int) -> None:
    pin(os.getpid(), core)
    with suppress(PermissionError):
        os.nice(niceness)
    raise_descriptor_limit()
    gc.freeze()

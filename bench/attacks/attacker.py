"""The attackers: one event loop that keeps as many of them going as an attack has, for as long as it lasts."""

import asyncio
import gc
from collections import Counter
from random import Random

from bench.attacks.kinds import Attack, attacks
from bench.soak.wire import Client

HELD = "held"
"""What became of an attacker that was still at it at the end."""

_LATE = 0.1
"""Seconds for which attackers that could not begin in time are made up for."""


def attack(name: str, port: int, seconds: float) -> Counter[str]:
    """Attack the server at `port` for so long; return what came of it and how often: statuses, mostly.

    Garbage is left for afterwards: collecting what so many connections are made of would have the core for longer than
    the steady load can spare.
    """
    [kind] = [each for each in attacks() if each.name == name]
    gc.disable()
    try:
        return asyncio.run(_attack(kind, port, seconds))
    finally:
        gc.enable()
        gc.collect()


async def _attack(kind: Attack, port: int, seconds: float) -> Counter[str]:
    attackers = _Attackers(kind, port)
    try:
        await attackers.keep_coming(seconds)
    finally:
        await attackers.stop()
    return attackers.outcomes


class _Attackers:
    def __init__(self, kind: Attack, port: int) -> None:
        self.outcomes: Counter[str] = Counter()
        self._kind = kind
        self._port = port
        self._chance = Random(kind.name)  # noqa: S311 - nothing secret
        self._acting: set[asyncio.Task[None]] = set()
        self._ended = asyncio.Event()

    async def keep_coming(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        end = due + seconds
        while (now := loop.time()) < end:
            if len(self._acting) >= self._kind.at_once:
                self._ended.clear()
                await _within(self._ended, end - now)
            else:
                self._begin()
                due = max(due + 1 / self._kind.rate, loop.time() - _LATE)
                await asyncio.sleep(min(due, end) - loop.time())

    async def stop(self) -> None:
        for task in self._acting:
            task.cancel()
        if self._acting:
            await asyncio.wait(self._acting)

    def _begin(self) -> None:
        task = asyncio.create_task(self._act())
        self._acting.add(task)
        task.add_done_callback(self._note_end)

    def _note_end(self, task: asyncio.Task[None]) -> None:
        self._acting.discard(task)
        self._ended.set()

    async def _act(self) -> None:
        try:
            outcome = await self._outcome()
        except asyncio.CancelledError:
            outcome = HELD
        except asyncio.IncompleteReadError:
            outcome = "closed"
        except OSError as error:
            outcome = type(error).__name__
        self.outcomes[outcome] += 1

    async def _outcome(self) -> str:
        client = await Client.connect(self._port, self._kind.buffer)
        try:
            return await self._kind.act(client, self._chance)
        finally:
            client.writer.transport.abort()


async def _within(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        pass

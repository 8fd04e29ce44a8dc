"""Applies the load: each kind at its rate, with a bound on how many are under way; and counts what went wrong."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from itertools import cycle

from bench.soak.kinds import Act, Kind, Site
from bench.soak.wire import UnexpectedError

_ANSWER = 20.0
"""Seconds after which an act that has not ended is an error."""
_MOST = 64
"""Acts of one kind under way at once; beyond it the next ones are left out and counted."""
_GOLDEN = 0.618034
"""Part of its interval by which each kind begins later than the one before, so that they do not come all at once."""


class Load:
    """Clients of a server. `start` and `stop` it, any number of times.

    Attributes:
        done: acts that went as they should, by kind.
        errors: what went wrong and how often, by kind and what it was.
        left_out: acts that were due while too many of their kind were under way: the machine is too slow for the rate.
    """

    def __init__(self, site: Site, kinds: Sequence[Kind]) -> None:
        self.done: Counter[str] = Counter()
        self.errors: Counter[tuple[str, str]] = Counter()
        self.left_out: Counter[str] = Counter()
        self._site = site
        self._kinds = kinds
        self._pacing: list[asyncio.Task[None]] = []
        self._acting: set[asyncio.Task[None]] = set()

    async def once(self) -> None:
        """Do everything once, so that whatever is opened or made for it is there."""
        await asyncio.gather(*(self._act(kind.name, act) for kind in self._kinds for act in kind.acts))

    def start(self) -> None:
        """Begin."""
        offsets = ((number * _GOLDEN) % 1 for number in range(len(self._kinds)))
        self._pacing = [asyncio.create_task(self._pace(*each)) for each in zip(self._kinds, offsets, strict=True)]

    async def stop(self) -> None:
        """Begin no more acts, and wait for those under way."""
        pacing, self._pacing = self._pacing, []
        for task in pacing:
            task.cancel()
        for task in pacing:
            with suppress(asyncio.CancelledError):
                await task
        if self._acting:
            await asyncio.wait(self._acting)
        self._site.close()

    async def _pace(self, kind: Kind, offset: float) -> None:
        loop = asyncio.get_running_loop()
        under_way: set[asyncio.Task[None]] = set()
        due = loop.time() + offset / kind.rate
        await asyncio.sleep(offset / kind.rate)
        for act in cycle(kind.acts):
            if len(under_way) < _MOST:
                task = asyncio.create_task(self._act(kind.name, act))
                for tasks in (under_way, self._acting):
                    tasks.add(task)
                    task.add_done_callback(tasks.discard)
            else:
                self.left_out[kind.name] += 1
            due = max(due + 1 / kind.rate, loop.time() - 1)
            await asyncio.sleep(due - loop.time())

    async def _act(self, name: str, act: Act) -> None:
        try:
            async with asyncio.timeout(_ANSWER):
                await act(self._site)
        except TimeoutError:
            self.errors[name, f"no end within {_ANSWER:g} s"] += 1
        except (UnexpectedError, OSError, EOFError, ValueError) as error:
            self.errors[name, f"{type(error).__name__}: {error}"] += 1
        else:
            self.done[name] += 1

"""Fairness: which guests run next when they want more of the core than a turn of the event loop has.

Theory of operation: a guest that pauses soon is no burden to anybody; only *long* slices are counted. When those of one
turn of the loop add up to `TURN`, the turn is spent: guests that would begin or go on wait, and one of them is let run
in each turn. It is one of the component that has used the least, in the order in which they came; so a component has
its part of the core however many guests the others run, and whoever is new at it does not wait for all of them. What a
component did not use is forgotten but for `CREDIT`. A component that is *behind* the one that was let run last does not
wait at all: its requests are delayed by one slice, not by a queue.
"""

import asyncio
from collections import deque
from operator import attrgetter

from whorl.engine.epochs import EpochTicker

LONG = 0.0005
"""Seconds from which a slice counts."""

TURN = 0.001
"""Seconds of counted slices after which a turn of the loop is spent."""

CREDIT = 0.02
"""Seconds by which a component that comes back may be behind the others."""

_SHORT_TICKS = 20


class CoreTime:
    """The time that the guests of one engine have in a turn of its event loop.

    Attributes:
        is_spent: guests of a component that is not behind are to wait for their turn.
        floor: what the component had used that was let run last, seconds.

    Args:
        ticker: measures slices out; short ones while there are long ones.
    """

    def __init__(self, ticker: EpochTicker) -> None:
        self._ticker = ticker
        self.is_spent = False
        self.floor = 0.0
        self._spent = 0.0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: dict[CoreShare, None] = {}

    def note(self, share: "CoreShare", seconds: float) -> None:
        """A guest of `share` has run for `seconds`, more than `LONG`."""
        share.used = max(share.used, self.floor - CREDIT) + seconds
        if not self._waiting:
            self.floor = max(self.floor, share.used)
        self._ticker.short_ticks = _SHORT_TICKS
        self._spent += seconds
        self.is_spent = self._spent >= TURN
        self._watch()

    def enter(self, share: "CoreShare") -> None:
        """A guest of `share` waits."""
        share.used = max(share.used, self.floor - CREDIT)
        self._waiting[share] = None
        self._watch()

    def _watch(self) -> None:
        """See to it that the turn's end is noticed."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop = loop
            loop.call_soon(self._begin_turn)

    def _begin_turn(self) -> None:
        self._loop = None
        self._spent = 0.0
        self.is_spent = False
        if self._waiting:
            # Before the guest that is let run, so that its slice is of the turn that begins then.
            self._watch()
        while self._waiting:
            share = min(self._waiting, key=attrgetter("used"))
            was_told = share.call_next()
            if not share.waits:
                del self._waiting[share]
            if was_told:
                self.floor = max(self.floor, share.used)
                return


class CoreShare:
    """The part of one component in the core time of its engine.

    Attributes:
        used: seconds that its guests ran, as far as that is remembered.
    """

    def __init__(self, core: CoreTime) -> None:
        self.used = 0.0
        self._core = core
        self._turns: deque[asyncio.Future[None]] = deque()

    @property
    def waits(self) -> bool:
        """Whether a guest of it waits."""
        return bool(self._turns)

    @property
    def is_behind(self) -> bool:
        """Whether it has used less than the component that was let run last."""
        return self.used < self._core.floor

    @property
    def must_wait(self) -> bool:
        """Whether a guest of it that would run is to wait for a turn."""
        return self._core.is_spent and not self.is_behind

    def note(self, seconds: float) -> None:
        """A guest of it has run for `seconds`, more than `LONG`."""
        self._core.note(self, seconds)

    async def turn(self, *, always: bool = False) -> None:
        """Wait until a guest of it may run: at once where there is time left, unless `always`."""
        if not (always or self.must_wait):
            return
        turn = asyncio.get_running_loop().create_future()
        self._turns.append(turn)
        self._core.enter(self)
        await turn

    def call_next(self) -> bool:
        """Let the guest run that has waited longest; tell whether there was one."""
        while self._turns:
            turn = self._turns.popleft()
            if not turn.done():
                turn.set_result(None)
                return True
        return False

"""Who may have how many of an engine's instances: the places that the pools of its components share.

Theory of operation: an engine can have so many instances, `most`. A few of them are spare: for requests that others
wait for, and for instances that are being made ahead. The others are *places*, one for each request that is served.
Every component has its *fair share* of them, the same for all. Half of it, one place at least, is *sure*: nobody else
gets it, so that a component which is asked for the first time has a place at once, however busy the others are. The
rest is common: a component has as many of it as are free, up to its own `max_instances`. Who finds none queues; of a
common place that becomes free the deepest requests are told first (see `pool`), then components below their fair share.

An instance that serves nobody (warm, or used up and not yet closed) takes room but no place. It goes when there is no
room for one that serves: to be warm is a favour. Not thread-safe: an engine belongs to one event loop.
"""

from typing import Protocol

_MOST_SPARE = 32


class Waiter(Protocol):
    """What has places and lets requests wait for more: the turns of one component.

    Attributes:
        in_use: places that it has.
    """

    in_use: int

    @property
    def deepest(self) -> int:
        """The depth of the deepest request that waits for a place."""

    def call_next(self) -> bool:
        """Give a place to a request that waits, if one may have it; tell whether it did."""


class Sharer(Waiter, Protocol):
    """What has a share: the pool of one component.

    Attributes:
        sure: places that nobody else gets; set here.
        max_places: places that it may have at most.
    """

    sure: int
    max_places: int

    def give_up_one(self) -> bool:
        """Close an instance that serves nobody; tell whether there was one."""


class Places:
    """The places of one engine.

    Attributes:
        most: how many instances may exist.
        live: how many do. Counted by each instance.
        total: how many may serve at once, without those that other requests wait for.
        common: places that are free for whoever comes; negative while requests that others wait for have more.
        spare: half of the instances beyond `total`, for requests that others wait for; the other half may be in the
            making at once.
        making: how many are being made ahead of a request.
        waiting: the pools in which requests wait, in the order in which they began to.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.live = 0
        self.making = 0
        self.spare = min(_MOST_SPARE, most // 2) // 2
        self.total = self.common = most - 2 * self.spare
        self.waiting: dict[Waiter, None] = {}
        self._sharers: dict[Sharer, None] = {}

    @property
    def has_room(self) -> bool:
        """Whether another instance may exist."""
        return self.live < self.most

    @property
    def fair_share(self) -> int:
        """The places of each component, if all of them want as many."""
        return self.total // max(1, len(self._sharers))

    def join(self, sharer: Sharer) -> None:
        """Give `sharer` its share; the sure places of the others become fewer."""
        self._sharers[sharer] = None
        self._share()

    def leave(self, sharer: Sharer) -> None:
        """Give the places of `sharer`, who has none in use, to the others."""
        if sharer in self._sharers:
            del self._sharers[sharer]
            sharer.sure = 0
            self._share()
        while self.call_next():
            pass

    def is_free(self, depth: int) -> bool:
        """Tell whether there is a common place for a request of this depth."""
        return self.common + min(depth, self.spare) > 0

    def call_next(self) -> bool:
        """Tell of a place that is free: the deepest request, then who has less than a fair share, then the first."""
        share = self.fair_share
        in_order = sorted(self.waiting, key=lambda sharer: (-sharer.deepest, sharer.in_use >= share))
        return any(sharer.call_next() for sharer in in_order)

    def make_room(self) -> bool:
        """See to it that another instance may exist; false when all of them serve."""
        return self.has_room or self.give_up_one()

    def give_up_one(self) -> bool:
        """Close an instance that serves nobody, of any component; tell whether there was one."""
        return any(sharer.give_up_one() for sharer in self._sharers)

    def _share(self) -> None:
        fair = self.fair_share
        sure = max(min(fair, 1), fair // 2)
        self.common = self.total
        for sharer in self._sharers:
            sharer.sure = min(sure, sharer.max_places)
            self.common -= max(sharer.sure, sharer.in_use)

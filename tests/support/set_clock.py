"""A clock for what expires."""

from dataclasses import dataclass


@dataclass
class SetClock:
    """A clock that the test sets, in milliseconds."""

    now: int = 1_700_000_000_000

    def __call__(self) -> int:
        return self.now

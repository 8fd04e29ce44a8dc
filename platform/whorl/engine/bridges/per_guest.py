"""Implementations of which each guest has one of its own."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class PerGuest:
    """An implementation that is made for each guest, of a class: what it keeps is that guest's, and goes with it."""

    kind: type
    arguments: tuple[Any, ...] = ()

    def make(self) -> Any:
        """Return one."""
        return self.kind(*self.arguments)

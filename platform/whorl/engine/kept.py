"""What the host keeps for a guest, and how it ends: with the guest, or with the whole instance."""

from typing import Self


class Kept:
    """What is kept for a guest in `Instance.state`, by whoever has more to do at its end than to forget it."""

    __slots__ = ()

    def end(self) -> Self | None:
        """End what belongs to the guest; return what is kept for the next guest of the same instance, None for nothing.

        What the guest held is invalid from then on, what is under way for it is cancelled.
        """
        self.close()
        return None

    def close(self) -> None:
        """End all of it: the instance is closed."""

"""The bar that a terminal shows while components are prepared. In a file of its own, for rich takes long to load."""

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn


class ProgressBar:
    """A bar on stderr, from its making to `close`.

    Args:
        total: how many components there are.
    """

    def __init__(self, total: int) -> None:
        columns = (TextColumn("Preparing components"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._bar = Progress(*columns, console=Console(stderr=True), transient=True)
        self._bar.start()
        self._task = self._bar.add_task("", total=total)

    def advance(self) -> None:
        """One component is ready."""
        self._bar.advance(self._task)

    def close(self) -> None:
        """Take the bar off the terminal."""
        self._bar.stop()

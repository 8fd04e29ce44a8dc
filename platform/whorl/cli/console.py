"""The operator's terminal: log lines, warnings and the progress of preparation, all on stderr."""

import logging
import sys
import time
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Self

from whorl.app.locked import LockedApp
from whorl.capabilities.wasi.terminals import Terminal
from whorl.server.messages import TerminalHandler
from whorl.server.options import UpOptions

if TYPE_CHECKING:
    from whorl.cli.progress_bar import ProgressBar

_SLOW = 0.5


class Console:
    """Writes to stderr; shows a progress bar when that is a terminal. Also is what preparation reports to."""

    def __init__(self, options: UpOptions) -> None:
        self._options = options
        self._terminal = Terminal(sys.stderr.buffer)
        self._bar: ProgressBar | None = None
        self._began = 0.0
        self._left = 0

    def start(self) -> None:
        """Send log lines to stderr."""
        logger = logging.getLogger("whorl")
        logger.addHandler(TerminalHandler(self._terminal))
        logger.setLevel(logging.INFO)
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)

    def warn(self, text: str) -> None:
        """Write a warning."""
        logging.getLogger("whorl").warning(text)

    def describe(self, app: LockedApp) -> None:
        """Say where the app keeps what it writes, as Spin does."""
        options = self._options
        if options.log_dir is not None:
            self._line(f'Logging component stdio to "{options.log_dir}/"')
        if any(component.key_value_stores for component in app.served_components()):
            self._line(f'Storing default key-value data to "{options.state_dir / "sqlite_key_value.db"}".')

    def begin(self, components: Sequence[str]) -> None:
        """Components are about to be prepared: show a bar on a terminal."""
        self._began = time.monotonic()
        self._left = len(components)
        if sys.stderr.isatty():
            from whorl.cli.progress_bar import ProgressBar  # noqa: PLC0415 - loaded where it is needed

            self._bar = ProgressBar(len(components))

    def done(self, component: str) -> None:
        """One component is ready."""
        self._left -= 1
        took = time.monotonic() - self._began
        if self._bar is not None:
            self._bar.advance()
        elif took > _SLOW:
            self._line(f"Prepared component {component} in {took:.1f} s")
        if not self._left:
            self.close()

    def close(self) -> None:
        """Take the bar off the terminal."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        self._terminal.close()

    def _line(self, text: str) -> None:
        self._terminal.write(f"{text}\n".encode(errors="backslashreplace"))

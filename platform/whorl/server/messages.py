"""The log lines of the process while it serves: by the queue of its terminal, so that no line waits for a reader."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from whorl.capabilities.wasi.terminals import Terminal

FORM = "%(levelname)s: %(message)s"
"""What a log line looks like."""


class TerminalHandler(logging.Handler):
    """Writes log records to a terminal."""

    def __init__(self, terminal: Terminal) -> None:
        super().__init__()
        self.setFormatter(logging.Formatter(FORM))
        self._terminal = terminal

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        try:
            self._terminal.write(self.format(record).encode(errors="backslashreplace") + b"\n")
        except Exception:  # noqa: BLE001 - as handlers do: logging never fails who logs
            self.handleError(record)


@contextmanager
def logging_to(terminal: Terminal) -> Iterator[None]:
    """Send the log lines of the whole process to `terminal` within the block, those of libraries too."""
    root, own = logging.getLogger(), logging.getLogger("whorl")
    before = [(logger, logger.handlers[:]) for logger in (root, own)]
    root.handlers[:], own.handlers[:] = [TerminalHandler(terminal)], []
    own.setLevel(logging.INFO)
    try:
        yield
    finally:
        for logger, handlers in before:
            logger.handlers[:] = handlers

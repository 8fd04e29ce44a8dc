"""What SIGINT and SIGTERM do while an app is prepared, and while it closes: they end the process at once.

Compiling cannot be called off, and nothing that is begun then has to be brought to an end. Both signals need a handler
although SIGTERM would end a process by itself: the kernel keeps signals without one from the first process of a
container. A server that serves has handlers of its own (`whorl.server`).
"""

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_SIGNALLED = 128
"""Added to a signal's number it is the exit code by which shells tell that the signal ended a process."""


@contextlib.contextmanager
def ending_at_once(last: Callable[[], object]) -> Iterator[None]:
    """End the process when a signal comes within the block, with 130 (SIGINT) or 143 (SIGTERM); `last` is called first.

    Elsewhere than in the main thread, where signals cannot be handled, the block runs as it is.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(number: int, _frame: object) -> None:
        try:
            last()
        finally:
            os._exit(_SIGNALLED + number)

    before = {number: signal.signal(number, end) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

"""What signals do while nothing serves: they end the process at once, or what it has begun and then the process.

Compiling cannot be called off, and nothing that is begun then has to be brought to an end. Each signal needs a handler
although most would end a process by themselves: the kernel keeps signals without one from the first process of a
container. A server that serves has handlers of its own (`whorl.server`).
"""

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator

from whorl.server.signals import ending_signals

SIGNALLED = 128
"""Added to a signal's number it is the exit code by which shells tell that the signal ended a process."""


class SignalledError(BaseException):
    """A signal came that is to end this process: no error that anybody handles on the way.

    Attributes:
        number: the signal's.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


@contextlib.contextmanager
def ending_at_once(last: Callable[[], object] = lambda: None) -> Iterator[None]:
    """End the process when a signal comes within the block, with 128 and its number; `last` is called first.

    Elsewhere than in the main thread, where signals cannot be handled, the block runs as it is.
    """

    def end(number: int, _frame: object) -> None:
        try:
            last()
        finally:
            os._exit(SIGNALLED + number)

    with _handling(end):
        yield


@contextlib.contextmanager
def raising_where_told() -> Iterator[Callable[[], contextlib.AbstractContextManager[None]]]:
    """Give a block within which signals raise `SignalledError`; others do as it begins, or at the end of this one."""
    came: list[int] = []
    may_raise = False

    def note(number: int, _frame: object) -> None:
        if may_raise:
            raise SignalledError(number)
        came.append(number)

    @contextlib.contextmanager
    def raising() -> Iterator[None]:
        nonlocal may_raise
        may_raise = True
        try:
            if came:
                raise SignalledError(came[0])
            yield
        finally:
            may_raise = False

    with _handling(note):
        yield raising
    if came:
        raise SignalledError(came[0])


@contextlib.contextmanager
def _handling(handler: Callable[[int, object], None]) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, handler) for number in ending_signals()}
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)

"""The rows of the table, and short ways to write them."""

from collections.abc import Collection
from dataclasses import dataclass

OK = (200,)
BAD = (400,)
BAD_OR_UNKNOWN = (400, 501)
"""A coding that nobody knows may be told from one that is in the wrong place, or not."""

BAD_OR_VERSION = (400, 505)
NEVER = (0,)
ONCE = (1,)
PERHAPS = (0, 1)
"""A guest may have been begun at the head when something is wrong with the body."""


@dataclass(frozen=True, slots=True)
class Case:
    """A message and what has to come of it.

    Attributes:
        name: what is special about it.
        message: the bytes.
        statuses: the final response has one of these.
        closes: the server closes the connection after that response, and sends nothing more; None: if it is not 200.
        runs: how many guests may have been run.
        contains: is part of the response's body.
        method: of the request, as far as it can be told.
    """

    name: str
    message: bytes
    statuses: tuple[int, ...]
    closes: bool | None
    runs: Collection[int]
    contains: bytes = b""
    method: bytes = b"GET"

    def __str__(self) -> str:
        return self.name


def served(name: str, message: bytes, contains: bytes = b"", *, closes: bool = False) -> Case:
    """Return the case of a message that a guest serves."""
    method = message.lstrip(b"\r\n").partition(b" ")[0]
    return Case(name, message, OK, closes, ONCE, contains, method)


def served_or_refused(name: str, message: bytes) -> Case:
    """Return the case of a message that a sender must not send and that a recipient may take."""
    return Case(name, message, (200, 400), closes=None, runs=PERHAPS, method=b"POST")


def refused(name: str, message: bytes, statuses: tuple[int, ...] = BAD, runs: Collection[int] = NEVER) -> Case:
    """Return the case of a message that is refused, with the connection."""
    return Case(name, message, statuses, closes=True, runs=runs)

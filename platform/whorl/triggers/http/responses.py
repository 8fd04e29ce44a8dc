"""Responses as guests give them: their heads validated, and remembered, since a component's are often the same.

Theory of operation: status and header fields come as one short text, which is checked character by character. A table
of a component's last heads saves that for a text that came before; it holds no heads that are long, and when it is full
it starts again, so a component whose heads are all different costs one entry more and no memory.
"""

import re
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from whorl.engine.packing import MalformedError, decode_head
from whorl.triggers.http.messages import Fields
from whorl.types import HOP_BY_HOP, Header, Headers

_FIELD_LINES = re.compile(rb"(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+\n[\t -~\x80-\xff]*\r)*")
_STATUS = re.compile(rb"[0-9]{3}")
_STATUSES = range(200, 600)
_INFORMATIONAL = re.compile(rb"1(?!01)[0-9]{2}")
_LENGTH = re.compile(rb"[0-9]{1,18}")
NO_BODY = frozenset({204, 304})
"""Statuses whose responses have no body, whatever the guest wrote."""

_REMEMBERED = 128
_REMEMBERED_SIZE = 1024


@dataclass(frozen=True, slots=True)
class ResponseHead:
    """Status and header fields of a response. Shared by all responses that have them: nothing in it may be changed.

    Attributes:
        status: 200 to 599.
        fields: names in lower case; no length of a body that is not sent.
        lines: the same as HTTP/1.1 writes them, each with CR LF behind it.
        length: what `content-length` says, None when it is not among them.
        has_date: whether `date` is among them.
    """

    status: int
    fields: tuple[Header, ...] = ()
    lines: bytes = b""
    length: int | None = None
    has_date: bool = False

    @classmethod
    def of(cls, status: int, fields: Headers) -> "ResponseHead":
        """Return the head of a final response.

        Raises:
            UnservableError: HTTP has no such response.
        """
        if status not in _STATUSES:
            raise UnservableError(f"status {status} is not one from 200 to 599")
        if status in NO_BODY:
            fields = [field for field in fields if field[0] != b"content-length"]
        lengths = [value for name, value in fields if name == b"content-length"]
        if lengths and (len(lengths) > 1 or not _LENGTH.fullmatch(lengths[0])):
            raise UnservableError(f"`content-length` is not one number: {b', '.join(lengths)[:80]!r}")
        has_date = any(name == b"date" for name, _ in fields)
        lines = b"".join([b"%b: %b\r\n" % field for field in fields])
        return cls(status, tuple(fields), lines, int(lengths[0]) if lengths else None, has_date)


class UnservableError(Exception):
    """What a guest gave is no response of HTTP (RFC 9110, section 15); the text says why. The client gets 500."""


class Reply(NamedTuple):
    """A whole response."""

    head: ResponseHead
    body: bytes = b""


class ResponseSink(Protocol):
    """Where a response goes. Calls come in this order: `whole`, or `start`, `write` ..., `finish` or `abort`."""

    async def whole(self, head: ResponseHead, body: bytes) -> None:
        """Send a complete response."""

    async def start(self, head: ResponseHead) -> None:
        """Send the head; the body follows."""

    async def write(self, data: bytes) -> None:
        """Send a piece of the body; returns when the client has room for more."""

    async def finish(self, trailers: Headers) -> None:
        """The body is complete."""

    async def abort(self) -> None:
        """The body breaks off: the client must notice."""


class ResponseHeads:
    """Reads the response heads of one component."""

    def __init__(self) -> None:
        self._known: dict[bytes, ResponseHead] = {}

    def read(self, text: bytes) -> ResponseHead:
        """Return the head that `text` (head text: status, CR, field lines) stands for.

        Raises:
            MalformedError: it is not that, or names a field that guests cannot set.
            UnservableError: HTTP has no such response.
        """
        head = self._known.get(text)
        if head is None:
            head = _parse(decode_head(text))
            if len(text) <= _REMEMBERED_SIZE:
                if len(self._known) >= _REMEMBERED:
                    self._known.clear()
                self._known[text] = head
        return head


def parse_informational(text: bytes) -> tuple[int, Fields]:
    """Return status and fields of a response ahead of the response (head text as of `ResponseHeads.read`).

    Raises:
        MalformedError: it is not that, or ends the use of HTTP (101).
    """
    status, _, lines = decode_head(text).partition(b"\r")
    if not _INFORMATIONAL.fullmatch(status):
        raise MalformedError(f"status {status[:20]!r} is not one that comes ahead of a response")
    return int(status), [field for field in parse_fields(lines) if field[0] != b"content-length"]


def parse_fields(lines: bytes) -> Fields:
    """Return the fields of `lines` (raw bytes), names in lower case.

    Raises:
        MalformedError: HTTP does not allow one of them, or guests cannot set it.
    """
    if not _FIELD_LINES.fullmatch(lines):
        raise MalformedError("a field is not allowed by HTTP's syntax")
    fields = []
    for line in lines.split(b"\r")[:-1]:
        name, _, value = line.partition(b"\n")
        name = name.lower()
        if name in HOP_BY_HOP:
            raise MalformedError(f"field `{name.decode()}` is not for guests to set")
        fields.append((name, value))
    return fields


def _parse(head: bytes) -> ResponseHead:
    status, _, lines = head.partition(b"\r")
    if not _STATUS.fullmatch(status):
        raise MalformedError(f"status {status[:20]!r} is not a number of three digits")
    return ResponseHead.of(int(status), parse_fields(lines))

"""Responses as guests give them: their heads validated, and remembered, since a component's are often the same.

Theory of operation: status and header fields come as one short text, which is checked character by character. A table
of a component's last heads saves that for a text that came before; it holds no heads that are long, and when it is full
it starts again, so a component whose heads are all different costs one entry more and no memory.
"""

import re
from dataclasses import dataclass
from typing import NamedTuple

from whorl.engine.packing import MalformedError, decode_head
from whorl.triggers.http.messages import Fields
from whorl.types import HOP_BY_HOP

_FIELD_LINES = re.compile(rb"(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+\n[\t -~\x80-\xff]*\r)*")
_STATUS = re.compile(rb"[2-9][0-9]{2}")
NO_BODY = frozenset({204, 304})
"""Statuses whose responses have no body, whatever the guest wrote."""

_REMEMBERED = 128
_REMEMBERED_SIZE = 1024


@dataclass(frozen=True, slots=True)
class ResponseHead:
    """Status and header fields of a response. Shared by all responses that have them: nothing in it may be changed.

    Attributes:
        status: 200 to 999.
        fields: names in lower case.
        lines: the same as HTTP/1.1 writes them, each with CR LF behind it; no length of a body that is not sent.
        has_length: whether `content-length` is among them.
    """

    status: int
    fields: tuple[tuple[bytes, bytes], ...] = ()
    lines: bytes = b""
    has_length: bool = False


class Reply(NamedTuple):
    """A whole response."""

    head: ResponseHead
    body: bytes = b""


class ResponseHeads:
    """Reads the response heads of one component."""

    def __init__(self) -> None:
        self._known: dict[bytes, ResponseHead] = {}

    def read(self, text: bytes) -> ResponseHead:
        """Return the head that `text` (head text: status, CR, field lines) stands for.

        Raises:
            MalformedError: it is not that, or names a field that guests cannot set.
        """
        head = self._known.get(text)
        if head is None:
            head = _parse(decode_head(text))
            if len(text) <= _REMEMBERED_SIZE:
                if len(self._known) >= _REMEMBERED:
                    self._known.clear()
                self._known[text] = head
        return head


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
        raise MalformedError(f"status {status[:20]!r} is not a number from 200 to 999")
    code, fields = int(status), parse_fields(lines)
    has_length = any(name == b"content-length" for name, _ in fields)
    written = [b"%b: %b\r\n" % field for field in fields if code not in NO_BODY or field[0] != b"content-length"]
    return ResponseHead(code, tuple(fields), b"".join(written), has_length)

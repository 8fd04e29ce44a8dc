"""Which header fields of a request a guest sees."""

import re

from whorl.triggers.http.headers import RESERVED
from whorl.triggers.http.messages import Fields
from whorl.types import HOP_BY_HOP

_BREAKS = re.compile(rb"[\r\0]")


def visible_fields(headers: Fields) -> tuple[bytes, bytes | None]:
    """Return the field lines of the client's headers that a guest may see, and the `host` header."""
    lines = []
    authority = None
    for field in headers:
        name = field[0]
        if name in HOP_BY_HOP:
            if name == b"host":
                authority = field[1]
        elif not name.startswith(RESERVED):
            lines.append(b"\n".join(field))
    lines.append(b"")
    joined = b"\r".join(lines)
    expected = len(lines) - 1
    if joined.count(b"\r") != expected or joined.count(b"\n") != expected or b"\0" in joined:
        joined = b"".join([line + b"\r" for line in lines if line.count(b"\n") == 1 and not _BREAKS.search(line)])
    return joined, authority

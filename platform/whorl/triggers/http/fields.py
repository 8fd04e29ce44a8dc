"""Which header fields of a request a guest sees."""

from whorl.triggers.http.headers import RESERVED
from whorl.triggers.http.messages import Fields
from whorl.types import HOP_BY_HOP


def visible_fields(headers: Fields) -> tuple[bytes, bytes | None]:
    """Return the field lines of the client's headers that a guest may see, and the `host` header."""
    lines = []
    authority = None
    for name, value in headers:
        if name in HOP_BY_HOP:
            if name == b"host":
                authority = value
        elif not name.startswith(RESERVED):
            lines.append(b"%b\n%b\r" % (name, value))
    joined = b"".join(lines)
    if joined.count(b"\r") != len(lines) or joined.count(b"\n") != len(lines) or b"\0" in joined:
        joined = b"".join([line for line in lines if line.count(b"\r") == line.count(b"\n") == 1 and b"\0" not in line])
    return joined, authority

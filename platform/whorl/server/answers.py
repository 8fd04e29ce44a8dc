"""The bytes of responses as HTTP/1.x writes them (RFC 9112): status lines, the server's own fields, framing."""

from http import HTTPStatus
from typing import NamedTuple

from whorl.triggers.http.responses import NO_BODY, ResponseHead
from whorl.types import Headers


def _status_line(status: int) -> bytes:
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = ""
    return f"HTTP/1.1 {status} {phrase}\r\n".encode()


_STATUS_LINES = {status: _status_line(status) for status in range(100, 600)}

CONTINUE = _STATUS_LINES[100] + b"\r\n"
"""`100 Continue`."""


_END = {
    (False, True): b"\r\n",
    (True, True): b"connection: keep-alive\r\n\r\n",
    (False, False): b"connection: close\r\n\r\n",
    (True, False): b"connection: close\r\n\r\n",
}
"""The end of a head, by whether the client speaks HTTP/1.0 and whether the connection stays."""


class Framing(NamedTuple):
    """What a request says of how its response is to be framed.

    Attributes:
        is_1_0: the client speaks HTTP/1.0.
        is_head: the response has no body, whatever its head says.
        takes_trailers: the client reads trailers.
    """

    is_1_0: bool
    is_head: bool
    takes_trailers: bool


def encode_head(head: ResponseHead, date: bytes, framing_lines: bytes, *, is_1_0: bool, keeps_alive: bool) -> bytes:
    """Return the head of a response, blank line included.

    Args:
        head: what the guest, or the platform, gave.
        date: the server's `date` line, which is left out where the head has one.
        framing_lines: the lines that say how long the body is, unless the head does.
        is_1_0: the client speaks HTTP/1.0.
        keeps_alive: the connection stays.
    """
    date = b"" if head.has_date else date
    return b"".join((_STATUS_LINES[head.status], date, head.lines, framing_lines, _END[is_1_0, keeps_alive]))


def encode_informational(status: int, fields: Headers) -> bytes:
    """Return a response ahead of the response."""
    return _STATUS_LINES[status] + b"".join([b"%b: %b\r\n" % field for field in fields]) + b"\r\n"


def encode_whole(head: ResponseHead, body: bytes, date: bytes, framing: Framing, *, keeps_alive: bool) -> bytes:
    """Return a whole response, with the length of its body if the head does not say it."""
    is_1_0, is_head, _ = framing
    framing_lines = b""
    if head.status in NO_BODY:
        body = b""
    elif head.length is None and (body or not is_head):
        framing_lines = b"content-length: %d\r\n" % len(body)
    if is_head:
        body = b""
    date = b"" if head.has_date else date
    return b"".join((_STATUS_LINES[head.status], date, head.lines, framing_lines, _END[is_1_0, keeps_alive], body))

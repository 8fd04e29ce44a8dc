"""What a strict reader makes of the bytes of a connection, in either direction.

Requests are read by h11, and more strictly where it is generous: line ends, folded fields, two lengths or codings. A
server may refuse what this reader takes, but must not run what this reader does not see. What RFC 9112 lets a server
pass over (section 2.2: line ends before a request; section 3: more than one space in its first line) is passed over.
"""

import re
from dataclasses import dataclass

import h11

_BARE_END = re.compile(rb"(?<!\r)\n|\r(?!\n)|\r\n[ \t]|\0")
_SPACES = re.compile(rb" +")
_MANY_ZEROS = b"0" * 15
_STATUS_LINE = re.compile(rb"HTTP/1\.1 ([1-5][0-9]{2}) [ -~]*")
_FIELD = re.compile(rb"([!#$%&'*+\-.^_`|~0-9a-z]+): ([\t -~\x80-\xff]*)")
_CHUNK_SIZE = re.compile(rb"([0-9a-f]+)\r\n")
_FIRST_FINAL = 200
_BODILESS = frozenset({204, 304})


@dataclass(frozen=True, slots=True)
class SeenRequest:
    """A request whose head is complete and good."""

    method: bytes
    target: bytes


def is_readable(data: bytes) -> bool:
    """Tell whether `requests_in` can be trusted with `data`: h11 takes no size of more than 20 digits, zeros or not."""
    return _MANY_ZEROS not in data


def requests_in(data: bytes) -> list[SeenRequest]:
    """Return the requests that stand in `data`, up to what is not good; the last may not be complete."""
    seen: list[SeenRequest] = []
    while (data := data.lstrip(b"\r\n")) and _is_plain(data):
        connection = h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 20)
        first, end, rest = data.partition(b"\r\n")
        connection.receive_data(_SPACES.sub(b" ", first) + end + rest)
        head = _event(connection)
        if not isinstance(head, h11.Request) or not _is_framed_once(head):
            break
        seen.append(SeenRequest(bytes(head.method), bytes(head.target)))
        while not isinstance(event := _event(connection), h11.EndOfMessage):
            if not isinstance(event, h11.Data):
                return seen
        if _closes(head):
            break
        data = connection.trailing_data[0]
    return seen


def _event(connection: h11.Connection) -> object:
    """Return what comes next; None: nothing that is good."""
    try:
        return connection.next_event()
    except h11.RemoteProtocolError:
        return None


def _closes(request: h11.Request) -> bool:
    """Tell whether nothing behind `request` counts."""
    values = [bytes(value).lower() for name, value in request.headers if name == b"connection"]
    options = {option.strip() for value in values for option in value.split(b",")}
    return b"close" in options or (request.http_version == b"1.0" and b"keep-alive" not in options)


def _is_plain(data: bytes) -> bool:
    end = data.find(b"\r\n\r\n")
    return end >= 0 and _BARE_END.search(data, 0, end + 2) is None


def _is_framed_once(request: h11.Request) -> bool:
    names = [name for name, _ in request.headers.raw_items()]
    lowered = [bytes(name).lower() for name in names]
    framing = lowered.count(b"content-length") + lowered.count(b"transfer-encoding")
    return framing <= 1 and not (b"transfer-encoding" in lowered and request.http_version < b"1.1")


class NotResponsesError(Exception):
    """What the server sent is not a row of responses."""


def statuses_in(received: bytes, requests: list[SeenRequest]) -> list[int]:
    """Return the final statuses of the responses in `received`; the last may break off.

    Args:
        received: everything that the server sent.
        requests: what was asked: a response to HEAD has no body.

    Raises:
        NotResponsesError: it is something else.
    """
    statuses: list[int] = []
    while received:
        head, end, rest = received.partition(b"\r\n\r\n")
        if not end:
            break
        status, fields = _read_head(head)
        is_head = len(statuses) < len(requests) and requests[len(statuses)].method == b"HEAD"
        if status >= _FIRST_FINAL:
            statuses.append(status)
        has_body = not (is_head or status < _FIRST_FINAL or status in _BODILESS)
        received = _behind_body(rest, fields) if has_body else rest
    return statuses


def _read_head(head: bytes) -> tuple[int, dict[bytes, bytes]]:
    first, *lines = head.split(b"\r\n")
    status = _STATUS_LINE.fullmatch(first)
    matches = [_FIELD.fullmatch(line) for line in lines]
    fields = {match[1]: match[2] for match in matches if match is not None}
    if status is None or len(fields) != len(lines):
        raise NotResponsesError(head)
    return int(status[1]), fields


def _behind_body(rest: bytes, fields: dict[bytes, bytes]) -> bytes:
    """Return what follows the body: nothing if it breaks off, or ends with the connection."""
    if b"transfer-encoding" in fields:
        return _behind_chunks(rest)
    if b"content-length" not in fields:
        return b""
    length = int(fields[b"content-length"])
    return rest[length:]


def _behind_chunks(rest: bytes) -> bytes:
    while True:
        size = _CHUNK_SIZE.match(rest)
        if size is None:
            if b"\r\n" in rest:
                raise NotResponsesError(rest[:100])
            return b""
        length = int(size[1], 16)
        rest = rest[size.end() :]
        if not length:
            return (b"\r\n" + rest).partition(b"\r\n\r\n")[2]
        rest = rest[length + 2 :]

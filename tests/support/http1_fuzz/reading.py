"""What a strict reader makes of the bytes of a connection, in either direction.

Requests are read by h11, and more strictly where it is generous: line ends, folded fields, two lengths or codings. A
server may refuse what this reader takes, but must not run what this reader does not see.
"""

import re
from dataclasses import dataclass

import h11

_BARE_END = re.compile(rb"(?<!\r)\n|\r(?!\n)|\r\n[ \t]|\0")
_STATUS_LINE = re.compile(rb"HTTP/1\.1 ([1-5][0-9]{2}) [ -~]*")
_FIELD = re.compile(rb"([!#$%&'*+\-.^_`|~0-9a-z]+): ([\t -~\x80-\xff]*)")
_CHUNK_SIZE = re.compile(rb"([0-9a-f]+)\r\n")
_BODILESS = frozenset({204, 304})


@dataclass(frozen=True, slots=True)
class SeenRequest:
    """A request whose head is complete and good."""

    method: bytes
    target: bytes


def requests_in(data: bytes) -> list[SeenRequest]:
    """Return the requests that stand in `data`, up to the first that is not good or not complete, which is included."""
    seen: list[SeenRequest] = []
    while (data := data.lstrip(b"\r\n")) and _is_plain(data):
        connection = h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 20)
        connection.receive_data(data)
        try:
            event = connection.next_event()
            if not isinstance(event, h11.Request) or not _is_framed_once(event):
                break
            seen.append(SeenRequest(bytes(event.method), bytes(event.target)))
            while not isinstance(event, h11.EndOfMessage):
                event = connection.next_event()
                if event is h11.NEED_DATA:
                    return seen
        except h11.RemoteProtocolError:
            break
        if connection.their_state is h11.MUST_CLOSE:
            break
        data = connection.trailing_data[0]
    return seen


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


def statuses_in(received: bytes, requests: list[SeenRequest]) -> tuple[list[int], bool]:
    """Return the final statuses of the responses in `received`, and whether the last of them breaks off.

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
            return statuses, True
        status, fields = _read_head(head)
        if status < 200:
            received = rest
            continue
        is_head = len(statuses) < len(requests) and requests[len(statuses)].method == b"HEAD"
        statuses.append(status)
        if is_head or status in _BODILESS:
            received = rest
            continue
        after = _behind_body(rest, fields)
        if after is None:
            return statuses, True
        received = after
    return statuses, False


def _read_head(head: bytes) -> tuple[int, dict[bytes, bytes]]:
    first, *lines = head.split(b"\r\n")
    status = _STATUS_LINE.fullmatch(first)
    matches = [_FIELD.fullmatch(line) for line in lines]
    fields = {match[1]: match[2] for match in matches if match is not None}
    if status is None or len(fields) != len(lines):
        raise NotResponsesError(head)
    return int(status[1]), fields


def _behind_body(rest: bytes, fields: dict[bytes, bytes]) -> bytes | None:
    """Return what follows the body; None: the body breaks off, or ends with the connection."""
    if b"transfer-encoding" in fields:
        return _behind_chunks(rest)
    if b"content-length" not in fields:
        return b""
    length = int(fields[b"content-length"])
    return rest[length:] if len(rest) >= length else None


def _behind_chunks(rest: bytes) -> bytes | None:
    while True:
        size = _CHUNK_SIZE.match(rest)
        if size is None:
            if b"\r\n" in rest:
                raise NotResponsesError(rest[:100])
            return None
        length = int(size[1], 16)
        rest = rest[size.end() :]
        if not length:
            end = 0 if rest.startswith(b"\r\n") else rest.find(b"\r\n\r\n") + 2
            return rest[end + 2 :] if rest.startswith(b"\r\n") or end >= 2 else None
        if len(rest) < length + 2:
            return None
        rest = rest[length + 2 :]

"""Reading the head with which a guest starts a request: untrusted text in the form of `whorl:host/http-client.start`.

What breaks that form is a trap (`MalformedError`): the adapter would not have sent it. What a guest may ask for but
cannot have is an error code (`OutboundError`).
"""

import re
from dataclasses import dataclass
from urllib.parse import quote_from_bytes

from whorl.capabilities.outbound_http.destinations import Destination
from whorl.capabilities.outbound_http.messages import OutboundError, OutboundRequest
from whorl.engine.packing import Fields, MalformedError, decode_base64, decode_fields, decode_head
from whorl.types import HOP_BY_HOP, Headers

DEFAULT_TIMEOUT = 600.0
"""Seconds for each limit that the guest leaves open; as in Spin."""

_MAX_FIELDS = 128 * 1024
_MAX_TARGET = 64 * 1024
_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(rb"[^\x00\r\n]*")
_TARGET_SAFE = "/?:@!$&'()*+,;=%-._~[]{}|^\\\"<>`"
_TARGET_FORBIDDEN = re.compile(rb"[\x00-\x20\x7f#]")


@dataclass(frozen=True, slots=True)
class StartedRequest:
    """What a guest asked for.

    Attributes:
        destination: where to; `None` when the guest named no authority.
        request: with the part of the body that is there already.
        continues: more of the body follows.
    """

    destination: Destination | None
    request: OutboundRequest
    continues: bool


def parse_start(text: bytes, body: bytes | None = None) -> StartedRequest:
    """Return the request that `text` starts; `body` is the start of its body where `text` has none.

    Raises:
        MalformedError: the text does not follow the form.
        OutboundError: the request cannot be sent.
    """
    digits, colon, rest = text.partition(b"\r")
    if not colon or not digits.isdigit() or len(digits) > 9 or int(digits) > len(rest):
        raise MalformedError("the length of a request's head is missing or too large")
    parts = decode_head(rest[: int(digits)]).split(b"\r", 8)
    if len(parts) != 9 or not set(parts[4]) <= set(b"bs"):
        raise MalformedError("a request's head is not complete")
    method, scheme, authority, target, flags, connect, first_byte, between_bytes, lines = parts
    limits = [_parse_timeout(timeout) for timeout in (connect, first_byte, between_bytes)]
    if body is None:
        body = rest[int(digits) :]
    elif len(rest) > int(digits) or b"b" in flags:
        raise MalformedError("a request has a body in two places")
    if b"b" in flags:
        body = decode_base64(body)
    headers = checked_fields(decode_fields(lines))
    destination = _parse_destination(scheme, authority)
    continues = b"s" in flags
    _check_length(headers, None if continues else len(body))
    request = OutboundRequest(
        _parse_method(method),
        destination.scheme if destination else "http",
        destination.authority if destination else "",
        _parse_target(target),
        headers,
        body,
        connect_timeout=limits[0],
        first_byte_timeout=limits[1],
        between_bytes_timeout=limits[2],
    )
    return StartedRequest(destination, request, continues)


def checked_fields(fields: Fields) -> Fields:
    """Return header or trailer fields that may be written to a connection as they are.

    Raises:
        MalformedError: a name or value is not allowed in HTTP, or belongs to the connection.
        OutboundError: there is too much of them.
    """
    size = 0
    for name, value in fields:
        size += len(name) + len(value)
        if _TOKEN.fullmatch(name) is None or _VALUE.fullmatch(value) is None:
            raise MalformedError(f"field {name[:80]!r} is not allowed in HTTP")
        if name.lower() in HOP_BY_HOP:
            raise MalformedError(f"field {name[:80]!r} is not a guest's to set")
    if size > _MAX_FIELDS:
        raise OutboundError("HTTP-request-header-section-size", str(size))
    return fields


def declared_length(headers: Headers) -> int | None:
    """Return the length that `content-length` declares, `None` when there is none.

    Raises:
        OutboundError: it is not one number.
    """
    values = [value for name, value in headers if name.lower() == b"content-length"]
    if not values:
        return None
    if len(values) > 1 or not values[0].isdigit() or len(values[0]) > 18:
        raise OutboundError("HTTP-protocol-error")
    return int(values[0])


def _check_length(headers: Headers, length: int | None) -> None:
    declared = declared_length(headers)
    if declared is not None and length is not None and declared != length:
        raise OutboundError("HTTP-request-body-size", str(length))


def _parse_method(method: bytes) -> str:
    if _TOKEN.fullmatch(method) is None or len(method) > 64 or method == b"CONNECT":
        raise OutboundError("HTTP-request-method-invalid")
    return method.decode("ascii")


def _parse_destination(scheme: bytes, authority: bytes) -> Destination | None:
    name = scheme.lower() or b"https"
    if name not in (b"http", b"https"):
        raise OutboundError("HTTP-protocol-error")
    if not authority:
        return None
    try:
        return Destination.parse_authority(name.decode(), authority.decode("ascii"))
    except ValueError as error:
        raise OutboundError("HTTP-request-URI-invalid") from error


def _parse_target(target: bytes) -> str:
    if len(target) > _MAX_TARGET:
        raise OutboundError("HTTP-request-URI-too-long")
    if _TARGET_FORBIDDEN.search(target) or target[:1] not in (b"", b"/", b"?"):
        raise OutboundError("HTTP-request-URI-invalid")
    path = target if target[:1] == b"/" else b"/" + target
    return quote_from_bytes(path, safe=_TARGET_SAFE)


def _parse_timeout(nanoseconds: bytes) -> float:
    if not nanoseconds:
        return DEFAULT_TIMEOUT
    if not nanoseconds.isdigit() or len(nanoseconds) > 20:
        raise MalformedError("a timeout is not a number of nanoseconds")
    return int(nanoseconds) / 1e9

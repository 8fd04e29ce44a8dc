"""Requests, responses and errors as they pass between the capability and a client: the values of the seam.

Error codes are the cases of `wasi:http/types.error-code`, by the names that the WIT gives them.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from whorl.types import Header, Headers

BodyReader = Callable[[], Awaitable[bytes]]
"""Returns the next chunk of a body when there is one, `b""` when the body is complete."""

_PAYLOAD_SIZES = {
    "DNS-error": 2,
    "TLS-alert-received": 2,
    "HTTP-request-body-size": 1,
    "HTTP-request-header-section-size": 1,
    "HTTP-request-header-size": 2,
    "HTTP-request-trailer-section-size": 1,
    "HTTP-request-trailer-size": 2,
    "HTTP-response-header-section-size": 1,
    "HTTP-response-header-size": 2,
    "HTTP-response-body-size": 1,
    "HTTP-response-trailer-section-size": 1,
    "HTTP-response-trailer-size": 2,
    "HTTP-response-transfer-coding": 1,
    "HTTP-response-content-coding": 1,
    "internal-error": 1,
}
_METHODS_WITH_BODY = frozenset(("POST", "PUT", "PATCH"))


class OutboundError(Exception):
    """An outgoing request came to nothing, or its response broke off.

    Attributes:
        code: the case of `wasi:http/types.error-code`, as the WIT spells it (`connection-refused`).
        fields: the values of its payload in order, `""` for none; what is left out is none.
    """

    def __init__(self, code: str, *fields: str) -> None:
        super().__init__(code, *fields)
        self.code = code
        self.fields = fields

    def encode(self) -> bytes:
        """Return the error code in the form of `whorl:host`."""
        padded = (*self.fields, *[""] * (_PAYLOAD_SIZES.get(self.code, 0) - len(self.fields)))
        return "\n".join((self.code, *[field.replace("\n", " ") for field in padded])).encode()


def no_trailers() -> Headers:
    """Return the trailers of a request that has none."""
    return ()


@dataclass(frozen=True, slots=True)
class OutboundRequest:
    """A request to send; checked, so that a client can write it as it is.

    Attributes:
        method: a token, as the guest gave it.
        scheme: `http` or `https`.
        authority: `host` or `host:port`, the host in canonical spelling; empty when the guest gave none.
        target: path and query, ASCII, begins with `/` (or is `*`).
        headers: what the guest set; neither `host` nor `transfer-encoding` is among them.
        body: all of it, or what reads it chunk by chunk.
        trailers: what gives the trailers, once the body is complete.
        connect_timeout: seconds until there is a connection.
        first_byte_timeout: seconds from then on until the response's head is there.
        between_bytes_timeout: seconds that may pass without another piece of the response's body.
        depth: how many requests of components, this one included, wait for its response.
    """

    method: str
    scheme: str
    authority: str
    target: str
    headers: Headers = ()
    body: bytes | BodyReader = b""
    trailers: Callable[[], Headers] = no_trailers
    connect_timeout: float | None = None
    first_byte_timeout: float | None = None
    between_bytes_timeout: float | None = None
    depth: int = 1

    def framed_headers(self) -> list[Header]:
        """Return the fields to send: `host`, the guest's own, and whatever says how long the body is."""
        headers = [(b"host", self.authority.encode("ascii")), *self.headers]
        if any(name.lower() == b"content-length" for name, _ in self.headers):
            return headers
        if not isinstance(self.body, bytes):
            headers.append((b"transfer-encoding", b"chunked"))
        elif self.body or self.method in _METHODS_WITH_BODY:
            headers.append((b"content-length", b"%d" % len(self.body)))
        return headers


class OutboundResponse(Protocol):
    """A response whose head is there and whose body is read from the peer as it is asked for."""

    @property
    def status(self) -> int:
        """The status code."""

    @property
    def headers(self) -> Headers:
        """The fields as they came, connection-level ones included."""

    @property
    def trailers(self) -> Headers:
        """The trailers; known once `read` has returned `b""`."""

    async def read(self, limit: int) -> bytes:
        """Return at most `limit` bytes of the body as soon as there are any, `b""` when it is complete.

        Raises:
            OutboundError: the body is broken off.
        """

    async def aclose(self) -> None:
        """Let go of the response, read or not; may be called more than once."""

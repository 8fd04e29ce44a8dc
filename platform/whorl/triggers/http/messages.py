"""Requests and responses as plain values between a face (ASGI, service chaining) and the executor."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from whorl.types import Headers

Fields = list[tuple[bytes, bytes]]


@dataclass(slots=True)
class IncomingRequest:
    """A request for a component.

    Attributes:
        method: as the client sent it.
        scheme: what the guest sees, `http` or `https`.
        authority: host and port; the guest sees it in place of the `host` header. Empty until it is known.
        target: path with query, raw.
        headers: raw, names in lower case; the guest sees what `visible_fields` leaves of them.
        body: what has arrived of the body.
        receive: gives the next piece of the body, `b""` at its end; None when `body` is all. Raises
            `ClientDisconnectedError` when the client goes away.
        watch: waits for the client to go away, and raises that then; called once the body has been read.
    """

    method: bytes
    scheme: bytes
    authority: bytes
    target: bytes
    headers: Fields
    body: bytes = b""
    receive: Callable[[], Awaitable[bytes]] | None = None
    watch: Callable[[], Awaitable[None]] | None = None


class ClientDisconnectedError(Exception):
    """The client went away before the response was complete."""


class ResponseSink(Protocol):
    """Where a response goes. Calls come in this order: `whole`, or `start`, `write` ..., `finish` or `abort`."""

    async def whole(self, status: int, headers: Headers, body: bytes) -> None:
        """Send a complete response."""

    async def start(self, status: int, headers: Headers) -> None:
        """Send the head; the body follows."""

    async def write(self, data: bytes) -> None:
        """Send a piece of the body; returns when the client has room for more."""

    async def finish(self, trailers: Headers) -> None:
        """The body is complete."""

    async def abort(self) -> None:
        """The body breaks off: the client must notice."""

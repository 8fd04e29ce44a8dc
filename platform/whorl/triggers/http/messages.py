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
        trailers: what follows the body; known when `receive` has returned `b""`.
        ask: is called when the guest first waits for the body; the client may wait for that (`Expect: 100-continue`).
        inform: sends a response ahead of the response (RFC 9110, section 15.2); None: the client cannot be told.
        depth: how many requests of components wait for this one; 0 for a client's.
        upload: tells of a body that is on its way from a client; None: of what comes nothing is known.
    """

    method: bytes
    scheme: bytes
    authority: bytes
    target: bytes
    headers: Fields
    body: bytes = b""
    receive: Callable[[], Awaitable[bytes]] | None = None
    watch: Callable[[], Awaitable[None]] | None = None
    trailers: Headers = ()
    ask: Callable[[], None] | None = None
    inform: Callable[[int, Fields], None] | None = None
    depth: int = 0
    upload: "Upload | None" = None


class Upload(Protocol):
    """A request's body on its way from a client."""

    @property
    def is_whole(self) -> bool:
        """Whether all of it has come, so that `take` gives it."""

    def take(self) -> bytes:
        """Return what has come of it."""

    def when_whole(self, tell: Callable[[], None] | None) -> None:
        """Call `tell` once when all of it has come; None: nobody is to be told any more."""


class ClientDisconnectedError(Exception):
    """The client went away before the response was complete."""

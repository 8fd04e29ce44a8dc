"""Requests over the network: HTTP/1.1 by h11 over the event loop's own transports, with pooled connections and TLS.

No field is added, no redirect followed, nothing decoded, no cookie kept; neither proxies nor authorities are taken from
the environment.
"""

import asyncio
import ssl
from dataclasses import dataclass, field

import certifi

from whorl.capabilities.outbound_http.connecting import connect
from whorl.capabilities.outbound_http.connection_pool import ConnectionPool, PoolLimits
from whorl.capabilities.outbound_http.conversations import Conversation
from whorl.capabilities.outbound_http.destinations import Destination
from whorl.capabilities.outbound_http.failures import connect_failure
from whorl.capabilities.outbound_http.messages import OutboundError, OutboundRequest, OutboundResponse

_REPEATABLE = frozenset(("GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"))


@dataclass(frozen=True, slots=True)
class NetworkOptions:
    """How connections are made and kept.

    Attributes:
        limits: how many.
        tls: what verifies peers; `None`: the authorities that certifi lists, without client certificates.
    """

    limits: PoolLimits = field(default_factory=PoolLimits)
    tls: ssl.SSLContext | None = None


class NetworkClient:
    """Sends requests over the network. Connections are made on demand; must be closed. Bound to one event loop."""

    def __init__(self, options: NetworkOptions | None = None) -> None:
        options = options or NetworkOptions()
        self._pool = ConnectionPool(options.limits)
        self._tls = options.tls
        self._loading = asyncio.Lock()

    @property
    def open_connections(self) -> int:
        """How many connections there are: in use, kept, and being made."""
        return self._pool.open_connections

    @property
    def idle_connections(self) -> int:
        """How many connections are kept for a later request."""
        return self._pool.idle_connections

    @property
    def waiting(self) -> int:
        """How many requests wait for a connection."""
        return self._pool.waiting

    async def send(self, request: OutboundRequest) -> OutboundResponse:
        """Return the response as soon as its head is there.

        Raises:
            OutboundError: there is no response.
        """
        tls = await self._authorities() if request.scheme == "https" else None
        try:
            return await self._attempt(request, tls)
        except _StaleConnectionError:
            return await self._attempt(request, tls, fresh=True)

    async def aclose(self) -> None:
        """End every connection."""
        self._pool.close()

    async def _attempt(
        self, request: OutboundRequest, tls: ssl.SSLContext | None, *, fresh: bool = False
    ) -> Conversation:
        origin = (request.scheme, request.authority)
        connection = await self._pool.take(origin, request.connect_timeout, fresh=fresh)
        is_kept = connection.is_connected
        try:
            if not is_kept:
                destination = Destination.parse_authority(request.scheme, request.authority)
                await connect(connection, destination, tls, request.connect_timeout)
            conversation = Conversation(connection, self._pool, request)
            await conversation.begin()
        except OutboundError as error:
            if is_kept and not connection.has_heard and _may_be_repeated(request, error):
                raise _StaleConnectionError from error
            raise
        except Exception as error:
            self._pool.discard(connection)
            raise connect_failure(error) from error
        except BaseException:
            self._pool.discard(connection)
            raise
        return conversation

    async def _authorities(self) -> ssl.SSLContext:
        async with self._loading:
            if self._tls is None:
                # Reading the trusted authorities takes a while.
                self._tls = await asyncio.to_thread(_trusted_authorities)
            return self._tls


class _StaleConnectionError(Exception):
    """A kept connection was closed by the peer before it answered; the request may be sent again."""


def _may_be_repeated(request: OutboundRequest, error: OutboundError) -> bool:
    is_safe = isinstance(request.body, bytes) and request.method in _REPEATABLE
    return is_safe and error.code == "connection-terminated"


def _trusted_authorities() -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=certifi.where())
    context.set_alpn_protocols(["http/1.1"])
    return context

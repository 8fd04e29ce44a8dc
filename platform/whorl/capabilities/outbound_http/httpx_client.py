"""Requests over the network, through httpx's HTTP/1.1 transport: pooled connections, TLS, name resolution off the loop.

The transport is used without httpx's client on top of it, which would add fields, keep cookies, follow redirects, read
proxies from the environment and decode bodies. Bodies that are still being made are written by `streamed_bodies`.
"""

import asyncio
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import httpx

from whorl.capabilities.outbound_http.failures import system_failure
from whorl.capabilities.outbound_http.messages import OutboundError, OutboundRequest, OutboundResponse
from whorl.capabilities.outbound_http.streamed_bodies import StreamedBody
from whorl.types import Headers

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

_TIMEOUTS: dict[type[httpx.TimeoutException], str] = {
    httpx.ConnectTimeout: "connection-timeout",
    httpx.ReadTimeout: "connection-read-timeout",
    httpx.WriteTimeout: "connection-write-timeout",
    httpx.PoolTimeout: "connection-limit-reached",
}
_REPEATABLE = frozenset(("GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"))


@dataclass(frozen=True, slots=True)
class HttpxOptions:
    """How connections are made and kept.

    Attributes:
        max_connections: connections at once, to all destinations together; further requests wait.
        max_idle_connections: connections kept for a later request.
        idle_timeout: seconds for which one is kept.
        tls: what verifies peers; `None`: the authorities that httpx trusts, without client certificates.
    """

    max_connections: int = 512
    max_idle_connections: int = 64
    idle_timeout: float = 30.0
    tls: ssl.SSLContext | None = None


class HttpxClient:
    """Sends requests over the network. Connections are made on demand; must be closed. Bound to one event loop."""

    def __init__(self, options: HttpxOptions | None = None) -> None:
        self._options = options or HttpxOptions()
        self._tls = self._options.tls
        self._transports: dict[tuple[str, bool], httpx.AsyncHTTPTransport] = {}

    async def send(self, request: OutboundRequest) -> OutboundResponse:
        """Return the response as soon as its head is there.

        Raises:
            OutboundError: there is no response.
        """
        if request.scheme == "https" and self._tls is None:
            # Reading the trusted authorities takes a while.
            self._tls = await asyncio.to_thread(httpx.create_ssl_context, trust_env=False)
        transport = self._transport(request.scheme, keeps=isinstance(request.body, bytes))
        try:
            return await _Attempt(request).send(transport)
        except _StaleConnectionError:
            return await _Attempt(request, repeatable=False).send(transport)

    async def aclose(self) -> None:
        """Close the connections that are kept."""
        transports, self._transports = self._transports, {}
        for transport in transports.values():
            await transport.aclose()

    def _transport(self, scheme: str, *, keeps: bool) -> httpx.AsyncHTTPTransport:
        transport = self._transports.get((scheme, keeps))
        if transport is None:
            limits = httpx.Limits(
                max_connections=self._options.max_connections,
                max_keepalive_connections=self._options.max_idle_connections if keeps else 0,
                keepalive_expiry=self._options.idle_timeout,
            )
            tls = self._tls if scheme == "https" and self._tls else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            transport = httpx.AsyncHTTPTransport(verify=tls, trust_env=False, limits=limits)
            self._transports[scheme, keeps] = transport
        return transport


class _StaleConnectionError(Exception):
    """A kept connection was closed by the peer before it answered; the request may be sent again."""


class _Attempt:
    """One try to send a request, with the time limits that httpx does not have."""

    def __init__(self, request: OutboundRequest, *, repeatable: bool = True) -> None:
        body = request.body
        self._request = request
        self._repeatable = repeatable and isinstance(body, bytes) and request.method in _REPEATABLE
        self._reused = True
        self._first_byte = asyncio.timeout(None)
        self._timeouts = {"connect": request.connect_timeout, "pool": request.connect_timeout}
        self._streamed = None if isinstance(body, bytes) else StreamedBody(request, body)
        self._body = self._streamed or httpx.ByteStream(body if isinstance(body, bytes) else b"")

    async def send(self, transport: httpx.AsyncHTTPTransport) -> OutboundResponse:
        try:
            return await self._exchange(transport)
        except BaseException:
            if self._streamed is not None:
                await self._streamed.stop()
            raise

    async def _exchange(self, transport: httpx.AsyncHTTPTransport) -> OutboundResponse:
        try:
            async with self._first_byte:
                response = await transport.handle_async_request(self._message())
        except TimeoutError as error:
            raise OutboundError("connection-read-timeout") from error
        except Exception as error:
            failure = _failure(error, "connection-terminated")
            if failure.code == "connection-terminated" and self._reused and self._repeatable:
                raise _StaleConnectionError from error
            raise failure from error
        self._timeouts["read"] = self._request.between_bytes_timeout
        return _Response(response, self._streamed)

    def _message(self) -> httpx.Request:
        request = self._request
        return httpx.Request(
            request.method,
            f"{request.scheme}://{request.authority}/",
            headers=request.framed_headers(),
            stream=self._body,
            extensions={"timeout": self._timeouts, "target": request.target.encode("ascii"), "trace": self._trace},
        )

    async def _trace(self, event: str, info: dict[str, Any]) -> None:
        if event in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            self._reused = False
            if self._streamed is not None:
                self._streamed.connected(info["return_value"])
        elif event == "http11.send_request_headers.started":
            timeout = self._request.first_byte_timeout
            if timeout is not None:
                self._first_byte.reschedule(asyncio.get_running_loop().time() + timeout)


class _Response:
    trailers: Headers = ()

    def __init__(self, response: httpx.Response, streamed: StreamedBody | None) -> None:
        self.status = response.status_code
        self.headers: Headers = response.headers.raw
        self._response = response
        self._streamed = streamed
        self._chunks = cast("AsyncGenerator[bytes, None]", response.aiter_raw())
        self._rest = b""

    async def read(self, limit: int) -> bytes:
        while not self._rest:
            try:
                self._rest = await anext(self._chunks, b"")
            except Exception as error:
                raise _failure(error, "HTTP-response-incomplete") from error
            if not self._rest:
                return b""
        data, self._rest = self._rest[:limit], self._rest[limit:]
        return data

    async def aclose(self) -> None:
        if self._streamed is not None:
            await self._streamed.stop()
        await self._chunks.aclose()
        await self._response.aclose()


def _failure(error: Exception, broken: str) -> OutboundError:
    """Return the error code for what httpx raised; `broken` is the one for a peer that closed the connection."""
    if isinstance(error, httpx.TimeoutException):
        return OutboundError(_TIMEOUTS[type(error)])
    failure = system_failure(error)
    if failure is not None:
        return failure
    if "Receive buffer too long" in str(error):
        return OutboundError("HTTP-response-header-section-size")
    closed = "disconnected" in str(error) or "closed connection" in str(error)
    if isinstance(error, httpx.NetworkError) or (isinstance(error, httpx.RemoteProtocolError) and closed):
        return OutboundError(broken)
    if isinstance(error, (httpx.ProtocolError, httpx.InvalidURL)):
        return OutboundError("HTTP-protocol-error")
    return OutboundError("internal-error", f"{type(error).__name__}: {error}")

"""Requests that never leave the process: answered by an async callable. Service chaining and tests use it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

from whorl.capabilities.outbound_http.messages import OutboundError, OutboundRequest, OutboundResponse
from whorl.types import Headers

Answer = Callable[[OutboundRequest], Awaitable[OutboundResponse]]
"""Answers a request; raises `OutboundError` when there is to be no response."""


class MemoryResponse:
    """A response made in this process, its body given whole or chunk by chunk."""

    def __init__(
        self,
        status: int,
        headers: Headers = (),
        body: bytes | AsyncIterator[bytes] = b"",
        trailers: Headers = (),
    ) -> None:
        self.status = status
        self.headers = headers
        self.trailers = trailers
        self._rest = body if isinstance(body, bytes) else b""
        self._chunks = None if isinstance(body, bytes) else body

    async def read(self, limit: int) -> bytes:
        """Return at most `limit` bytes of the body, `b""` when it is complete."""
        while not self._rest and self._chunks is not None:
            self._rest = await anext(self._chunks, b"")
            if not self._rest:
                await self.aclose()
        data, self._rest = self._rest[:limit], self._rest[limit:]
        return data

    async def aclose(self) -> None:
        """End whatever makes the body."""
        chunks, self._chunks = self._chunks, None
        close = getattr(chunks, "aclose", None)
        if close is not None:
            await close()


class MemoryHttpClient:
    """Answers requests by calling `answer`, with the request's time limits.

    Args:
        answer: gets the request, body and all, and returns the response.
    """

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    async def send(self, request: OutboundRequest) -> OutboundResponse:
        """Return what `answer` makes of the request.

        Raises:
            OutboundError: `answer` raised it, or took longer than the request allows.
        """
        try:
            async with asyncio.timeout(request.first_byte_timeout):
                response = await self._answer(request)
        except TimeoutError as error:
            raise OutboundError("connection-read-timeout") from error
        return _TimedResponse(response, request.between_bytes_timeout)

    async def aclose(self) -> None:
        """Nothing is kept open."""


class _TimedResponse:
    def __init__(self, response: OutboundResponse, timeout: float | None) -> None:
        self._response = response
        self._timeout = timeout
        self.status = response.status
        self.headers = response.headers

    @property
    def trailers(self) -> Headers:
        return self._response.trailers

    async def read(self, limit: int) -> bytes:
        try:
            async with asyncio.timeout(self._timeout):
                return await self._response.read(limit)
        except TimeoutError as error:
            raise OutboundError("connection-read-timeout") from error

    async def aclose(self) -> None:
        await self._response.aclose()

"""The seam behind which requests are sent: one method, so that the library that does it can be exchanged."""

from typing import Protocol

from whorl.capabilities.outbound_http.messages import OutboundRequest, OutboundResponse


class HttpClient(Protocol):
    """Sends one request and gives its response."""

    async def send(self, request: OutboundRequest) -> OutboundResponse:
        """Return the response as soon as its head is there; the caller must close it.

        Redirects are not followed, nothing is decoded, no field is added that the request does not hold. Cancelling
        the call ends what is under way.

        Raises:
            OutboundError: there is no response.
        """

    async def aclose(self) -> None:
        """Close the connections that are kept."""

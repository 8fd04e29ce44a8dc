"""Which client sends requests over the network: the one with sockets and TLS is loaded for apps that may send any."""

from collections.abc import Iterable

from whorl.capabilities.outbound_http.allowed_hosts import AllowedHosts
from whorl.capabilities.outbound_http.client import HttpClient
from whorl.capabilities.outbound_http.memory_client import MemoryHttpClient
from whorl.capabilities.outbound_http.messages import OutboundError, OutboundRequest, OutboundResponse


def network_client(allowed: Iterable[AllowedHosts]) -> HttpClient:
    """Return the client of an app whose components may connect to `allowed`; must be closed."""
    if not any(each.permits_network for each in allowed):
        return MemoryHttpClient(_deny)
    from whorl.capabilities.outbound_http.network_client import NetworkClient  # noqa: PLC0415 - loaded where it is needed

    return NetworkClient()


async def _deny(_request: OutboundRequest) -> OutboundResponse:
    raise OutboundError("HTTP-request-denied")

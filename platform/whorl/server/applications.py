"""What connections serve requests by."""

from typing import Protocol, runtime_checkable

from whorl.triggers.http.executor import BegunRequest
from whorl.triggers.http.messages import IncomingRequest
from whorl.triggers.http.responses import Reply, ResponseSink


@runtime_checkable
class DirectApplication(Protocol):
    """What serves the requests of connections."""

    def begin(self, request: IncomingRequest, scheme: bytes, client: bytes) -> Reply | BegunRequest | None:
        """Serve a request, whose body is all there, as far as that goes at once; None: `serve` has to."""

    async def serve(self, request: IncomingRequest, scheme: bytes, client: bytes, sink: ResponseSink) -> None:
        """Serve a request to its end."""

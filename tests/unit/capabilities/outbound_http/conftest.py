"""What the tests of outgoing requests share: an instance, peers that play a script, and trust in them over TLS."""

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from http_client_calls import FakeInstance
from scripted_peers import Script, playing

CERTIFICATE = Path(__file__).parent / "localhost.pem"

PeerMaker = Callable[..., Awaitable[str]]


@pytest.fixture
async def scripted_peer() -> AsyncIterator[PeerMaker]:
    """Return what starts a server on loopback that plays a script on each connection, and gives its authority."""
    async with AsyncExitStack() as stack:

        async def start(script: Script, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> str:
            return await stack.enter_async_context(playing(script, tls, host))

        yield start


@pytest.fixture
def server_tls() -> ssl.SSLContext:
    """Return what a peer at `localhost` or 127.0.0.1 presents itself with."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(CERTIFICATE)
    return context


@pytest.fixture
def client_tls() -> ssl.SSLContext:
    """Return what trusts that peer."""
    return ssl.create_default_context(cafile=CERTIFICATE)


@pytest.fixture
def instance() -> FakeInstance:
    return FakeInstance()

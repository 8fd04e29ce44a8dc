"""What the tests of outgoing requests share: an instance, and a peer that plays a script."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest
from http_client_calls import FakeInstance

Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


PeerMaker = Callable[[Script], Awaitable[str]]


@pytest.fixture
async def scripted_peer() -> AsyncIterator[PeerMaker]:
    """Return what starts a server on loopback that plays a script on each connection, and gives its authority."""
    async with AsyncExitStack() as stack:

        async def start(script: Script) -> str:
            connections: set[asyncio.Task[None]] = set()

            async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                connections.add(asyncio.current_task())  # type: ignore[arg-type]
                try:
                    await script(reader, writer)
                except (ConnectionError, asyncio.IncompleteReadError):
                    pass
                finally:
                    writer.close()

            async def end() -> None:
                for task in connections:
                    task.cancel()
                await asyncio.gather(*connections, return_exceptions=True)

            server = await stack.enter_async_context(await asyncio.start_server(play, "127.0.0.1", 0))
            stack.push_async_callback(end)
            return f"127.0.0.1:{server.sockets[0].getsockname()[1]}"

        yield start


@pytest.fixture
def instance() -> FakeInstance:
    return FakeInstance()

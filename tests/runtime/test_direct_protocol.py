"""What the direct way of a request must not lose on its way back to the ordinary one."""

import asyncio
from typing import Any, cast

import pytest
import uvicorn
from live_server import Live
from uvicorn.server import ServerState

from whorl.server.protocols import DirectProtocol

pytestmark = pytest.mark.anyio


class Unconnected(asyncio.Transport):
    """Where answers are written that nobody reads."""

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        addresses = {"peername": ("127.0.0.1", 1), "sockname": ("127.0.0.1", 2)}
        return addresses.get(name, default)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        pass

    def is_closing(self) -> bool:
        return False

    def close(self) -> None:
        pass


async def test_a_request_that_is_cancelled_before_its_task_runs_gives_its_instance_back(lab: Live) -> None:
    config = uvicorn.Config(cast("Any", lab.trigger), ws="none", lifespan="off", log_config=None, proxy_headers=False)
    config.load()
    state = ServerState()
    protocol = DirectProtocol(config=config, server_state=state, app_state={})
    protocol.connection_made(Unconnected())
    protocol.data_received(b"GET /sleep?60000 HTTP/1.1\r\nhost: localhost\r\n\r\n")
    pool = lab.trigger.pools["lab"]
    assert pool.in_use == 1
    [task] = state.tasks
    task.cancel()
    await asyncio.wait({task})
    await asyncio.sleep(0)
    assert not pool.in_use


async def test_an_http_1_0_connection_is_closed_whatever_its_client_asks_for(lab: Live) -> None:
    for line in (b"", b"connection: keep-alive\r\n"):
        reader, writer = await asyncio.open_connection(lab.address.host, lab.address.port)
        writer.write(b"GET /hello HTTP/1.0\r\nhost: localhost\r\n%b\r\n" % line)
        async with asyncio.timeout(10):
            answer = await reader.read()
        writer.close()
        assert b"\r\nconnection: close\r\n" in answer
        assert answer.endswith(b"\r\n\r\nhello")

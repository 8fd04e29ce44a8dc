"""The lab guest behind the real server, and a note of each request that reaches it."""

import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest
from http_door import Door
from live_server import GUESTS, Live, manifest, serving

from whorl.engine.instances import Instance
from whorl.triggers.http.executor import BegunRequest, Executor
from whorl.triggers.http.messages import IncomingRequest
from whorl.triggers.http.responses import Reply


@pytest.fixture(scope="module")
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """Run on the loop that the server is run on where there is one."""
    return ("asyncio", {"use_uvloop": True})


@pytest.fixture(scope="module")
async def served_lab(
    tmp_path_factory: pytest.TempPathFactory,
    anyio_backend: object,  # noqa: ARG001 - a server for each loop
) -> AsyncIterator[Live]:
    """Serve the lab guest by instances that are used again."""
    line = 'allowed_outbound_hosts = ["http://127.0.0.1:*"]'
    origin = manifest(tmp_path_factory.mktemp("door"), GUESTS / "lab.wasm", line, settings="reuse = 1000")
    async with serving(origin) as live:
        yield live


@pytest.fixture
def door(served_lab: Live, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> Door:
    """The served lab guest, with nothing noted yet."""
    caplog.set_level(logging.WARNING)
    door = Door(served_lab, caplog)
    begin = Executor.begin

    def noted(self: Executor, instance: Instance, request: IncomingRequest, fields: bytes) -> Reply | BegunRequest:
        door.begun.append(request)
        door.told.append(fields)
        return begin(self, instance, request, fields)

    monkeypatch.setattr(Executor, "begin", noted)
    return door

"""Requests of a component while the guests of another want all of the core."""

import asyncio
from pathlib import Path

import pytest
from live_server import GUESTS, serving

from whorl.engine.fairness import CoreTime

pytestmark = pytest.mark.anyio

SPINNING = 40
APP = f"""spin_manifest_version = 2
[application]
name = "fair"
[[trigger.http]]
route = "/spin"
component = "busy"
[[trigger.http]]
route = "/light"
component = "light"
[component.busy]
source = "{GUESTS / "lab.wasm"}"
[component.light]
source = "{GUESTS / "hello.wasm"}"
"""


async def test_a_request_waits_for_few_slices_of_another_components_guests(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slices = 0
    note = CoreTime.note

    def count(core: CoreTime, *arguments: object) -> None:
        nonlocal slices
        slices += 1
        note(core, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(CoreTime, "note", count)
    manifest = tmp_path / "spin.toml"
    manifest.write_text(APP)
    async with serving(manifest) as live:
        busy = [asyncio.create_task(live.client.get("/spin")) for _ in range(SPINNING)]
        while live.trigger.pools["busy"].in_use < SPINNING or slices < 2 * SPINNING:  # noqa: ASYNC110 - nobody says so
            await asyncio.sleep(0.01)
        waited = []
        for _ in range(20):
            before = slices
            assert (await live.client.get("/light")).text == "hello"
            waited.append(slices - before)
        for task in busy:
            task.cancel()
        await asyncio.gather(*busy, return_exceptions=True)
    # The client and the server are in one event loop here: a request and its response take some turns of it.
    assert sorted(waited)[len(waited) // 2] < SPINNING / 2, waited

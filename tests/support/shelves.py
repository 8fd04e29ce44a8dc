"""Two components that have one key-value store, served."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from live_server import GUESTS, Live, serving

PROMPT = 1.0
"""Seconds in which everybody who waits for nothing must be served; they need a hundredth, on a machine that is idle."""

APP = """spin_manifest_version = 2
[application]
name = "shelves"
"""
COMPONENT = """
[[trigger.http]]
route = "/{name}/..."
component = "{name}"
[component.{name}]
source = "{source}"
key_value_stores = ["default"]
[component.{name}.tool.whorl]
{settings}
"""


@asynccontextmanager
async def shelves(folder: Path, settings: str = "") -> AsyncIterator[Live]:
    """Serve two components that have one store."""
    path = folder / "spin.toml"
    components = [COMPONENT.format(name=n, source=GUESTS / "shelf.wasm", settings=settings) for n in ("one", "two")]
    path.write_text(APP + "".join(components))
    async with serving(path, state_dir=folder) as live:
        yield live


def database(folder: Path) -> Path:
    return folder / "sqlite_key_value.db"


async def timed(live: Live, target: str) -> tuple[str, float]:
    began = time.monotonic()
    response = await live.client.get(target)
    return response.text, time.monotonic() - began

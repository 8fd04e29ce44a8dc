"""The lab guest, served in several ways."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from live_server import GUESTS, Live, manifest, serving


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Live]:
    """Serve the lab guest, a fresh instance for each request."""
    async with serving(manifest(tmp_path, GUESTS / "lab.wasm", 'environment = { A = "1", B = "two\\nlines" }')) as live:
        yield live


@pytest.fixture
async def reused_lab(tmp_path: Path) -> AsyncIterator[Live]:
    """Serve the lab guest by a single instance."""
    async with serving(manifest(tmp_path, GUESTS / "lab.wasm", settings="reuse = 1000\nmax_instances = 1")) as live:
        yield live

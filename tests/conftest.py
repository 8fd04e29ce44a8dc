"""Fixtures that every test may use."""

import os
from pathlib import Path

import pytest

os.environ.setdefault("WHORL_CACHE_DIR", str(Path(__file__).parents[1] / ".cache" / "compiled"))


@pytest.fixture
def anyio_backend() -> str:
    """Run asynchronous tests on asyncio, as the server does."""
    return "asyncio"

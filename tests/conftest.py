"""Fixtures that every test may use."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from loop_watch import LoopWatch

os.environ.setdefault("WHORL_CACHE_DIR", str(Path(__file__).parents[1] / ".cache" / "compiled"))

_LONGEST = 0.1
"""Seconds for which a test may hold an event loop at a stretch: twenty times what whorl promises."""

_watch = LoopWatch(_LONGEST)


@pytest.fixture
def anyio_backend() -> str:
    """Run asynchronous tests on asyncio, as the server does."""
    return "asyncio"


@pytest.fixture(autouse=True)
def loop_watch(request: pytest.FixtureRequest) -> Iterator[LoopWatch]:
    """Fail a test in which whorl held an event loop for longer than a moment, unless it says why it may."""
    _watch.take()
    yield _watch
    if (holds := _watch.take()) and request.node.get_closest_marker("holds_the_loop") is None:
        pytest.fail("an event loop was held:\n" + "\n".join(map(str, holds)), pytrace=False)

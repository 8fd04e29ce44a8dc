"""The suite's own check that nothing holds an event loop: it sees who computes and who is blocked, and tells where."""

import asyncio
import gc
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from loop_watch import LoopWatch

ROOT = Path(__file__).parents[2]
COMPUTES = "end = time.thread_time() + 0.2\n while time.thread_time() < end: pass"
BLOCKED = "time.sleep(0.2)"
COLLECTS = "gc.collect()"


def function(body: str, file: Path = ROOT / "platform" / "held.py") -> Callable[[], None]:
    """Return a function that stands in `file`."""
    names = {"time": time, "gc": gc}
    exec(compile(f"def held():\n {body}", file, "exec"), names)  # noqa: S102
    return names["held"]  # type: ignore[return-value]


def run(*callbacks: Callable[[], None]) -> None:
    """Run each as a callback of one event loop."""

    async def main() -> None:
        for callback in callbacks:
            asyncio.get_running_loop().call_soon(callback)
        await asyncio.sleep(0.01)

    asyncio.run(main())


@pytest.mark.parametrize("body", [COMPUTES, BLOCKED])
def test_who_computes_or_is_blocked_is_told(loop_watch: LoopWatch, body: str) -> None:
    run(function(body))
    (hold,) = loop_watch.take()
    assert 0.1 < hold.seconds < 10
    assert "platform/held.py" in str(hold)


def test_what_takes_long_together_only_is_not_told(loop_watch: LoopWatch) -> None:
    run(*[function("time.sleep(0.03)")] * 8)
    assert not loop_watch.take()


def test_what_a_test_does_itself_is_not_told(loop_watch: LoopWatch) -> None:
    run(function(BLOCKED, ROOT / "tests" / "held.py"))
    assert not loop_watch.take()


def test_collecting_garbage_is_not_told(loop_watch: LoopWatch) -> None:
    garbage: list[list[int]] = [[] for _ in range(3_000_000)]
    began = time.perf_counter()
    run(function(COLLECTS))
    assert time.perf_counter() - began > loop_watch.limit  # else it would prove nothing
    assert not loop_watch.take()
    del garbage

"""One runtime for all that start in an event loop, closed by the last."""

import asyncio
import threading

import pytest

from whorl.engine.engines import Engine
from whorl.server.sharing import shared_runtime


@pytest.mark.anyio
async def test_who_comes_while_it_is_open_gets_the_same_and_the_last_closes_it() -> None:
    first, second = shared_runtime(), shared_runtime()
    runtime = first.__enter__()
    assert second.__enter__() is runtime
    first.__exit__(None, None, None)
    assert runtime.engine.address
    second.__exit__(None, None, None)
    assert not runtime.engine.address
    with shared_runtime() as another:
        assert another.engine.address


def test_each_event_loop_has_its_own() -> None:
    engines: list[Engine] = []
    meeting = threading.Barrier(3, timeout=30)

    async def use() -> None:
        with shared_runtime() as runtime:
            engines.append(runtime.engine)
            meeting.wait()

    threads = [threading.Thread(target=asyncio.run, args=(use(),)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(engine) for engine in engines}) == 3
    assert not any(engine.address for engine in engines)

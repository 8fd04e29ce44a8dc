"""One engine for all that run in an event loop, closed by the last."""

import asyncio
import threading

import pytest

from whorl.engine.engines import Engine
from whorl.engine.sharing import shared_engine


@pytest.mark.anyio
async def test_who_comes_while_it_is_open_gets_the_same_and_the_last_closes_it() -> None:
    first, second = shared_engine(), shared_engine()
    engine = first.__enter__()
    assert second.__enter__() is engine
    first.__exit__(None, None, None)
    assert engine.address
    second.__exit__(None, None, None)
    assert not engine.address
    with shared_engine() as another:
        assert another.address


def test_each_event_loop_has_its_own() -> None:
    engines: list[Engine] = []
    meeting = threading.Barrier(3, timeout=30)

    async def use() -> None:
        with shared_engine() as engine:
            engines.append(engine)
            meeting.wait()

    threads = [threading.Thread(target=asyncio.run, args=(use(),)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(engine) for engine in engines}) == 3
    assert not any(engine.address for engine in engines)

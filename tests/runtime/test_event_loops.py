"""One mounted app in several event loops: test clients make one for each of their uses, threads have their own."""

import asyncio
import gc
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from live_server import GUESTS, manifest
from open_files import open_descriptors
from starlette.applications import Starlette
from starlette.routing import Mount

import whorl
from whorl.server import sharing
from whorl.server.hosting import HostedApplication

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it would rather have httpx2
    from starlette.testclient import TestClient


@pytest.fixture
def app(tmp_path: Path) -> Iterator[HostedApplication]:
    path = manifest(tmp_path, GUESTS / "lab.wasm", 'allowed_outbound_hosts = ["http://self"]', "reuse = 10")
    app = whorl.asgi(path, state_dir=tmp_path / "state")
    yield app
    asyncio.run(app.close())  # what ended event loops left is closed when another comes
    gc.collect()
    assert not sharing._shared


async def get(app: HostedApplication, path: str = "/hello") -> str:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://outer.test") as client:
        return (await client.get(path)).text


def is_in_use(app: HostedApplication) -> bool:
    """Tell whether a guest of the app works, in this event loop."""
    trigger = app._here().trigger
    return trigger is not None and any(pool.in_use for pool in trigger.pools.values())


def test_a_test_client_outside_of_with(app: HostedApplication) -> None:
    client = TestClient(Starlette(routes=[Mount("/lab", app)]))
    assert [client.get("/lab/hello").text for _ in range(3)] == ["hello"] * 3
    assert client.get("/lab/out?/hello").text.endswith("hello")


def test_test_clients_one_after_the_other(app: HostedApplication) -> None:
    for _ in range(2):
        with TestClient(app) as client:
            assert [client.get("/hello").text for _ in range(3)] == ["hello"] * 3
            assert client.get("/sleep?20").text == "slept"


def test_event_loops_one_after_the_other_leave_nothing(app: HostedApplication) -> None:
    left = []
    for _ in range(4):
        assert asyncio.run(get(app, "/out?/hello")).endswith("hello")
        gc.collect()
        left.append((open_descriptors(), len(sharing._shared), threading.active_count()))
    assert left[1] == left[3]
    assert left[3][1] == 1


def test_event_loops_of_threads_at_the_same_time(app: HostedApplication) -> None:
    answers: list[str] = []
    barrier = threading.Barrier(3)

    async def several() -> None:
        await get(app)
        barrier.wait(30)
        answers.extend(await asyncio.gather(*[get(app, "/sleep?50") for _ in range(5)]))
        await app.close()

    threads = [threading.Thread(target=lambda: asyncio.run(several())) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == ["slept"] * 15


def test_an_event_loop_that_ends_with_requests_under_way(app: HostedApplication) -> None:
    async def leave() -> None:
        waiting = asyncio.create_task(get(app, "/sleep?60000"))
        while not is_in_use(app):  # noqa: ASYNC110 - nobody says so
            await asyncio.sleep(0.01)
        assert not waiting.done()

    for _ in range(2):
        asyncio.run(leave())
        assert asyncio.run(get(app)) == "hello"


def test_an_app_that_was_closed_in_one_event_loop_serves_another(app: HostedApplication) -> None:
    asyncio.run(app.close())
    assert asyncio.run(get(app)) == "hello"

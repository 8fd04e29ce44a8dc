"""Many apps in one process: each has its own life, none of them that of the runtime."""

import asyncio
import gc
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from live_server import GUESTS, RecordedLogs, manifest
from shelves import COMPONENT

import whorl
from whorl.app.loader import load_app
from whorl.engine.engines import Engine
from whorl.engine.runtimes import Runtime
from whorl.errors import EngineError
from whorl.server import sharing
from whorl.server.hosting import HostedApplication
from whorl.triggers.http.application import HttpApplication
from whorl.triggers.http.trigger import HttpTrigger, TriggerOptions

pytestmark = pytest.mark.anyio


@pytest.fixture
def runtime() -> Iterator[Runtime]:
    """Open the runtime of a process."""
    with Runtime() as runtime:
        yield runtime


def lab(folder: Path, name: str, lines: str = "", settings: str = "") -> Path:
    """Write the manifest of an app of the lab guest, in a folder of its own, and return its path."""
    home = folder / name
    home.mkdir()
    return manifest(home, GUESTS / "lab.wasm", lines, settings)


def version(folder: Path, name: str) -> Path:
    """Write a version of an app that has a store and knows which version it is, and return its path."""
    path = lab(folder, name, f'environment = {{ VERSION = "{name}" }}', "warm = 2")
    with path.open("a") as stream:
        stream.write(COMPONENT.format(name="shelf", source=GUESTS / "shelf.wasm", settings=""))
    return path


def trigger_of(origin: Path, runtime: Runtime, state_dir: Path | None = None) -> HttpTrigger:
    return HttpTrigger(load_app(origin), runtime, RecordedLogs(), TriggerOptions(state_dir))


@asynccontextmanager
async def client_of(app: HttpApplication | HostedApplication) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client that calls `app` in this process; no lifespan events are sent."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://outer.test") as client:
        yield client


def engine_of(app: HostedApplication) -> Engine:
    """Return what a started app runs on."""
    trigger = app._here().trigger
    assert trigger is not None
    return trigger.pools["lab"].linked.engine


async def test_mounted_apps_share_a_runtime_which_goes_with_the_last_of_them(tmp_path: Path) -> None:
    one, two = (whorl.asgi(lab(tmp_path, name), state_dir=tmp_path / name / "state") for name in ("one", "two"))
    async with client_of(one) as first, client_of(two) as second:
        answers = await asyncio.gather(*[client.get("/hello") for client in (first, second) for _ in range(5)])
        assert [answer.text for answer in answers] == ["hello"] * 10
        engine = engine_of(one)
        assert engine_of(two) is engine
        slow = asyncio.create_task(second.get("/sleep?200"))
        await asyncio.sleep(0.05)
        await one.close()
        assert (await first.get("/hello")).status_code == 503
        assert (await slow).text == "slept"
        assert (await second.get("/hello")).text == "hello"
        assert engine.address
        await two.close()
        assert not engine.address
        assert not sharing._shared


async def test_a_new_version_serves_before_the_old_one_has_ended(runtime: Runtime, tmp_path: Path) -> None:
    old, new = (trigger_of(version(tmp_path, name), runtime, tmp_path) for name in ("old", "new"))
    async with client_of(await old.start()) as before:
        assert (await before.get("/env")).text == "VERSION=old"
        assert (await before.get("/shelf/set?key")).status_code == 200
        slow = asyncio.create_task(before.get("/sleep?300"))
        await asyncio.sleep(0.05)
        async with client_of(await new.start()) as after:
            ending = asyncio.create_task(old.close())
            assert (await after.get("/env")).text == "VERSION=new"
            assert "value" in (await after.get("/shelf/get?key")).text
            assert not ending.done()
            assert (await slow).text == "slept"
            await ending
            assert (await before.get("/env")).status_code == 503
            assert (await after.get("/env")).text == "VERSION=new"
    await new.close()
    assert not runtime.engine.places.live


async def test_versions_that_are_made_of_the_same_files_have_one_code(runtime: Runtime, tmp_path: Path) -> None:
    triggers = [trigger_of(lab(tmp_path, name), runtime) for name in ("old", "new")]
    for trigger in triggers:
        await trigger.start()
    assert len({trigger.pools["lab"].linked.component_address for trigger in triggers}) == 1
    for trigger in triggers:
        await trigger.close()
    await asyncio.sleep(0)
    gc.collect()
    assert not runtime.engine.code


async def test_each_app_has_its_own_limits(runtime: Runtime, tmp_path: Path) -> None:
    small, large = (
        trigger_of(lab(tmp_path, name, settings=f'memory = "{memory}"'), runtime)
        for name, memory in (("small", "8MiB"), ("large", "64MiB"))
    )
    async with small as narrow, large as wide, client_of(narrow) as first, client_of(wide) as second:
        assert (await first.get("/big?16000000")).status_code == 500
        assert (await second.get("/big?16000000")).status_code == 200
        assert (await first.get("/hello")).text == "hello"


async def test_an_app_that_asks_for_more_than_the_process_has_does_not_start_and_others_go_on(
    runtime: Runtime, tmp_path: Path
) -> None:
    greedy = trigger_of(lab(tmp_path, "greedy", settings="max_instances = 1000000"), runtime)
    async with trigger_of(lab(tmp_path, "modest"), runtime) as application, client_of(application) as client:
        with pytest.raises(EngineError, match="component `lab`: `max_instances = 1000000` is more than fits"):
            await greedy.start()
        assert (await client.get("/hello")).text == "hello"

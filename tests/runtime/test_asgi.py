"""`whorl.asgi`: apps inside somebody else's ASGI application."""

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx
import pytest
from live_server import GUESTS, manifest
from open_files import open_descriptors
from starlette.applications import Starlette
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

import whorl
from whorl.engine.pool import InstancePool
from whorl.errors import ManifestError
from whorl.server.hosting import HostedApplication
from whorl.triggers.http.asgi import Message

pytestmark = pytest.mark.anyio


def lab(folder: Path, name: str = "lab", environment: str = "") -> HostedApplication:
    """Return an app of the lab guest, in a folder of its own."""
    home = folder / name
    home.mkdir()
    return whorl.asgi(manifest(home, GUESTS / "lab.wasm", environment), state_dir=home / "state")


async def greet(_: Request) -> PlainTextResponse:
    """Answer beside the mounted apps."""
    return PlainTextResponse("outer")


def around(mounts: dict[str, HostedApplication]) -> Starlette:
    """Return an application that mounts `mounts` by path and runs their lifespans in its own."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for app in mounts.values():
                await app.start()
                stack.push_async_callback(app.close)
            yield

    routes = [Route("/outer", greet), *(Mount(path, app) for path, app in mounts.items())]
    return Starlette(routes=routes, lifespan=lifespan)


@asynccontextmanager
async def client_of(app: Starlette | HostedApplication | GZipMiddleware) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client that calls `app` in this process; no lifespan events are sent."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://outer.test") as client:
        yield client


async def test_requests_are_routed_below_the_mount(tmp_path: Path) -> None:
    app = lab(tmp_path)
    outer = around({"/apps/lab": app})
    async with outer.router.lifespan_context(outer), client_of(outer) as client:
        assert (await client.get("/outer")).text == "outer"
        assert (await client.get("/apps/lab/hello")).text == "hello"
        assert (await client.post("/apps/lab/echo", content=b"x" * 100_000)).content == b"x" * 100_000
        assert 'Some("/head?a=1")' in (await client.get("/apps/lab/head?a=1")).text
        assert (await client.get("/apps/lab/.well-known/spin/health")).text == "OK"
        assert (await client.get("/apps/lab/status?404")).status_code == 404


@pytest.mark.parametrize("path", ["/stream?3", "/big?5000", "/hello", "/none"])
async def test_middleware_may_change_the_headers_of_a_response(tmp_path: Path, path: str) -> None:
    app = lab(tmp_path)
    async with client_of(GZipMiddleware(app, minimum_size=1)) as client:
        for _ in range(2):
            answer = await client.get(path, headers={"accept-encoding": "gzip"})
            assert answer.status_code == (500 if path == "/none" else 200)
            assert answer.headers.get_list("vary") == ([] if path == "/none" else ["Accept-Encoding"])
    await app.close()


async def test_two_apps_are_served_side_by_side(tmp_path: Path) -> None:
    apps = {f"/{name}": lab(tmp_path, name, f'environment = {{ NAME = "{name}" }}') for name in ("one", "two")}
    outer = around(apps)
    async with outer.router.lifespan_context(outer), client_of(outer) as client:
        for _ in range(3):
            assert (await client.get("/one/env")).text == "NAME=one"
            assert (await client.get("/two/env")).text == "NAME=two"


async def test_an_app_starts_at_its_first_request_when_nobody_sends_lifespan_events(tmp_path: Path) -> None:
    app = lab(tmp_path)
    async with client_of(app) as client:
        answers = await asyncio.gather(*[client.get("/hello") for _ in range(5)])
    assert {answer.text for answer in answers} == {"hello"}
    await app.close()


async def test_an_app_starts_and_ends_by_the_events_of_its_lifespan(tmp_path: Path) -> None:
    app = lab(tmp_path)
    events, sent = asyncio.Queue[dict[str, str]](), asyncio.Queue[object]()

    async def send(message: object) -> None:
        await sent.put(message)

    living = asyncio.create_task(app({"type": "lifespan"}, events.get, send))
    await events.put({"type": "lifespan.startup"})
    assert await sent.get() == {"type": "lifespan.startup.complete"}
    async with client_of(app) as client:
        assert (await client.get("/hello")).text == "hello"
    await events.put({"type": "lifespan.shutdown"})
    assert await sent.get() == {"type": "lifespan.shutdown.complete"}
    await living


async def test_what_keeps_an_app_from_starting_fails_the_lifespan(tmp_path: Path) -> None:
    source = tmp_path / "broken.wasm"
    source.write_bytes(b"\0asm nonsense")
    app = whorl.asgi(manifest(tmp_path, source), state_dir=tmp_path / "state")
    sent: list[Message] = []

    async def receive() -> dict[str, str]:
        return {"type": "lifespan.startup"}

    async def send(message: Message) -> None:
        sent.append(message)

    with pytest.raises(Exception, match="lab"):
        await app({"type": "lifespan"}, receive, send)
    assert sent[0]["type"] == "lifespan.startup.failed"
    assert "`lab`" in sent[0]["message"]
    await app.close()


async def test_an_app_that_is_not_there_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="nowhere"):
        whorl.asgi(tmp_path / "nowhere" / "spin.toml")


async def test_closing_leaves_nothing(tmp_path: Path) -> None:
    async def once(name: str) -> tuple[int, int]:
        app = lab(tmp_path, name)
        outer = around({"/lab": app})
        async with outer.router.lifespan_context(outer), client_of(outer) as client:
            assert (await client.get("/lab/hello")).text == "hello"
        gc.collect()
        return len(asyncio.all_tasks()), open_descriptors()

    assert await once("first") == await once("second") == await once("third")


async def test_a_request_to_a_closed_app_is_refused_and_opens_nothing(tmp_path: Path) -> None:
    app = lab(tmp_path)
    await app.start()
    await app.close()
    before = open_descriptors()
    async with client_of(app) as client:
        refusal = await client.get("/hello")
    assert (refusal.status_code, refusal.headers["retry-after"]) == (503, "1")
    assert open_descriptors() == before


async def test_requests_while_an_app_is_being_closed_are_refused_and_those_under_way_are_served(tmp_path: Path) -> None:
    app = lab(tmp_path)
    await app.start()
    async with client_of(app) as client:
        slow = asyncio.create_task(client.get("/sleep?500"))
        await until_in_use(app)
        closing = asyncio.create_task(app.close())
        await asyncio.sleep(0)
        assert (await client.get("/hello")).status_code == 503
        assert not closing.done()
        assert (await slow).text == "slept"
        await closing
        assert (await client.get("/hello")).status_code == 503


async def test_an_app_that_is_closed_while_it_starts_is_started_and_closed(tmp_path: Path) -> None:
    before = open_descriptors()
    app = lab(tmp_path)
    async with client_of(app) as client:
        first = asyncio.create_task(client.get("/hello"))
        await asyncio.sleep(0)
        closing = asyncio.create_task(app.close())
        await asyncio.sleep(0)
        assert (await client.get("/hello")).status_code == 503
        assert (await first).text == "hello"
        await closing
        assert (await client.get("/hello")).status_code == 503
    gc.collect()
    assert open_descriptors() == before


async def test_an_app_that_was_closed_can_be_started_again(tmp_path: Path) -> None:
    app = lab(tmp_path)
    for _ in range(2):
        await app.start()
        async with client_of(app) as client:
            assert (await client.get("/hello")).text == "hello"
        await app.close()


async def test_a_websocket_to_a_closed_app_is_closed(tmp_path: Path) -> None:
    app = lab(tmp_path)
    await app.close()
    sent: list[Message] = []

    async def receive() -> dict[str, str]:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        sent.append(message)

    await app({"type": "websocket", "path": "/"}, receive, send)
    assert [(message["type"], message["code"]) for message in sent] == [("websocket.close", 1001)]


def pool_of(app: HostedApplication) -> InstancePool:
    """Return the instances of the lab of a started app."""
    trigger = app._here().trigger
    assert trigger is not None
    return trigger.pools["lab"]


async def until_in_use(app: HostedApplication) -> None:
    """Wait until the app's guest works."""
    while not pool_of(app).in_use:  # noqa: ASYNC110 - nothing tells when a request comes to a guest
        await asyncio.sleep(0)

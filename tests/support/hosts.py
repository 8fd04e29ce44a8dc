"""One whorl app in four frameworks, and by itself: what a server serves for `tests/hosts`, as `hosts:application`.

The header `x-framework` of a request chooses who gets it, so one process of a server is enough for all of them. Each
framework mounts the app at every path of `MOUNTS` and answers `/beside` by itself.
"""

import os
from collections.abc import Awaitable, Callable
from functools import cache
from pathlib import Path
from typing import Any

import django
import fastapi
import litestar
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import path
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

import whorl

Scope = dict[str, Any]
Application = Callable[[Any, Any, Any], Awaitable[None]]

MANIFEST = "WHORL_HOSTED_APP"
"""The environment variable that names the manifest."""
MOUNTS = ("/m", "/one/two", "/my app", "/caf\xe9")


def in_starlette(app: Application) -> Application:
    async def beside(_: Request) -> PlainTextResponse:
        return PlainTextResponse("beside")

    return Starlette(routes=[Route("/beside", beside), *(Mount(mount, app) for mount in MOUNTS)])


def in_fastapi(app: Application) -> Application:
    outer = fastapi.FastAPI()
    outer.get("/beside")(lambda: fastapi.Response("beside"))
    for mount in MOUNTS:
        outer.mount(mount, app)
    return outer


def in_litestar(app: Application) -> Application:
    @litestar.get("/beside", media_type="text/plain", sync_to_thread=False)
    def beside() -> str:
        return "beside"

    @litestar.asgi(list(MOUNTS), is_mount=True, copy_scope=True)
    async def mounted(scope: Any, receive: Any, send: Any) -> None:
        await app(scope, receive, send)

    return litestar.Litestar([beside, mounted])


def in_django(app: Application) -> Application:
    """Django mounts no ASGI applications: its documentation has `asgi.py` choose by path."""

    def beside(_: HttpRequest) -> HttpResponse:
        return HttpResponse("beside")

    settings.configure(ROOT_URLCONF=(path("beside", beside),), ALLOWED_HOSTS=["*"])
    django.setup()
    pages: Application = get_asgi_application()

    async def chosen(scope: Scope, receive: Any, send: Any) -> None:
        root = scope.get("root_path", "")
        below = scope["path"].removeprefix(root) if root else scope["path"]
        for mount in MOUNTS:
            if below == mount or below.startswith(f"{mount}/"):
                await app({**scope, "root_path": root + mount}, receive, send)
                return
        await pages(scope, receive, send)

    return chosen


@cache
def applications() -> dict[bytes, Application]:
    """Return who serves, by name."""
    app: Application = whorl.asgi(Path(os.environ[MANIFEST]))
    return {
        b"whorl": app,
        b"starlette": in_starlette(app),
        b"fastapi": in_fastapi(app),
        b"litestar": in_litestar(app),
        b"django": in_django(app),
    }


async def application(scope: Scope, receive: Any, send: Any) -> None:
    """Give a request to the framework that it names, and the lifespan to whorl."""
    chosen = dict(scope.get("headers", ())).get(b"x-framework", b"whorl")
    await applications()[chosen](scope, receive, send)

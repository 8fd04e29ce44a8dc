"""A Python guest of WASI 0.3 that does what the path says: `/fetch?http://example.com/`."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from componentize_py_types import Err
from spin_sdk import http
from spin_sdk.http import Request, Response, send
from spin_sdk.wit.imports import wasi_clocks_monotonic_clock_0_3_0 as monotonic_clock


async def fetch(url: str) -> str:
    """Send a request."""
    response = await send(Request("GET", url, {}, None))
    return f"{response.status} {bytes(response.body or b'').decode()}"


async def several(url: str) -> str:
    """Send four at once."""
    return "\n".join(await asyncio.gather(*[fetch(url) for _ in range(4)]))


async def sleep(milliseconds: str) -> str:
    """Wait for so many milliseconds."""
    await monotonic_clock.wait_for(int(milliseconds) * 1_000_000)
    return "slept"


async def environment(name: str) -> str:
    """Look up a variable."""
    return os.environ.get(name, "nothing")


async def log(text: str) -> str:
    """Print."""
    print(text)
    return "logged"


USES: dict[str, Callable[[str], Awaitable[str]]] = {
    "/fetch": fetch,
    "/several": several,
    "/sleep": sleep,
    "/environment": environment,
    "/log": log,
}


class HttpHandler(http.Handler):
    """Answers by `USES`, or with the request's body."""

    async def handle_request(self, request: Request) -> Response:
        """Do what the path says."""
        target = urlsplit(request.uri)
        if target.path == "/echo":
            return Response(200, {}, request.body)
        try:
            answer = await USES[target.path](target.query)
        except Err as error:
            answer = f"error: {type(error.value).__name__}"
        return Response(200, {"content-type": "text/plain"}, answer.encode())

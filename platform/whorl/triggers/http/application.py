"""The HTTP trigger as an ASGI application: well-known pages, routing, and the way to the executors."""

import json
import logging
import re
from collections.abc import Mapping, Sequence
from typing import Any

from whorl.app.locked import LockedApp
from whorl.app.routes import RoutePattern
from whorl.triggers.http.asgi import AsgiSink, Receive, ResponseBrokenOffError, Scope, Send, reading_request
from whorl.triggers.http.executor import BegunRequest, Executor
from whorl.triggers.http.fields import visible_fields
from whorl.triggers.http.headers import client_address, spin_field_lines
from whorl.triggers.http.messages import ClientDisconnectedError, IncomingRequest
from whorl.triggers.http.responses import Reply, ResponseHead, ResponseSink
from whorl.triggers.http.router import Router

logger = logging.getLogger(__name__)

_WELL_KNOWN = b"/.well-known/spin/"
_INTERNAL_SUFFIX = b".spin.internal"
_LINE_BREAK = re.compile(rb"[\0\r\n]")
"""What would add fields of its own to those that the guest sees, if a server let it pass."""

_NO_CONTENT, _BAD_REQUEST, _NOT_FOUND = ResponseHead(204), ResponseHead(400), ResponseHead(404)
_UNKNOWN_CLIENT = ("0.0.0.0", 0)  # noqa: S104 - what Spin says when there is no peer address


class HttpApplication:
    """Serves an app's HTTP routes over ASGI.

    Args:
        app: the app, for the well-known pages.
        routes: each route with the id of its component.
        executors: by component id.
    """

    def __init__(
        self, app: LockedApp, routes: Sequence[tuple[RoutePattern, str]], executors: Mapping[str, Executor]
    ) -> None:
        self._router: Router[Executor] = Router([(route, executors[component]) for route, component in routes])
        self._well_known = {
            b"health": _text_page(b"text/plain; charset=utf-8", b"OK"),
            b"info": _text_page(b"application/json", _info(app).encode()),
        }
        self._warned = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; other kinds of scopes are refused in the way that their protocol has for it."""
        if scope["type"] != "http":
            await _refuse(scope, receive, send)
            return
        sink = AsgiSink(send, scope)
        try:
            async with reading_request(scope, receive) as request:
                if _LINE_BREAK.search(request.target):
                    await sink.whole(_BAD_REQUEST, b"")
                    return
                host, port = scope.get("client") or _UNKNOWN_CLIENT
                scheme = scope.get("scheme", "http").encode()
                await self.serve(request, scheme, client_address(host, port), sink)
        except (ClientDisconnectedError, ResponseBrokenOffError):
            # The server cuts the connection when the application returns without completing its response.
            return
        except Exception:
            logger.exception("a request could not be served")
            raise

    async def serve(self, request: IncomingRequest, scheme: bytes, client: bytes, sink: ResponseSink) -> None:
        """Serve one request, whose authority is taken from its headers.

        Args:
            request: what came, as far as it has come.
            scheme: what the client spoke.
            client: address and port of the peer, see `client_address`.
            sink: where the response goes.
        """
        target = request.target
        path = target.partition(b"?")[0]
        page = self._page(request.method, path)
        if page is not None:
            await sink.whole(page.head, page.body)
            return
        match = self._router.match(path)
        if match is None:
            self._warn_of_missing_route(path)
            await sink.whole(_NOT_FOUND, b"")
            return
        lines, authority = visible_fields(request.headers)
        if authority is None or _is_internal(authority) or _LINE_BREAK.search(authority) is not None:
            await sink.whole(_BAD_REQUEST, b"")
            return
        request.authority = authority
        lines += spin_field_lines(match, scheme, authority, target, client)
        await match.route.target.execute(request, lines, sink)

    def _page(self, method: bytes, path: bytes) -> Reply | None:
        """Return what the platform itself answers, if it does."""
        if path.startswith(_WELL_KNOWN):
            return self._well_known.get(path.removeprefix(_WELL_KNOWN)) or Reply(_NOT_FOUND)
        # RFC 9110, section 9.3.7: it asks about the server, not about a resource.
        return Reply(_NO_CONTENT) if path == b"*" and method == b"OPTIONS" else None

    def begin(self, request: IncomingRequest, scheme: bytes, client: bytes) -> Reply | BegunRequest | None:
        """Serve a request at once, as far as that goes; None when it has to go the ordinary way.

        Args:
            request: with all of its body; its authority is taken from its headers.
            scheme: what the client spoke.
            client: address and port of the peer, see `client_address`.
        """
        target = request.target
        path = target.partition(b"?")[0]
        match = None if path.startswith(_WELL_KNOWN) else self._router.match(path)
        if match is None:
            return None
        lines, authority = visible_fields(request.headers)
        if authority is None or _is_internal(authority):
            return None
        executor = match.route.target
        instance = executor.pool.take()
        if instance is None:
            return None
        request.authority = authority
        lines += spin_field_lines(match, scheme, authority, target, client)
        return executor.begin(instance, request, lines)

    def _warn_of_missing_route(self, path: bytes) -> None:
        if not self._warned:
            self._warned = True
            logger.warning(
                "request to `%s` matched no route and got a plain 404; add a catch-all route (`/...`) to answer better",
                path.decode("latin-1"),
            )


def _is_internal(authority: bytes) -> bool:
    """Tell whether only components of the app can be reached so, by requests that no client sends."""
    return authority.partition(b":")[0].lower().rstrip(b".").endswith(_INTERNAL_SUFFIX)


def _info(app: LockedApp) -> str:
    info = {"name": app.name}
    if app.version:
        info["version"] = app.version
    return json.dumps(info, indent=2)


def _text_page(media_type: bytes, text: bytes) -> Reply:
    return Reply(ResponseHead.of(200, [(b"content-type", media_type)]), text)


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1000})
    elif scope["type"] == "lifespan":
        await _live(receive, send)
    else:
        raise RuntimeError(f"an ASGI scope of type `{scope['type']}` is not served")


async def _live(receive: Receive, send: Send) -> None:
    while True:
        message: dict[str, Any] = dict(await receive())
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return

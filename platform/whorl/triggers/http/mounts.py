"""The path of an ASGI request below the path that the application is mounted at, as the client wrote it.

Theory of operation: servers and frameworks agree on `path`, which is decoded, and little else. `root_path` is decoded
too, may be part of `path` (Starlette, FastAPI, uvicorn) or have been taken off it (as the specification was read
before), and may end in a slash. `raw_path` may be missing, is without the mount in some, and is stale where a
middleware rewrote `path`. So `path` says what is meant, and `raw_path` is believed where it decodes to that, or ends in
it: Litestar takes a mount off `path` and says so nowhere; it ends every such path in a slash, too.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote, unquote_to_bytes

_LITERAL = "/:@!$&'()*+,;=~"
"""What RFC 3986 (section 3.3) lets stand in a path, beside what `quote` leaves anyway."""


def path_of(scope: Mapping[str, Any]) -> bytes:
    """Return the encoded path of a request, below the path that the application is mounted at."""
    path: str = scope["path"]
    mount: str = scope.get("root_path", "").rstrip("/")
    raw: bytes | None = scope.get("raw_path")
    meant = path
    if mount and (path == mount or path.startswith(f"{mount}/")):
        meant = path[len(mount) :] or "/"
    if raw:
        if mount:
            below = _below(raw, mount)
            if below is not None and _decoded(below) in (meant, path):
                return below
        decoded = _decoded(raw)
        if decoded == meant:
            return raw
        end = meant.rstrip("/") if "litestar_app" in scope and not decoded.endswith("/") else meant
        if len(end) > 1 and decoded.endswith(end):
            below = _below(raw, decoded[: -len(end)])
            if below is not None:
                return below
    return quote(meant, safe=_LITERAL, errors="surrogateescape").encode() or b"/"


def _below(raw: bytes, mount: str) -> bytes | None:
    """Return what follows `mount` in an encoded path, None if it does not begin with that."""
    wanted = mount.encode(errors="surrogateescape")
    at = 0
    for _ in wanted:
        at += 3 if raw[at : at + 1] == b"%" else 1
    if unquote_to_bytes(raw[:at]) != wanted or raw[at : at + 1] not in (b"/", b""):
        return None
    return raw[at:] or b"/"


def _decoded(raw: bytes) -> str:
    return unquote(raw.decode("latin-1")) if b"%" in raw else raw.decode("latin-1")

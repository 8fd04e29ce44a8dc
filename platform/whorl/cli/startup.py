"""What `whorl up` says on stdout once it listens, in Spin's words: other programs wait for these lines."""

import json

from whorl.app.locked import LockedApp
from whorl.app.routes import RoutePattern
from whorl.capabilities.wasi.terminals import Terminal
from whorl.server.sockets import ListenAddress

_WILDCARD = "/..."


def announce(app: LockedApp, address: ListenAddress, form: str, terminal: Terminal) -> None:
    """Write where `app` is served and its routes, as `plain` text or `json`."""
    base = f"http://{address}"
    text = _json(app, base) if form == "json" else _plain(app, base)
    terminal.write(f"{text}\n".encode(errors="backslashreplace"))


def _routes(app: LockedApp) -> dict[str, str]:
    """Return the component of each public route; of equal routes the last counts."""
    routes = [(trigger.route, trigger.component) for trigger in app.triggers if trigger.route is not None]
    return {RoutePattern.parse(route).absolute: component for route, component in routes}


def _plain(app: LockedApp, base: str) -> str:
    lines = ["", f"Serving {base}", "Available Routes:"]
    for route, component in _routes(app).items():
        shown = route.removesuffix(_WILDCARD)
        wildcard = " (wildcard)" if route.endswith(_WILDCARD) else ""
        lines.append(f"  {component}: {base}{shown.removesuffix('/') if shown == '/' else shown}{wildcard}")
        description = app.components[component].description
        if description:
            lines.append(f"    {description}")
    return "\n".join(lines)


def _json(app: LockedApp, base: str) -> str:
    routes = []
    for route, component in _routes(app).items():
        entry: dict[str, object] = {
            "id": component,
            "route": route.removesuffix(_WILDCARD),
            "wildcard": route.endswith(_WILDCARD),
        }
        if app.components[component].description:
            entry["description"] = app.components[component].description
        routes.append(entry)
    return json.dumps({"base_url": base, "routes": routes}, indent=2)

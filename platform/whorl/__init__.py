"""whorl: a Spin-style serverless HTTP platform in Python that runs WebAssembly components."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from whorl.values import Err, Ok, Some

if TYPE_CHECKING:
    from whorl.server.hosting import HostedApplication

__version__ = "0.1.0"
__all__ = ["Err", "Ok", "Some", "__version__", "asgi"]


def asgi(
    origin: str | Path = "spin.toml",
    *,
    state_dir: str | Path | None = None,
    host: Mapping[str, object] | None = None,
) -> "HostedApplication":
    """Return the app at `origin` as an ASGI application, to serve by itself or to mount into another.

    Everything is compiled and warmed at the lifespan's start-up; where the server or the outer application sends no
    lifespan events, at the first request.

    Args:
        origin: a manifest, a folder that holds a `spin.toml`, or a bare component.
        state_dir: where stores and logs are kept; `.spin` beside the app when it is not given.
        host: objects that implement interfaces which components import, by the names of these in WIT
            (`{"example:crm/customers@1.0.0": Customers()}`), besides those that the manifest names.

    Raises:
        ManifestError: the app cannot be loaded.
    """
    from whorl.server.hosting import HostedApplication  # noqa: PLC0415 - importing whorl stays cheap

    return HostedApplication(Path(origin), None if state_dir is None else Path(state_dir), host or {})

"""whorl: a Spin-style serverless HTTP platform in Python that runs WebAssembly components."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from whorl.server.hosting import HostedApplication

__version__ = "0.1.0"
__all__ = ["__version__", "asgi"]


def asgi(origin: str | Path = "spin.toml", *, state_dir: str | Path | None = None) -> "HostedApplication":
    """Return the app at `origin` as an ASGI application, to serve by itself or to mount into another.

    Everything is compiled and warmed at the lifespan's start-up; where the server or the outer application sends no
    lifespan events, at the first request.

    Args:
        origin: a manifest, a folder that holds a `spin.toml`, or a bare component.
        state_dir: where stores and logs are kept; `.spin` beside the app when it is not given.

    Raises:
        ManifestError: the app cannot be loaded.
    """
    from whorl.server.hosting import HostedApplication  # noqa: PLC0415 - importing whorl stays cheap

    return HostedApplication(Path(origin), None if state_dir is None else Path(state_dir))

"""The options of `whorl up`: one dataclass, which the command line fills and worker processes receive."""

from dataclasses import dataclass, field
from pathlib import Path

from whorl.server.limits import ConnectionLimits
from whorl.server.sockets import ListenAddress


@dataclass(frozen=True, slots=True)
class UpOptions:
    """How an app is served.

    Attributes:
        listen: where; port 0 is one that the system chooses.
        find_free_port: try the next ports when the port is in use.
        workers: processes that serve, each with an engine and pools of its own.
        state_dir: where the default key-value store is kept.
        log_dir: where the output of components is kept; None: nowhere.
        limits: what clients may take.
        quiet: whether the output of components is not repeated on the terminal.
    """

    listen: ListenAddress
    find_free_port: bool
    workers: int
    state_dir: Path
    log_dir: Path | None
    quiet: bool
    limits: ConnectionLimits = field(default_factory=ConnectionLimits)

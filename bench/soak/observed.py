"""`whorl up` that says what is in use inside it when it is asked; the soak runs it as a process.

`python -m bench.soak.observed DESCRIPTOR up ...` runs the command line as `whorl` does. At SIGUSR1 a line of JSON, the
fields of `Inside`, is written to the descriptor; at SIGUSR2 garbage is collected before. Nothing of the server is
changed for it: what is looked for is found among all objects of the process.
"""

import asyncio
import gc
import json
import os
import signal
import sys
from collections import Counter
from contextlib import suppress
from dataclasses import asdict, dataclass
from types import FrameType

from whorl.capabilities.outbound_http.connection_pool import ConnectionPool
from whorl.cli.main import main
from whorl.engine.instances import Instance
from whorl.engine.pool import InstancePool


@dataclass(frozen=True, slots=True)
class Inside:
    """What a server has in use.

    Attributes:
        tasks: asyncio tasks, by the name of their coroutine.
        in_use: instances that serve, by component.
        ready: instances that are warm, likewise.
        instances: all instances that there are, those that nobody has closed or that garbage holds included.
        outgoing: connections that the client of guests' requests has on its account, kept ones included.
    """

    tasks: dict[str, int]
    in_use: dict[str, int]
    ready: dict[str, int]
    instances: int
    outgoing: int


def observe(descriptor: int) -> None:
    """Answer the two signals from now on."""

    def asked(number: int, _frame: FrameType | None) -> None:
        # A signal may come while a guest calls the host: the answer is given on the loop's own turn.
        with suppress(RuntimeError):
            asyncio.get_running_loop().call_soon(_report, descriptor, number == signal.SIGUSR2)

    for number in (signal.SIGUSR1, signal.SIGUSR2):
        signal.signal(number, asked)


def _report(descriptor: int, collect: bool) -> None:  # noqa: FBT001 - called by position
    if collect:
        gc.collect()
    os.write(descriptor, json.dumps(asdict(_inside())).encode() + b"\n")


def _inside() -> Inside:
    found = gc.get_objects()
    # By their type itself: `isinstance` would wake proxies, which may stand for what is gone.
    pools = [each for each in found if type(each) is InstancePool]
    return Inside(
        tasks=dict(Counter(_name(task) for task in asyncio.all_tasks())),
        in_use={pool.linked.name: pool.in_use for pool in pools},
        ready={pool.linked.name: pool.ready for pool in pools},
        instances=sum(type(each) is Instance for each in found),
        outgoing=sum(each.open_connections for each in found if type(each) is ConnectionPool),
    )


def _name(task: "asyncio.Task[object]") -> str:
    return getattr(task.get_coro(), "__qualname__", "?")


if __name__ == "__main__":
    observe(int(sys.argv[1]))
    sys.exit(main(sys.argv[2:]))

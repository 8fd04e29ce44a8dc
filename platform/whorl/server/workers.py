"""The processes that serve: this one, or several that share a port.

Each worker has an event loop, an engine and pools of its own, and is single-threaded while it serves. With several,
this process only watches: it compiles first, so that the workers find everything in the cache, binds the port so that
it is theirs, starts them, passes signals on, and starts one anew that dies.
"""

import asyncio
import contextlib
import gc
import multiprocessing
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.connection import wait as wait_for
from typing import TYPE_CHECKING

from whorl.app.locked import LockedApp
from whorl.app.preparation import NoProgress, Progress
from whorl.capabilities.wasi.logs import GuestLogs
from whorl.capabilities.wasi.terminals import Terminal
from whorl.engine.runtimes import Runtime
from whorl.errors import WhorlError
from whorl.server.limits import raise_descriptor_limit
from whorl.server.messages import logging_to
from whorl.server.options import UpOptions
from whorl.server.serving import ServerSettings, event_loop, serve
from whorl.server.signals import ending_signals
from whorl.server.sockets import ListenAddress, bind, bound_address
from whorl.triggers.http.trigger import HttpTrigger, TriggerOptions

if TYPE_CHECKING:
    from multiprocessing.context import SpawnProcess

_RESTART_PAUSE = 0.5
"""Seconds before a worker is replaced, so that one that cannot start does not keep a core busy."""

Announce = Callable[[ListenAddress], None]


def run_server(app: LockedApp, options: UpOptions, progress: Progress, announce: Announce) -> int:
    """Serve `app` until a signal says stop, and return the exit code.

    Raises:
        WhorlError: it cannot be served; nothing is left behind.
    """
    shared = options.workers > 1
    options.limits.fitting(raise_descriptor_limit())
    with ExitStack() as stack:
        listener = bind(options.listen, find_free_port=options.find_free_port)
        address = bound_address(listener)
        if shared:
            # Bound alone first: a port that others share could be bound too, and would share its requests with them.
            listener.close()
            listener = bind(address, shared=True)
        stack.callback(listener.close)
        if shared:
            return _Supervisor(app, options, address).run(progress, announce)
        _run_worker(app, options, listener, progress, lambda: announce(address))
        return 0


def _run_worker(
    app: LockedApp, options: UpOptions, listener: socket.socket, progress: Progress, ready: Callable[[], None]
) -> None:
    # One of several workers may be signalled twice for one stop, by who stops all processes and by the supervisor.
    limits = options.limits.fitting(raise_descriptor_limit())
    settings = ServerSettings(limits=limits, is_forced_by_signals=options.workers <= 1)
    with ExitStack() as stack:
        terminal = stack.enter_context(Terminal(sys.stderr.buffer))
        stack.enter_context(logging_to(terminal))
        logs = GuestLogs(options.log_dir, None if options.quiet else terminal)
        stack.callback(logs.close)
        own = TriggerOptions(options.state_dir)
        trigger = HttpTrigger(app, stack.enter_context(Runtime()), logs, own, progress)
        with asyncio.Runner(loop_factory=event_loop) as runner:
            runner.run(_serve(trigger, listener, ready, settings))


async def _serve(
    trigger: HttpTrigger, listener: socket.socket, ready: Callable[[], None], settings: ServerSettings
) -> None:
    def settle() -> None:
        # What is there by now stays: full collections would go through it, and hold every request up for 40 ms.
        gc.freeze()
        ready()

    async with trigger as application:
        if await serve(application, [listener], settle, settings):
            trigger.grace = 0.0


class _Supervisor:
    """Keeps the worker processes of one app running."""

    def __init__(self, app: LockedApp, options: UpOptions, address: ListenAddress) -> None:
        self._app = app
        self._options = options
        self._address = address
        self._context = multiprocessing.get_context("spawn")
        self._workers: dict[SpawnProcess, Connection] = {}
        self._serving = False
        self._stopping = False
        self._exit_code = 0

    def run(self, progress: Progress, announce: Announce) -> int:
        asyncio.run(_prepare(self._app, self._options, progress))
        for number in ending_signals():
            signal.signal(number, self._stop)
        # If it were started with the first worker, it would let the SIGINT through that `_start` holds back.
        resource_tracker.ensure_running()
        try:
            for _ in range(self._options.workers):
                self._start()
            for pipe in list(self._workers.values()):
                self._await_ready(pipe)
            self._serving = not self._stopping
            if self._serving:
                announce(self._address)
            while self._workers:
                self._tend()
        finally:
            for worker in self._workers:
                worker.kill()
        return self._exit_code

    def _start(self) -> None:
        pipe, theirs = self._context.Pipe(duplex=False)
        worker = self._context.Process(
            target=_worker_main, args=(self._app, self._options, self._address, theirs), name="whorl-worker"
        )
        with _without_interrupts():
            worker.start()
        theirs.close()
        self._workers[worker] = pipe
        if self._stopping:
            # The signal came while this worker was not among those that it was passed on to.
            worker.terminate()

    def _tend(self) -> None:
        """Wait until a worker ends; start another unless all are to end."""
        wait_for([worker.sentinel for worker in self._workers], timeout=1)
        for worker in [worker for worker in self._workers if not worker.is_alive()]:
            with self._workers.pop(worker) as pipe:
                reason = _last_words(pipe)
            if not self._stopping:
                self._say(f"worker {worker.pid} ended with code {worker.exitcode}{reason}; starting another")
                time.sleep(_RESTART_PAUSE)
                self._start()

    @staticmethod
    def _say(line: str) -> None:
        with Terminal(sys.stderr.buffer) as terminal:
            terminal.write(f"{line}\n".encode())

    def _await_ready(self, pipe: Connection) -> None:
        try:
            failure = pipe.recv()
        except EOFError:
            failure = "a worker process ended before it could serve"
        if failure is not None and not self._stopping:
            raise WhorlError(failure)

    def _stop(self, number: int, _frame: object) -> None:
        signalled = signal.SIGKILL if self._stopping else signal.SIGTERM
        if not (self._serving or self._stopping):
            self._exit_code = 128 + number
        self._stopping = True
        for worker in self._workers:
            if worker.pid is not None and worker.is_alive():
                os.kill(worker.pid, signalled)


async def _prepare(app: LockedApp, options: UpOptions, progress: Progress) -> None:
    """Start and end the app once, so that everything is compiled and whatever is wrong is found by this process."""
    with Runtime() as runtime:
        async with HttpTrigger(app, runtime, GuestLogs(None), TriggerOptions(options.state_dir), progress):
            pass


def _last_words(pipe: Connection) -> str:
    """Return why a worker could not serve, as far as it said so."""
    with contextlib.suppress(EOFError, OSError):
        while pipe.poll():
            failure = pipe.recv()
            if failure is not None:
                return f" ({failure})"
    return ""


@contextlib.contextmanager
def _without_interrupts() -> Iterator[None]:
    """Hold SIGINT back in the block, and for good in the processes that it starts.

    A terminal sends it to all processes, and a worker that is starting would end with a traceback.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _worker_main(app: LockedApp, options: UpOptions, address: ListenAddress, pipe: Connection) -> None:
    """Serve in a process of its own; tells by `pipe` that it does (None), or why it cannot."""
    threading.Thread(target=_die_with_parent, daemon=True).start()
    try:
        with bind(address, shared=True) as listener:
            _run_worker(app, options, listener, NoProgress(), lambda: pipe.send(None))
    except WhorlError as error:
        pipe.send(str(error))


def _die_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait_for([parent.sentinel])
        os.kill(os.getpid(), signal.SIGTERM)

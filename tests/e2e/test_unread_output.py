"""A server whose output nobody reads: it serves, and one signal ends it."""

import fcntl
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from live_server import GUESTS, manifest
from whorl_process import environment, whorl

HEALTH = "/.well-known/spin/health"
PROMPT = 20.0
"""Seconds in which a server must have ended; it gives its readers half a second."""


@dataclass(frozen=True)
class Server:
    """A running `whorl up` whose standard error nobody reads."""

    url: str
    process: subprocess.Popen[bytes]
    unread: int


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """Give the manifest of an app that is compiled already."""
    path = manifest(tmp_path, GUESTS / "lab.wasm")
    assert whorl("compile", "-f", path).returncode == 0
    return path


@contextmanager
def unread(app: Path, *options: str, is_full: bool = False) -> Iterator[Server]:
    """Run `whorl up` with a pipe for its messages; it is full from the start if `is_full`."""
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    if is_full:
        os.write(writing, bytes(4096))
    port = free_port()
    command = [sys.executable, "-m", "whorl", "up", "-f", str(app), "--listen", f"127.0.0.1:{port}", *options]
    with subprocess.Popen(
        command, env=environment(), stdout=writing, stderr=writing, start_new_session=True
    ) as process:
        os.close(writing)
        try:
            wait_until_healthy(f"http://127.0.0.1:{port}")
            yield Server(f"http://127.0.0.1:{port}", process, reading)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            os.close(reading)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until_healthy(url: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with suppress(httpx.TransportError):
            if httpx.get(url + HEALTH, trust_env=False).status_code == 200:
                return
        time.sleep(0.05)
    raise AssertionError("it does not serve")


@pytest.mark.parametrize("options", [(), ("--workers", "2")], ids=["one", "workers"])
@pytest.mark.parametrize("target", ["/stderr", "/trap"], ids=["guests", "messages"])
def test_a_server_whose_output_nobody_reads_serves_on_and_ends_at_one_signal(
    app: Path, target: str, options: tuple[str, ...]
) -> None:
    with unread(app, *options) as server, httpx.Client(base_url=server.url, trust_env=False, timeout=20) as client:
        for _ in range(300):
            client.get(target)
        assert client.get("/hello").status_code == 200
        assert client.get(HEALTH).text == "OK"
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(timeout=PROMPT) == 0


def test_a_server_starts_with_a_pipe_that_is_full(app: Path) -> None:
    with unread(app, is_full=True) as server:
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(timeout=PROMPT) == 0


def test_a_reader_that_wakes_up_is_told_how_much_was_dropped(app: Path) -> None:
    with unread(app) as server, httpx.Client(base_url=server.url, trust_env=False, timeout=20) as client:
        for _ in range(100):
            client.get("/stderr")
        os.set_blocking(server.unread, False)
        taken = b""
        deadline = time.monotonic() + 30
        while not (found := re.search(rb"\((\d+) bytes of output dropped", taken)) and time.monotonic() < deadline:
            with suppress(BlockingIOError):
                taken += os.read(server.unread, 65536)
        assert found is not None
        assert int(found[1]) > 0
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(timeout=PROMPT) == 0

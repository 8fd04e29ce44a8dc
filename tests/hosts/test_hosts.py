"""Apps inside the frameworks and behind the servers that people use: what of a request's path reaches the guest.

Every server runs twice: by itself, and behind a proxy that maps `/proxy` to it (its root path).
"""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

import pytest
from hosts import MANIFEST, MOUNTS
from live_server import GUESTS, manifest
from whorl_process import ROOT, environment

PROXY = "/proxy"


@dataclass(frozen=True)
class Server:
    """How a server is started.

    Attributes:
        arguments: of its module, with a port.
        root_path: the option that tells it that a proxy maps `/proxy` to it.
        strips: whether the proxy is to take that off the path, as it adds it again.
    """

    arguments: str
    root_path: str
    strips: bool = False


SERVERS = {
    "uvicorn": Server("--port {port} --lifespan on hosts:application", "--root-path", strips=True),
    "hypercorn": Server("--bind 127.0.0.1:{port} hosts:application", "--root-path"),
    "granian": Server("--interface asgi --port {port} hosts:application", "--url-path-prefix"),
    "gunicorn": Server("-k asgi --bind 127.0.0.1:{port} hosts:application", "--root-path"),
    "daphne": Server("-p {port} hosts:application", "--root-path"),
}
FRAMEWORKS = ("whorl", "starlette", "fastapi", "litestar", "django")

TAILS = (
    "/head",
    "/head/a%20b",
    "/head/a%2Fb",
    "/head/%40@:~;,=$",
    "/head/%25",
    "/head/%C3%A9",
    "/head/m/x",
    "/head//x/",
    "/head?a=%2F&b",
)

UNKNOWN = {("litestar", "/my app")}
"""Mounts that a framework does not find: Litestar's router leaves spaces encoded."""
CHANGED = {("litestar", "/head//x/"): "/head/x/"}
"""Paths that a framework rewrites: Litestar makes one slash of two."""


@dataclass(frozen=True)
class Running:
    """A server that runs, the port of it, and what its clients' paths begin with."""

    name: str
    port: int
    prefix: str

    def get(self, path: str, framework: str) -> tuple[int, str]:
        """Ask for a path as it is written here; return status and body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("GET", self.prefix + path, headers={"x-framework": framework})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()


@pytest.fixture(scope="module", params=[(name, proxied) for name in SERVERS for proxied in (False, True)])
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    name, proxied = request.param
    server, folder = SERVERS[name], tmp_path_factory.mktemp(name)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", name, *server.arguments.format(port=port).split()]
    if proxied:
        command += [server.root_path, PROXY]
    variables = environment() | {MANIFEST: str(manifest(folder, GUESTS / "lab.wasm"))}
    variables["PYTHONPATH"] += os.pathsep + str(ROOT / "tests" / "support")
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(command, env=variables, cwd=folder, stdout=output, stderr=output)
    try:
        live = Running(name, port, PROXY if proxied and not server.strips else "")
        deadline = time.monotonic() + 60
        while True:
            try:
                assert live.get("/beside", "starlette") == (200, "beside")
                break
            except ConnectionError:
                assert process.poll() is None, (folder / "output").read_text()
                assert time.monotonic() < deadline
                time.sleep(0.05)
        yield live
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)
        said = (folder / "output").read_text()
        assert "Traceback" not in said
    finally:
        process.kill()
        process.wait(timeout=30)


def seen_by_the_guest(running: Running, path: str, framework: str) -> str:
    status, text = running.get(path, framework)
    assert status == 200, f"{path}: {status} {text}"
    return text.partition('Some("')[2].rpartition('Some("')[2].removesuffix('")')


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_the_guest_sees_its_path_as_the_client_wrote_it(running: Running, framework: str) -> None:
    for mount in [""] if framework == "whorl" else MOUNTS:
        if (framework, mount) in UNKNOWN:
            continue
        seen = [seen_by_the_guest(running, quote(mount) + tail, framework) for tail in TAILS]
        wanted = [CHANGED.get((framework, tail), tail) for tail in TAILS]
        assert seen == wanted, f"below `{mount}`"


@pytest.mark.parametrize("framework", FRAMEWORKS[1:])
def test_the_frameworks_own_pages_are_served_beside(running: Running, framework: str) -> None:
    assert running.get("/beside", framework) == (200, "beside")

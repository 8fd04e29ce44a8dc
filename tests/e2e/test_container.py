"""What an operator relies on when the URL shortener runs as a container; scripts/test-containers runs these."""

import json
import os
import socket
import sys
import time
from collections.abc import Iterator

import pytest
from containers import Container, ContainerEngine

pytestmark = [
    pytest.mark.skipif("WHORL_TEST_IMAGE" not in os.environ, reason="scripts/test-containers builds the image"),
    pytest.mark.timeout(300),
]

HARDENED = ("--read-only", "--tmpfs", "/tmp", "--cap-drop", "all", "--security-opt", "no-new-privileges")  # noqa: S108

COUNT_MEMORIES = """
import asyncio, gc, tempfile, whorl
from whorl.engine.memories import Memories

SCOPE = {
    "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http",
    "path": "/api/shorten", "raw_path": b"/api/shorten", "root_path": "", "query_string": b"",
    "headers": [(b"host", b"localhost"), (b"content-length", b"10000")],
}

async def main():
    async def receive():
        return {"type": "http.request", "body": b"x" * 10_000, "more_body": False}

    async def send(event):
        pass

    await links.start()
    await links(SCOPE, receive, send)
    print([each.located for each in gc.get_objects() if isinstance(each, Memories)])
    await links.close()

links = whorl.asgi("/app/spin.toml", state_dir=tempfile.mkdtemp())
asyncio.run(main())
"""
"""Serves the app once more inside the container, and tells how many adapters' memories its engines have found."""


@pytest.fixture(scope="module")
def engine() -> ContainerEngine:
    return ContainerEngine.from_environment()


@pytest.fixture(scope="module")
def container(engine: ContainerEngine) -> Iterator[Container]:
    with engine.serving() as container:
        sys.stdout.write(f"\nserved {container.started_in:.2f} s after `run`\n")
        yield container


def shorten(container: Container) -> str:
    response = container.client.post("/api/shorten", json={"url": "https://example.com/kept"})
    assert response.status_code == 201, response.text
    link: str = response.json()["id"]
    return link


def test_the_server_is_the_first_process_and_not_root(container: Container) -> None:
    assert container.python("import os; print(os.stat('/proc/1').st_uid)") == "10001"
    assert "whorl" in container.python("print(open('/proc/1/cmdline').read())")


def test_it_becomes_healthy(container: Container) -> None:
    deadline = time.monotonic() + 60
    while not container.is_healthy():
        assert time.monotonic() < deadline, container.state()
        time.sleep(0.5)


def test_it_starts_from_the_code_that_was_compiled_with_the_image(container: Container) -> None:
    assert not [path for path in container.changes() if path.startswith(("/var", "/app", "/opt"))]


def test_the_image_has_no_build_tool(container: Container) -> None:
    program = "import shutil; print([t for t in ('componentize-py', 'cargo', 'gcc', 'cc') if shutil.which(t)])"
    assert container.python(program) == "[]"


def test_the_server_cannot_write_its_own_code(container: Container) -> None:
    program = "import os; print([p for p in ('/app', '/opt/whorl', '/opt/whorl/bin/whorl') if os.access(p, os.W_OK)])"
    assert container.python(program) == "[]"


def test_long_bodies_cross_by_address_under_the_default_seccomp_profile(container: Container) -> None:
    assert container.python(COUNT_MEMORIES) == "[1]"
    assert "long bodies" not in container.logs()


def test_it_serves_without_privileges_on_a_read_only_root(engine: ContainerEngine) -> None:
    with engine.serving(*HARDENED) as container:
        assert container.client.get(f"/api/resolve/{shorten(container)}").status_code == 200


def test_links_outlive_the_container_on_the_same_volume(engine: ContainerEngine) -> None:
    with engine.volume() as volume:
        with engine.serving("--volume", f"{volume}:/data") as first:
            link = shorten(first)
        with engine.serving("--volume", f"{volume}:/data") as second:
            response = second.client.get(f"/{link}")
    assert (response.status_code, response.headers["location"]) == (302, "https://example.com/kept")


def test_a_request_under_way_is_answered_after_sigterm_and_the_exit_code_is_zero(engine: ContainerEngine) -> None:
    body = json.dumps({"url": "https://example.com/slow"}).encode()
    head = f"POST /api/shorten HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    with engine.serving() as container:
        url = container.client.base_url
        with socket.create_connection((url.host, url.port or 80), timeout=30) as connection:
            connection.sendall(head + body[:10])
            time.sleep(0.5)
            container.signal("TERM")
            time.sleep(1)
            assert container.state()["Running"]
            connection.sendall(body[10:])
            answer = connection.recv(65536)
        assert answer.startswith(b"HTTP/1.1 201 ")
        assert container.wait() == 0

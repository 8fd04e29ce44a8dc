"""The URL shortener, running: what the end-to-end tests ask and look at."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

REPOSITORY = Path(__file__).parents[2]
SERVING = re.compile(r"Serving (http://\S+)")


@pytest.fixture(scope="session")
def shortener_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give the base URL of the URL shortener: `WHORL_TEST_URL`, or a server of our own on a free port."""
    elsewhere = os.environ.get("WHORL_TEST_URL")
    if elsewhere:
        yield elsewhere.rstrip("/")
        return
    folder = tmp_path_factory.mktemp("url-shortener")
    with (folder / "stderr.txt").open("w+") as stderr, _server(folder / "state", stderr.fileno()) as server:
        try:
            url = _served_url(server)
            assert url, f"the server did not start:\n{(folder / 'stderr.txt').read_text()}"
            yield url
        finally:
            server.terminate()


@pytest.fixture
def client(shortener_url: str) -> Iterator[httpx.Client]:
    """Give an HTTP client that asks the URL shortener and follows no redirect.

    It keeps idle connections for less time than the server does, so that none is closed under a request.
    """
    limits = httpx.Limits(keepalive_expiry=1)
    with httpx.Client(base_url=shortener_url, timeout=30, limits=limits) as client:
        yield client


def _server(state: Path, stderr: int) -> subprocess.Popen[str]:
    up = ("up", "--from", str(REPOSITORY / "spin.toml"), "--listen", "127.0.0.1:0", "--state-dir", str(state))
    command = (sys.executable, "-m", "whorl", *up)
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, text=True, cwd=REPOSITORY)


def _served_url(server: subprocess.Popen[str]) -> str | None:
    assert server.stdout is not None
    found = (SERVING.search(line) for line in server.stdout)
    return next((match[1] for match in found if match), None)

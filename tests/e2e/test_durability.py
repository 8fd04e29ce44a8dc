"""What a crash may not take: links that the URL shortener has acknowledged."""

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from whorl_process import ROOT, WhorlUp

CRASHES = 20
WRITERS = 4


@dataclass
class Acknowledged:
    """Which links were acknowledged: what each id stands for."""

    targets: dict[str, str] = field(default_factory=dict)
    refused: list[int] = field(default_factory=list)

    def write(self, client: httpx.Client, name: str, stop: threading.Event) -> None:
        """Make one link after another until the server is gone."""
        number = 0
        while not stop.is_set():
            number += 1
            target = f"https://example.com/{name}/{number}"
            try:
                response = client.post("/api/shorten", json={"url": target})
            except httpx.TransportError:
                return
            if response.status_code == 201:
                self.targets[response.json()["id"]] = target
            else:
                self.refused.append(response.status_code)


@pytest.fixture(scope="module")
def unlimited(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the URL shortener's manifest without its limit of links per client."""
    text = (ROOT / "spin.toml").read_text().replace('RATE_LIMIT = "100"', 'RATE_LIMIT = "0"')
    assert 'RATE_LIMIT = "0"' in text
    path = tmp_path_factory.mktemp("unlimited") / "spin.toml"
    path.write_text(text.replace('"apps/', f'"{ROOT}/apps/'))
    return path


@pytest.mark.timeout(300)
def test_a_crash_during_writes_loses_no_link_that_was_acknowledged(unlimited: Path, tmp_path: Path) -> None:
    """20 times SIGKILL at any moment between; after each, every link that was ever acknowledged resolves."""
    acknowledged = Acknowledged()
    chance = random.Random(20)  # noqa: S311 - it only has to differ
    checked: set[str] = set()
    for crash in range(CRASHES):
        with WhorlUp("-f", unlimited, "--state-dir", tmp_path / "state", "--quiet") as server:
            check(server.url, acknowledged, set(acknowledged.targets) - checked)
            checked = set(acknowledged.targets)
            before = len(checked)
            write_until_killed(server, acknowledged, f"crash-{crash}", 0.2 + chance.random() * 0.4)
            assert not acknowledged.refused, server.errors
            assert len(acknowledged.targets) > before
    with WhorlUp("-f", unlimited, "--state-dir", tmp_path / "state", "--quiet") as server:
        check(server.url, acknowledged, set(acknowledged.targets))


def write_until_killed(server: WhorlUp, acknowledged: Acknowledged, name: str, seconds: float) -> None:
    """Write by several clients at once, and kill the server after `seconds`."""
    stop = threading.Event()
    with httpx.Client(base_url=server.url, timeout=20, trust_env=False) as client, ThreadPoolExecutor(WRITERS) as pool:
        writers = [pool.submit(acknowledged.write, client, f"{name}-{each}", stop) for each in range(WRITERS)]
        stop.wait(seconds)
        server.kill()
        stop.set()
        for writer in writers:
            writer.result()


def check(url: str, acknowledged: Acknowledged, ids: set[str]) -> None:
    """Ask for each of `ids`."""
    with httpx.Client(base_url=url, timeout=20, trust_env=False) as client:
        for each in ids:
            response = client.get(f"/{each}", follow_redirects=False)
            assert (response.status_code, response.headers.get("location")) == (302, acknowledged.targets[each])

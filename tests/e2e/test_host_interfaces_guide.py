"""docs/host-interfaces.md: its code, as it stands there, in Starlette and under `whorl up`."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from live_server import GUESTS, manifest
from whorl_process import environment

from whorl.capabilities.host_interfaces import HostInterfaces
from whorl.errors import ManifestError

GUIDE = Path(__file__).parents[2] / "docs" / "host-interfaces.md"
MOUNTED = """
from starlette.testclient import TestClient

with TestClient(app) as client:
    for path in ("/find/1", "/find/2", "/?d"):
        answer = client.get(f"/shop{path}")
        print(answer.status_code, answer.text)
"""
MOST_LINES = 12
"""Of code that a user writes to implement an interface."""


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", GUIDE.read_text(), re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give the folder of an app, with the class that implements its interface."""
    manifest(tmp_path, GUESTS / "directory.wasm")
    (tmp_path / "customers.py").write_text(blocks("python")[0])
    return tmp_path


def test_it_takes_few_lines() -> None:
    assert sum(bool(line.strip()) for line in blocks("python")[0].splitlines()) <= MOST_LINES


def test_it_runs_in_starlette(folder: Path) -> None:
    (folder / "main.py").write_text(blocks("python")[1] + MOUNTED)
    ended = subprocess.run(
        [sys.executable, "main.py"],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert (ended.stdout, ended.returncode) == ("200 Ada\n404 unknown\n200 Ada\n", 0), ended.stderr


@pytest.fixture(params=[1, 2])
def served(request: pytest.FixtureRequest, folder: Path) -> Iterator[httpx.Client]:
    """Serve it by `whorl up` from another folder, and give a client."""
    path = folder / "spin.toml"
    path.write_text(path.read_text() + blocks("toml")[0])
    options = ["--listen", "127.0.0.1:0", "--workers", str(request.param)]
    command = [sys.executable, "-m", "whorl", "up", "-f", str(path), *options]
    with subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = next(found for line in process.stdout if (found := re.search(r"http://\S+", line)))
        with httpx.Client(base_url=address[0], timeout=30, trust_env=False) as client:
            yield client
        process.terminate()
        assert process.wait(timeout=30) == 0


def test_it_runs_under_up(served: httpx.Client) -> None:
    answers = [served.get(path) for path in ("/find/1", "/find/2", "/?d")]
    assert [(answer.status_code, answer.text) for answer in answers] == [(200, "Ada"), (404, "unknown"), (200, "Ada")]


def test_a_module_that_another_app_has_loaded_is_not_taken_for_ones_own(tmp_path: Path) -> None:
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        path = manifest(tmp_path / name, GUESTS / "directory.wasm")
        path.write_text(path.read_text() + blocks("toml")[0])
        (tmp_path / name / "customers.py").write_text(blocks("python")[0])
    program = "import whorl; [whorl.asgi(f'{app}/spin.toml') for app in ('first', 'first', 'second')]"
    ended = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert ended.returncode == 1
    assert "but another `customers` is loaded already, from " in ended.stderr


def test_a_module_is_no_implementation() -> None:
    with pytest.raises(ManifestError, match="`a:b/c` cannot be implemented by the module `re`: guests could call"):
        HostInterfaces({"a:b/c": re})


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nowhere:Customers", "but `nowhere` cannot be imported from"),
        ("customers:Orders", "but `customers` has no `Orders`; name a class or an object in it"),
        ("customers:PEOPLE", "but `dict`, which implements it, has no method `find`"),
        ("customers", "`customers` names no class; write the module, a colon and the class"),
    ],
)
def test_an_implementation_that_is_not_there_is_named(folder: Path, name: str, said: str) -> None:
    path = folder / "spin.toml"
    path.write_text(path.read_text() + blocks("toml")[0].replace("customers:Customers", name))
    command = [sys.executable, "-m", "whorl", "compile", "-f", str(path)]
    ended = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=100, check=False)
    assert ended.returncode == 1
    assert said in ended.stderr

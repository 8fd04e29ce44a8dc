"""What a start of `whorl` loads and shows: libraries that take long to load only where they are needed."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from live_server import GUESTS, manifest
from whorl_process import environment


def loaded(*arguments: str) -> set[str]:
    """Return the packages that Python loads when it is given `arguments` and has no terminal."""
    command = [sys.executable, "-X", "importtime", *arguments]
    ended = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=100, check=True)
    lines = (line.rpartition("|") for line in ended.stderr.splitlines() if line.startswith("import time:"))
    return {module.strip().partition(".")[0] for _, _, module in lines}


def loaded_for(app: Path) -> set[str]:
    """Return the packages that are loaded to start `app`."""
    return loaded("-m", "whorl", "compile", "-f", str(app))


def test_an_app_without_interfaces_of_its_own_loads_no_codecs(tmp_path: Path) -> None:
    command = [sys.executable, "-X", "importtime", "-m", "whorl", "compile", "-f"]
    ended = subprocess.run(
        [*command, str(manifest(tmp_path, GUESTS / "hello.wasm"))],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=100,
        check=True,
    )
    bridges = {name for name in ended.stderr.split() if name.startswith("whorl.engine.bridges.")}
    assert bridges == {"whorl.engine.bridges.composing", "whorl.engine.bridges.per_guest"}


@pytest.mark.parametrize("hosts", ["", "http://self", "http://other.spin.internal"])
def test_an_app_that_sends_nothing_over_the_network_loads_no_client(tmp_path: Path, hosts: str) -> None:
    packages = loaded_for(manifest(tmp_path, GUESTS / "hello.wasm", f'allowed_outbound_hosts = ["{hosts}"]'))
    assert not packages & {"aiohappyeyeballs", "certifi", "httpx", "rich"}
    assert "whorl" in packages


def test_an_app_that_may_send_over_the_network_has_its_client_from_the_start(tmp_path: Path) -> None:
    app = manifest(tmp_path, GUESTS / "hello.wasm", 'allowed_outbound_hosts = ["https://example.com"]')
    assert {"aiohappyeyeballs", "certifi", "h11"} <= loaded_for(app)


def test_the_script_that_workers_import_loads_no_command() -> None:
    packages = loaded("-c", "from whorl.cli.main import entry")
    assert "whorl" in packages
    assert not packages & {"asyncio", "pydantic", "uvicorn", "wasmtime"}


def test_a_terminal_shows_a_bar_while_components_are_prepared(tmp_path: Path) -> None:
    app = manifest(tmp_path, GUESTS / "hello.wasm")
    terminal, theirs = pty.openpty()
    command = [sys.executable, "-m", "whorl", "up", "-f", str(app), "--listen", "127.0.0.1:0"]
    with subprocess.Popen(
        command, env={**environment(), "TERM": "xterm"}, stdout=subprocess.PIPE, stderr=theirs
    ) as process:
        os.close(theirs)
        assert process.stdout is not None
        process.stdout.readline()
        process.terminate()
        assert process.wait(timeout=30) == 0
    shown = os.read(terminal, 65536).decode()
    os.close(terminal)
    assert "Preparing components" in shown
    assert shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l")

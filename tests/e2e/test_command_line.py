"""`whorl up` as an operator sees it: start-up lines, signals, workers, and one clear message for each mistake."""

import contextlib
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest
from live_server import GUESTS, manifest
from whorl_process import WhorlUp, environment, whorl, workers

LAB = GUESTS / "lab.wasm"


@pytest.fixture
def app(tmp_path: Path) -> Path:
    return manifest(tmp_path, LAB, 'description = "does as told"\nkey_value_stores = ["default"]')


def test_start_up_lines_are_spins(app: Path) -> None:
    with WhorlUp("-f", app) as up:
        assert up.stop() == 0
        assert up.process.stdout is not None
        assert up.output == ["", f"Serving {up.url}"]
        assert up.process.stdout.read().splitlines() == [
            "Available Routes:",
            f"  lab: {up.url} (wildcard)",
            "    does as told",
        ]
        assert f'Logging component stdio to "{app.parent}/.spin/logs/"' in up.errors
        assert f'Storing default key-value data to "{app.parent}/.spin/sqlite_key_value.db".' in up.errors


def test_start_up_can_be_read_by_programs(app: Path) -> None:
    port = free_port()
    command = [sys.executable, "-m", "whorl", "up", "-f", str(app), "--format", "json", "--listen", f"127.0.0.1:{port}"]
    with subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        text = b""
        while not text.endswith(b"\n}\n"):
            text += process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 0
    assert json.loads(text) == {
        "base_url": f"http://127.0.0.1:{port}",
        "routes": [{"id": "lab", "route": "", "wildcard": True, "description": "does as told"}],
    }


def test_the_output_of_guests_is_kept_and_shown(app: Path) -> None:
    with WhorlUp("-f", app) as up:
        httpx.get(f"{up.url}/stdout")
        assert up.stop() == 0
        assert "and another\n" in up.errors
    assert (app.parent / ".spin/logs/lab_stdout.txt").read_text() == "one line\nand another\nhalf a line"


def test_quiet_keeps_the_output_of_guests_off_the_terminal(app: Path, tmp_path: Path) -> None:
    with WhorlUp("-f", app, "--quiet", "--log-dir", tmp_path / "own") as up:
        httpx.get(f"{up.url}/stdout")
        assert up.stop() == 0
        assert "another" not in up.errors
    assert (tmp_path / "own/lab_stdout.txt").exists()


def test_the_limits_of_clients_are_options(app: Path) -> None:
    with WhorlUp("-f", app, "--max-fields", "5", "--max-head-bytes", "300", "--idle-timeout", "0.3") as up:
        assert httpx.get(f"{up.url}/hello", headers={"x-long": "x" * 300}).status_code == 431
        assert httpx.get(f"{up.url}/hello", headers={"x-one": "1", "x-two": "2"}).status_code == 431
        with socket.create_connection(("127.0.0.1", int(up.url.rpartition(":")[2])), timeout=10) as silent:
            assert silent.recv(1) == b""


@pytest.mark.parametrize("option", ["--max-fields", "--max-head-bytes", "--head-timeout", "--max-connections"])
@pytest.mark.parametrize("value", ["0", "-1", "x", "nan", "inf"])
def test_a_limit_is_a_number_above_zero(app: Path, option: str, value: str) -> None:
    ended = whorl("up", "-f", app, f"{option}={value}")
    assert ended.returncode == 2
    assert ended.stderr.splitlines()[-1].endswith(f"error: argument {option}: invalid number value: '{value}'")


def test_the_limit_of_descriptors_is_looked_at_and_said(app: Path) -> None:
    def up(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "whorl", "up", "-f", str(app), "--listen", "256.0.0.1:0", *arguments]
        limited = ["sh", "-c", 'ulimit -n 800; exec "$@"', "sh", *command]
        return subprocess.run(limited, env=environment(), capture_output=True, text=True, timeout=100, check=False)

    assert "200 connections at most are served at once, as the process may open 800 files" in up().stderr
    refused = up("--max-connections", "500")
    assert refused.returncode == 1
    assert "Error: 500 connections do not fit: the process may open 800 files" in refused.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_lets_requests_end(app: Path, number: int) -> None:
    with WhorlUp("-f", app) as up:
        answers: list[httpx.Response] = []
        client = threading.Thread(target=lambda: answers.append(httpx.get(f"{up.url}/sleep?500")))
        client.start()
        time.sleep(0.2)
        assert up.stop(number) == 0
        client.join()
        assert answers[0].text == "slept"


@pytest.mark.parametrize("second", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("path", ["/sleep?20000", "/after?20000"])
def test_a_second_signal_ends_at_once(app: Path, path: str, second: int) -> None:
    with WhorlUp("-f", app) as up:
        client = threading.Thread(target=patient, args=(f"{up.url}{path}",))
        client.start()
        time.sleep(0.2)
        began = time.monotonic()
        up.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        assert up.stop(second) == 0
        assert time.monotonic() - began < 10
        client.join()


def patient(url: str) -> None:
    """Send a request and wait for longer than the guest takes; a client that goes away would end the guest."""
    with contextlib.suppress(httpx.HTTPError):
        httpx.get(url, timeout=60)


def test_workers_share_the_port_and_the_store(app: Path) -> None:
    with WhorlUp("-f", app, "--workers", "2") as up:
        seen = {httpx.get(f"{up.url}/hello").text for _ in range(20)}
        assert seen == {"hello"}
        assert up.stop() == 0


def test_a_worker_that_dies_is_replaced(app: Path) -> None:
    with WhorlUp("-f", app, "--workers", "2") as up:
        os.kill(workers(up.process.pid)[0], signal.SIGKILL)
        for _ in range(100):
            if "starting another" in up.errors:
                break
            time.sleep(0.1)
        time.sleep(2)
        assert {httpx.get(f"{up.url}/hello").text for _ in range(10)} == {"hello"}
        assert up.stop() == 0


def test_why_a_worker_cannot_be_replaced_is_said(app: Path) -> None:
    with WhorlUp("-f", app, "--workers", "2") as up:
        database = app.parent / ".spin" / "sqlite_key_value.db"
        database.unlink()
        database.mkdir()
        os.kill(workers(up.process.pid)[0], signal.SIGKILL)
        for _ in range(100):
            if up.errors.count("starting another") > 1:
                break
            time.sleep(0.1)
        assert any("ended with code" in line and str(database) in line for line in up.errors.splitlines())
        assert up.stop() == 0


def test_a_bare_component_is_served_on_every_path(tmp_path: Path) -> None:
    with WhorlUp("-f", LAB, "--state-dir", tmp_path) as up:
        assert httpx.get(f"{up.url}/hello").text == "hello"
        assert up.stop() == 0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def test_a_free_port_is_found_when_asked_for(app: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with WhorlUp("-f", app, "--find-free-port", listen=f"127.0.0.1:{port}") as up:
            assert up.url != f"http://127.0.0.1:{port}"
            assert up.stop() == 0


def refused(*arguments: str | Path) -> str:
    """Return the one message with which `whorl up` refuses."""
    ended = whorl("up", "--listen", "127.0.0.1:0", *arguments)
    assert (ended.returncode, ended.stdout) == (1, "")
    message = [line for line in ended.stderr.splitlines() if not line.startswith(("Logging ", "Storing "))]
    assert message[0].startswith("Error: ")
    assert "Traceback" not in ended.stderr
    return "\n".join(message)


def test_a_port_in_use_is_named(app: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        message = refused("-f", app, "--listen", f"127.0.0.1:{port}")
    assert f"`127.0.0.1:{port}` is already in use" in message
    assert "--find-free-port" in message


def test_an_unknown_key_is_named_with_its_cure(tmp_path: Path) -> None:
    message = refused("-f", manifest(tmp_path, LAB, 'key_value_store = ["default"]'))
    assert "key_value_store" in message
    assert "did you mean `key_value_stores`" in message


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    message = refused("-f", manifest(tmp_path, tmp_path / "missing.wasm"))
    assert "`lab`" in message
    assert "missing.wasm" in message


@pytest.mark.parametrize(
    "content", [b"", b"not wasm at all", b"\0asm\1\0\0\0", LAB.read_bytes()[:5000] if LAB.exists() else b""]
)
def test_a_file_that_is_no_component_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bad.wasm").write_bytes(content)
    assert "component `lab`" in refused("-f", manifest(tmp_path, tmp_path / "bad.wasm"))


COMPONENTS = {
    "no handler": '(component (core module $m (func (export "f"))) (core instance $i (instantiate $m))'
    ' (func (export "run") (canon lift (core func $i "f"))))',
    "unknown import": '(component (import "acme:tools/saw@1.0.0" (instance (export "cut" (func)))))',
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [("no handler", "cannot serve HTTP: expected it to export `wasi:http/incoming-handler@0.2.x`")],
)
def test_a_component_without_a_handler_is_named(tmp_path: Path, text: str, expected: str) -> None:
    (tmp_path / "bad.wat").write_text(COMPONENTS[text])
    message = refused("-f", manifest(tmp_path, tmp_path / "bad.wat"))
    assert expected in message
    assert "`run`" in message


def test_a_corrupt_database_is_named_and_left_as_it_is(app: Path) -> None:
    database = app.parent / ".spin" / "sqlite_key_value.db"
    database.parent.mkdir()
    database.write_bytes(b"this is not a database, but somebody's data" * 100)
    before = database.read_bytes()
    message = refused("-f", app)
    assert "sqlite_key_value.db" in message
    assert database.read_bytes() == before


def test_a_database_of_spins_is_used(app: Path) -> None:
    database = app.parent / ".spin" / "sqlite_key_value.db"
    database.parent.mkdir()
    with sqlite3.connect(database) as connection:
        connection.execute(
            "CREATE TABLE spin_key_value (store TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL,"
            " PRIMARY KEY (store, key))"
        )
    connection.close()
    with WhorlUp("-f", app) as up:
        assert up.stop() == 0


def test_damaged_compiled_code_is_made_anew(app: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHORL_CACHE_DIR", str(tmp_path / "cache"))
    with WhorlUp("-f", app) as up:
        assert up.stop() == 0
    for file in (tmp_path / "cache").glob("*.cwasm"):
        file.write_bytes(file.read_bytes()[:1000])
    with WhorlUp("-f", app) as up:
        assert httpx.get(f"{up.url}/hello").text == "hello"
        assert up.stop() == 0
        assert "is damaged; compiling anew" in up.errors


def test_no_manifest_is_said(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    ended = whorl("up", cwd=tmp_path)
    assert ended.returncode == 1
    assert "there is no `spin.toml`" in ended.stderr


def test_build_runs_the_commands_of_the_manifest(tmp_path: Path) -> None:
    path = manifest(tmp_path, LAB)
    path.write_text(path.read_text() + '[component.lab.build]\ncommand = "echo built > out.txt"\n')
    ended = whorl("build", "-f", path)
    assert ended.returncode == 0
    assert "Finished building all Spin components" in ended.stdout
    assert (tmp_path / "out.txt").read_text() == "built\n"

"""The load generator against the null application, and the clock that the figures rest on."""

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from bench.cases import NULL, Server, WasmtimeServer, cases
from bench.load import Order, measure
from bench.machine import program_version
from bench.processors import Cores, processor_time, tree_processor_time
from bench.responses import Answer, WrongAnswerError
from bench.servers import Running, ServerFailedError, running


@pytest.fixture
def null() -> Iterator[Running]:
    with running([Server(NULL)], Cores.available().server) as servers:
        yield servers[Server(NULL)]


def order(server: Running, name: str = NULL) -> Order:
    [case] = [case for case in cases() if case.name == name]
    return Order(server.pid, server.port, case.request(), case.answer, 3, volley=False, run_in=0.05, seconds=0.1)


@pytest.mark.parametrize("volley", [False, True])
def test_every_request_of_the_counted_part_is_measured(null: Running, *, volley: bool) -> None:
    tally = measure(replace(order(null), volley=volley))
    assert tally.latencies == sorted(tally.latencies)
    assert len(tally.latencies) >= 3
    assert tally.server_cpu > 0
    assert (len(tally.latencies) % 3 == 0 and tally.slowest_volley > 0) or not volley


@pytest.mark.parametrize("name", ["null-echo-1k", "null-echo-64k", "null-echo-1m"])
def test_the_null_application_echoes_what_it_is_sent(name: str) -> None:
    [server] = [case.server for case in cases() if case.name == name]
    with running([server], Cores.available().server) as servers:
        assert measure(order(servers[server], name)).latencies


def test_the_reused_guest_echoes_what_it_is_sent() -> None:
    with running([Server("lab-reused")], None) as servers:
        assert measure(order(servers[Server("lab-reused")], "echo-64k-reused")).latencies


def test_a_server_may_say_on_stderr_where_it_listens(tmp_path: Path) -> None:
    program = tmp_path / "wasmtime"
    program.write_text(
        "#!/bin/sh\n"
        'echo "$TOKIO_WORKER_THREADS $*" >&2\n'
        "echo 'Serving HTTP on http://127.0.0.1:1234/' >&2\n"
        "exec sleep 60\n"
    )
    program.chmod(0o700)
    guest = tmp_path / "guest.wasm"
    guest.write_bytes(b"\0asm\x0d\0\1\0")
    server = WasmtimeServer("peer", str(program), guest, ("--option", "1"))
    with running([server], None) as servers:
        assert servers[server].port == 1234
        assert re.match(
            r"1 serve --addr 127\.0\.0\.1:0 -S cli --option 1 \S+/peer/guest\.wasm\n", servers[server].complaint()
        )


def test_a_program_that_cannot_say_its_version_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="missing --version` failed"):
        program_version(str(tmp_path / "missing"))
    assert program_version(sys.executable).startswith("Python 3.")


def test_a_wrong_answer_fails_the_measurement(null: Running) -> None:
    with pytest.raises(WrongAnswerError, match="expected 200, got"):
        measure(replace(order(null), answer=Answer(200, b"something else")))


def test_a_server_that_cannot_start_is_named_with_what_it_said() -> None:
    with pytest.raises(ServerFailedError, match="`missing` did not start: Error: "), running([Server("missing")], None):
        pass


def test_processor_time_counts_the_threads_of_a_process_and_the_tree_its_children() -> None:
    spin = "import threading; t = threading.Thread(target=sum, args=(range(10**7),)); t.start(); t.join(); input()"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {spin!r}])"
    with subprocess.Popen([sys.executable, "-c", parent], stdin=subprocess.PIPE) as process:
        deadline = time.monotonic() + 30
        while tree_processor_time(process.pid) < processor_time(process.pid) + 0.1:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        process.communicate(b"\n")

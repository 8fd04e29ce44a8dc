"""What is measured: the servers, and what each is asked."""

import random
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from bench.guests import without_informational_responses
from bench.null_application import BODY, ECHO
from bench.responses import Answer

APPS = Path(__file__).parent / "apps"
_GUESTS = Path(__file__).parents[1] / "tests" / "guests"
_HELLO = Answer(200, BODY)
_ASYNC_HELLO = Answer(200, b"Hello, world")
NULL = "null"
_NULL_ECHO = "null-echo"
_ECHOES = {"1k": (1 << 10, 4), "64k": (1 << 16, 4), "1m": (1 << 20, 2)}
"""The sizes of the echoes by their names, with the number of requests under way."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server by the app in `bench/apps` that it serves, or `null`, or `null-echo`."""

    name: str

    def command(self, state_dir: Path) -> list[str]:
        """Return the command that serves it on a free port."""
        if self.name == NULL:
            return [sys.executable, "-m", "bench.null_application"]
        if self.name == _NULL_ECHO:
            return [sys.executable, "-m", "bench.null_application", ECHO]
        options = ["--listen", "127.0.0.1:0", "--state-dir", str(state_dir), "--log-dir", "", "--quiet"]
        return [sys.executable, "-m", "whorl", "up", "--from", str(APPS / f"{self.name}.toml"), *options]


@dataclass(frozen=True, slots=True)
class WasmtimeServer(Server):
    """`wasmtime serve` with its defaults.

    Attributes:
        cli: the program, a path or a name on the search path.
        component: the file that it serves.
        options: for `wasmtime serve`, ahead of the component.
    """

    cli: str
    component: Path
    options: tuple[str, ...] = ()

    def command(self, state_dir: Path) -> list[str]:
        """Return the command that serves it on a free port, with as many threads as it gets cores."""
        served = state_dir / self.component.name
        served.write_bytes(without_informational_responses(self.component.read_bytes()))
        serve = [self.cli, "serve", "--addr", "127.0.0.1:0", "-S", "cli", *self.options, str(served)]
        return ["env", "TOKIO_WORKER_THREADS=1", *serve]


@dataclass(frozen=True, slots=True)
class Case:
    """One row of the table.

    Attributes:
        name: the row's name; those who read the JSON know it.
        server: whom it asks.
        target: path and query.
        body: of the request, which then is a POST.
        answer: what must come back.
        connections: requests under way at once.
        volley: whether they are sent together, and the next when all have been answered.
        echo: the case of the null application that answers the same with the same body; empty if there is none.
        limit: the processor time per request that is the goal, as a multiple of that of `echo`, or else of `null`.
    """

    name: str
    server: Server
    target: str = "/hello"
    body: bytes = b""
    answer: Answer = _HELLO
    connections: int = 4
    volley: bool = False
    echo: str = ""
    limit: float | None = None

    def request(self) -> bytes:
        """Return the request's bytes: with the headers of a plain command-line client."""
        method = "POST" if self.body else "GET"
        lines = [f"{method} {self.target} HTTP/1.1", "Host: 127.0.0.1", "User-Agent: whorl-bench/1", "Accept: */*"]
        if self.body:
            lines += [f"Content-Length: {len(self.body)}", "Content-Type: application/octet-stream"]
        return "\r\n".join([*lines, "", ""]).encode() + self.body


def half_text(size: int) -> bytes:
    """Return `size` bytes, the first half text and the rest random, the same ones in each run."""
    generator = random.Random(size)  # noqa: S311 - nothing secret
    text = b"It was the best of times, it was the worst of times. "
    return (text * size)[: size // 2] + generator.randbytes(size - size // 2)


def cases(wasmtime: str | None = None) -> list[Case]:
    """Return every case, in the order of the table; with those of `wasmtime serve` if its program is given."""
    return [
        Case(NULL, Server(NULL)),
        Case("rust-hello-fresh", Server("rust-hello-fresh"), limit=4.8),
        Case("rust-hello-reused", Server("rust-hello-reused"), limit=2.2),
        Case("python-hello-fresh", Server("python-hello-fresh"), limit=75),
        Case("python-hello-reused", Server("python-hello-reused"), limit=7),
        Case("async-rust-hello-fresh", Server("async-rust-hello-fresh"), answer=_ASYNC_HELLO, limit=5),
        Case("async-rust-hello-reused", Server("async-rust-hello-reused"), answer=_ASYNC_HELLO, limit=2),
        Case("async-python-hello-fresh", Server("async-python-hello-fresh"), limit=90),
        Case("async-python-hello-reused", Server("async-python-hello-reused"), limit=8),
        _null_echo("1k"),
        _echo("echo-1k", Server("lab"), "1k"),
        _echo("echo-1k-reused", Server("lab-reused"), "1k", limit=2),
        _null_echo("64k"),
        _echo("echo-64k", Server("lab"), "64k", limit=3.5),
        _echo("echo-64k-reused", Server("lab-reused"), "64k", limit=2),
        _null_echo("1m"),
        _echo("echo-1m", Server("lab"), "1m", limit=1.5),
        _echo("async-echo-1m", Server("async-rust-hello-fresh"), "1m"),
        _waiting("wait-200x50ms", "lab"),
        _waiting("async-wait-200x50ms", "async-rust-hello-fresh"),
        *(_wasmtime_cases(wasmtime) if wasmtime else ()),
    ]


def _waiting(name: str, app: str) -> Case:
    return Case(name, Server(app), "/sleep?50", answer=Answer(200, b"slept"), connections=200, volley=True)


def _wasmtime_cases(cli: str) -> list[Case]:
    """Return what `wasmtime serve` is asked.

    The Python guest is not among its guests: that one imports interfaces of Spin, which `wasmtime serve` does not have.
    """
    hello, lab = _GUESTS / "hello.wasm", _GUESTS / "lab.wasm"
    reuse = ("--max-instance-reuse-count", "1000000000")
    return [
        Case("wasmtime-rust-hello", WasmtimeServer("wasmtime-rust-hello", cli, hello)),
        Case("wasmtime-rust-hello-reused", WasmtimeServer("wasmtime-rust-hello-reused", cli, hello, reuse)),
        *(_echo(f"wasmtime-echo-{size}", WasmtimeServer("wasmtime-lab", cli, lab), size) for size in _ECHOES),
    ]


def _null_echo(size: str) -> Case:
    return replace(_echo(f"{_NULL_ECHO}-{size}", Server(_NULL_ECHO), size), echo="")


def _echo(name: str, server: Server, size: str, limit: float | None = None) -> Case:
    length, connections = _ECHOES[size]
    body = half_text(length)
    answer = Answer(200, body)
    return Case(name, server, "/echo", body, answer, connections, echo=f"{_NULL_ECHO}-{size}", limit=limit)

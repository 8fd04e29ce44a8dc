"""What users and systems do wrong, one by one, for each command: one sentence, no traceback, no server that ends."""

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from live_server import GUESTS, manifest
from whorl_process import environment

COMMANDS = {"up": ["up", "--listen", "127.0.0.1:0"], "build": ["build"], "compile": ["compile"]}
NOBODY = 54321
"""A user without an entry in the list of users, and without a home."""

AS_NOBODY = f"""
import os, pkgutil
import whorl

# What is imported later may be where this user may not look: the interpreter is somebody else's.
for module in pkgutil.walk_packages(whorl.__path__, "whorl."):
    if not module.name.endswith("__main__"):
        __import__(module.name)
import encodings.idna, httptools, importlib.readers, uvicorn.lifespan.off, uvloop, rich.progress
os.setgroups([])
os.setgid({NOBODY})
os.setuid({NOBODY})
whorl.cli.main.entry()
"""

needs_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can be another user")
LONG = "x" * 300


class Operator:
    """Somebody who runs commands in a folder of theirs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = environment()
        self._program = ["-m", "whorl"]

    def manifest(self, source: str = "hello.wasm", lines: str = "", settings: str = "") -> Path:
        shutil.copy(GUESTS / "hello.wasm", self.folder / "hello.wasm")
        return manifest(self.folder, Path(source), lines, settings)

    def become_nobody(self) -> None:
        self._program = ["-c", AS_NOBODY]
        os.chown(self.folder, NOBODY, NOBODY)
        self.environment.pop("HOME", None)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *self._program, *arguments],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=60,
            check=False,
        )

    def told(self, *arguments: str) -> str:
        """Run a command that cannot succeed, and return the sentence that it ends with."""
        ended = self.run(*arguments)
        said, error, told = ended.stderr.partition("Error: ")
        assert (ended.returncode, error) == (1, "Error: "), ended
        assert "Traceback" not in ended.stderr, ended.stderr
        assert all(line.startswith(("Logging", "Compiling", "  lab (")) for line in said.splitlines()), said
        return told


@pytest.fixture
def operator() -> Iterator[Operator]:
    # Not the suite's own folder, which other users may not search.
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Operator(Path(folder))


@pytest.fixture(params=COMMANDS)
def command(request: pytest.FixtureRequest) -> list[str]:
    return COMMANDS[request.param]


@needs_root
@pytest.mark.parametrize("unreadable", ["spin.toml", ".", "sub"])
def test_what_this_user_may_not_read(operator: Operator, command: list[str], unreadable: str) -> None:
    operator.manifest()
    sub = operator.folder / "sub"
    shutil.copytree(operator.folder, sub)
    origin = sub if unreadable == "sub" else operator.folder / "spin.toml"
    closed = operator.folder / unreadable
    closed.chmod(0o000)
    operator.become_nobody()
    operator.folder = Path("/")
    try:
        assert "Permission denied" in operator.told(*command, "--from", str(origin))
    finally:
        closed.chmod(0o755)


@needs_root
def test_a_component_that_this_user_may_not_read(operator: Operator) -> None:
    operator.manifest()
    (operator.folder / "hello.wasm").chmod(0o000)
    operator.become_nobody()
    operator.environment["WHORL_CACHE_DIR"] = "/nonexistent"
    for name in ("up", "compile"):
        assert "hello.wasm" in operator.told(*COMMANDS[name])


@needs_root
def test_a_user_without_a_home(operator: Operator) -> None:
    operator.manifest()
    operator.become_nobody()
    operator.environment.pop("WHORL_CACHE_DIR", None)
    for name in ("up", "compile"):
        assert "set `WHORL_CACHE_DIR`" in operator.told(*COMMANDS[name])
    assert operator.run("build").returncode == 0


def test_names_that_are_too_long(operator: Operator, command: list[str]) -> None:
    assert "name too long" in operator.told(*command, "--from", LONG)


def test_a_source_with_a_name_that_is_too_long(operator: Operator) -> None:
    operator.manifest(LONG)
    for name in ("up", "compile"):
        assert LONG in operator.told(*COMMANDS[name])


def test_a_working_folder_that_has_been_removed(operator: Operator, command: list[str]) -> None:
    program = 'cd "$0" && rmdir "$0" && exec "$@"'
    gone = operator.folder / "gone"
    gone.mkdir()
    ended = subprocess.run(
        ["sh", "-c", program, gone, sys.executable, "-m", "whorl", *command],
        env=operator.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (
        1,
        "Error: the working folder has been removed; change to another\n",
    )


@pytest.mark.parametrize("host", ["a..b", "x" * 64, "\u00e9" * 70, ".", "a b"])
def test_addresses_that_are_none(operator: Operator, host: str) -> None:
    operator.manifest()
    assert "cannot listen on" in operator.told("up", "--listen", f"{host}:0")


@pytest.mark.parametrize("variable", ["TMPDIR", "WHORL_CACHE_DIR", "folder"])
def test_folders_whose_names_are_not_utf_8(operator: Operator, variable: str) -> None:
    """They serve, or it is said that they cannot."""
    odd = os.fsdecode(os.fsencode(operator.folder) + b"/odd-\xff")
    Path(odd).mkdir()
    if variable == "folder":
        operator.folder = Path(odd)
    else:
        operator.environment[variable] = odd
    operator.manifest()
    ended = operator.run("compile")
    assert "Traceback" not in ended.stderr, ended.stderr
    assert ended.returncode == 0 or ended.stderr.splitlines()[-1].startswith("Error: "), ended


def test_no_folder_for_temporary_files(operator: Operator) -> None:
    operator.manifest()
    program = """
import tempfile
tempfile._candidate_tempdir_list = lambda: ["/nonexistent"]
from whorl.cli.main import entry
entry()
"""
    ended = subprocess.run(
        [sys.executable, "-c", program, "compile"],
        cwd=operator.folder,
        env=operator.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stderr.startswith("Error: No usable temporary directory"), ended.stderr


@pytest.mark.parametrize("pair", ['"A=B" = "x"', '"" = "x"', '"A\\u0000" = "x"', 'A = "x\\u0000y"'])
def test_variables_that_no_environment_can_hold(operator: Operator, pair: str) -> None:
    operator.manifest(lines=f"environment = {{ {pair} }}")
    for name in ("up", "compile"):
        assert "component.lab.environment" in operator.told(*COMMANDS[name])


@pytest.mark.parametrize("number", [9, 40])
def test_a_build_command_that_a_signal_ends(operator: Operator, number: int) -> None:
    operator.manifest(lines=f'build.command = "kill -{number} $$"')
    ended = operator.run("build")
    assert ended.returncode == 1
    assert f"failed with status Signaled({'SIGKILL' if number == 9 else 40})" in ended.stdout + ended.stderr


REDIRECTIONS = {
    "stdout-closed": ">&-",
    "stderr-closed": "2>&-",
    "both-closed": ">&- 2>&-",
    "all-closed": "<&- >&- 2>&-",
    "stdout-full": ">/dev/full",
    "stderr-full": "2>/dev/full",
    "both-full": ">/dev/full 2>&1",
}


@pytest.mark.parametrize("redirection", [*REDIRECTIONS.values(), ""], ids=[*REDIRECTIONS, "ascii"])
def test_commands_do_their_work_whatever_their_streams_are(operator: Operator, redirection: str) -> None:
    operator.manifest(lines='description = "na\u00efve \u2603"\nbuild.command = "echo built > built"')
    if not redirection:
        operator.environment |= {"PYTHONIOENCODING": "ascii", "LC_ALL": "C"}
    for name in ("build", "compile"):
        shell = f'exec "$0" -m whorl {name} {redirection}'
        ended = subprocess.run(
            ["sh", "-c", shell, sys.executable],
            cwd=operator.folder,
            env=operator.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert ended.returncode == 0, ended
        assert "Traceback" not in ended.stderr
    assert (operator.folder / "built").exists()
    with _serving(operator, redirection) as url:
        assert httpx.get(url, timeout=30).text == "hello"


@contextlib.contextmanager
def _serving(operator: Operator, redirection: str) -> Iterator[str]:
    port = _free_port()
    shell = f'exec "$0" -m whorl up --quiet --listen 127.0.0.1:{port} {redirection}'
    command = ["sh", "-c", shell, sys.executable]
    with subprocess.Popen(command, cwd=operator.folder, env=operator.environment) as process:
        url = f"http://127.0.0.1:{port}/"
        try:
            for _ in range(600):
                with contextlib.suppress(httpx.ConnectError):
                    httpx.get(url, timeout=30)
                    break
                with contextlib.suppress(subprocess.TimeoutExpired):
                    raise AssertionError(process.wait(0.1))
            yield url
            process.terminate()
            assert process.wait(30) == 0
        finally:
            process.kill()


def _free_port() -> int:
    from whorl.server.sockets import ListenAddress, bind, bound_address  # noqa: PLC0415 - of the package, not a fixture

    with bind(ListenAddress("127.0.0.1", 0)) as listener:
        return bound_address(listener).port


def test_what_a_build_says_comes_in_order_in_a_pipe(operator: Operator) -> None:
    operator.manifest(lines='build.command = ["echo one", "echo two"]')
    said = operator.run("build").stdout.splitlines()
    wanted: Callable[[str], int] = said.index
    assert wanted("one") < wanted("Building component lab with `echo two`") < wanted("two")


def test_a_memory_that_is_too_small_to_start_with(operator: Operator) -> None:
    operator.manifest(settings='memory = "64KiB"')
    for name in ("up", "compile"):
        assert "raise its `memory` in `tool.whorl`" in operator.told(*COMMANDS[name])


def test_compiled_tools_that_the_engine_refuses_are_made_anew(operator: Operator) -> None:
    operator.manifest()
    cache = operator.folder / "cache"
    operator.environment["WHORL_CACHE_DIR"] = str(cache)
    assert operator.run("compile").returncode == 0
    (tools,) = cache.glob("tools-*.cwasm")
    tools.write_bytes(b"of another version")
    tools.with_suffix(".digest").write_text(hashlib.sha256(b"of another version").hexdigest())
    for file in cache.glob("*.cwasm"):
        if file != tools:
            file.unlink()
    ended = operator.run("compile")
    assert (ended.returncode, "Traceback" in ended.stderr) == (0, False), ended.stderr


def test_a_route_without_its_slash_is_shown_with_it(operator: Operator) -> None:
    path = operator.manifest()
    path.write_text(path.read_text().replace('route = "/..."', 'route = "hello"'))
    port = _free_port()
    with subprocess.Popen(
        [sys.executable, "-m", "whorl", "up", "--quiet", "--listen", f"127.0.0.1:{port}"],
        cwd=operator.folder,
        env=operator.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        shown = next(line for line in process.stdout if "lab:" in line)
        process.terminate()
    assert shown == f"  lab: http://127.0.0.1:{port}/hello\n"

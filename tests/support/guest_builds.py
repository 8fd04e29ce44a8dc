"""Builds the guests that are too large to be committed, each once for every state of its sources.

As a program, prints the path of the built guest: `python tests/support/guest_builds.py python_hello`.
"""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GUESTS = ROOT / "tests" / "guests"
BUILT = ROOT / ".cache" / "guests"
MODULES = ROOT / ".cache" / "npm"

_JAVASCRIPT_WASI = "0.2.10"
_ASYNC_LOCK = ROOT / "requirements" / "async-guests.txt"
_ASYNC_WORLD = "spin:up/http-trigger@4.1.0"
_WORLD = re.compile(r"^(?:///[^\n]*\n|@since[^\n]*\n)*world [a-z-]+ \{.*?^\}\n", re.DOTALL | re.MULTILINE)


Build = Callable[[Path, Path], None]
"""Builds the guest in the first folder to the second path."""


class MissingToolError(Exception):
    """A guest cannot be built here, because what builds it is not installed."""


def python_guest(name: str) -> Path:
    """Return the component of `tests/guests/<name>/app.py`, made by componentize-py from the Spin SDK.

    Raises:
        MissingToolError: componentize-py is not installed.
    """
    return _built(name, (ROOT / "requirements" / "guests.txt",), _componentize_python)


def async_python_guest(name: str) -> Path:
    """Return the component of WASI 0.3 of `tests/guests/<name>/app.py`, made from the Spin SDK of its time.

    Its tools have an environment of their own, which is made the first time.
    """
    return _built(name, (_ASYNC_LOCK,), _componentize_async_python)


def javascript_guest(name: str) -> Path:
    """Return the component of `tests/guests/<name>/app.js`, made by jco from what its lock file names.

    Raises:
        MissingToolError: npm is not installed.
    """
    return _built(name, (), _componentize_javascript)


def built(build: Callable[[str], Path], name: str) -> Path:
    """Return a built guest; where its tool is missing the test is skipped, but not in continuous integration."""
    try:
        return build(name)
    except MissingToolError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(f"guest `{name}`: {error}")


def _built(name: str, locks: tuple[Path, ...], build: Build) -> Path:
    folder, target = GUESTS / name, BUILT / f"{name}.wasm"
    stamp = target.with_name(f"{target.name}.stamp")
    digest = _digest(folder, locks)
    with _locked(BUILT / f"{name}.lock"):
        if not (target.is_file() and stamp.is_file() and stamp.read_text().strip() == digest):
            print(f"building the guest `{name}` (once, about 15 s)", file=sys.stderr)  # noqa: T201 - it takes a while
            part = target.with_name(f".{name}.{os.getpid()}.wasm")
            try:
                build(folder, part)
                part.replace(target)
            finally:
                part.unlink(missing_ok=True)
            stamp.write_text(f"{digest}\n")
    return target


def _digest(folder: Path, locks: tuple[Path, ...]) -> str:
    """Return the digest of a guest's sources and of what locks the tools that build it."""
    digest = hashlib.sha256()
    for path in sorted([*(each for each in folder.rglob("*") if _is_source(each)), *locks]):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(ROOT)} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def _is_source(path: Path) -> bool:
    return path.is_file() and "__pycache__" not in path.parts


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Let one process at a time build a guest."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _componentize_python(folder: Path, target: Path) -> None:
    # It asks the `python` of the path where the SDK is.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    tool = shutil.which("componentize-py", path=path)
    if tool is None:
        raise MissingToolError("componentize-py is not installed; `scripts/test` installs it")
    _run([tool, "-w", "spin-http", "componentize", "app", "-o", str(target)], folder, path)


def _componentize_async_python(folder: Path, target: Path) -> None:
    environment = BUILT / "async-tools"
    stamp = environment / "lock"
    with _locked(BUILT / "async-tools.lock"):
        if not (stamp.is_file() and stamp.read_text() == _ASYNC_LOCK.read_text()):
            shutil.rmtree(environment, ignore_errors=True)
            _run([sys.executable, "-m", "venv", str(environment)], folder)
            install = ["install", "--quiet", "--disable-pip-version-check", "--require-hashes", "-r", str(_ASYNC_LOCK)]
            _run([str(environment / "bin" / "python"), "-m", "pip", *install], folder)
            stamp.write_text(_ASYNC_LOCK.read_text())
    (packages,) = environment.glob("lib/python*/site-packages")
    tool = [str(environment / "bin" / "componentize-py"), "-w", _ASYNC_WORLD, "componentize", "app"]
    # It finds the SDK's interfaces by the environment that is active.
    path = f"{environment / 'bin'}{os.pathsep}{os.environ['PATH']}"
    _run([*tool, "-p", ".", "-p", str(packages), "-o", str(target)], folder, path)


def _componentize_javascript(folder: Path, target: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise MissingToolError("npm is not installed")
    modules = MODULES / folder.name
    modules.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json", "app.js"):
        shutil.copyfile(folder / name, modules / name)
    # Not `npm ci`: it refuses a lock file without the packages for other machines, which not every registry has.
    _run([npm, "install", "--no-audit", "--no-fund"], modules)
    _write_interfaces(modules / "wit", _JAVASCRIPT_WASI)
    shutil.copyfile(folder / "hello.wit", modules / "wit" / "hello.wit")
    jco = str(modules / "node_modules" / ".bin" / "jco")
    _run([jco, "componentize", "app.js", "--wit", "wit", "--world-name", "hello", "-o", "app.wasm"], modules)
    shutil.move(modules / "app.wasm", target)


def _write_interfaces(folder: Path, version: str) -> None:
    """Write what `wasi:http` needs as it was in `version`, a folder for each package, below `folder`'s `deps`."""
    for name in ("io", "clocks", "http"):
        text = (ROOT / "platform" / "adapter" / "wit" / "wasi" / f"{name}.wit").read_text()
        package = folder / "deps" / name
        package.mkdir(parents=True, exist_ok=True)
        (package / f"{name}.wit").write_text(_WORLD.sub("", text).replace("@0.2.12", f"@{version}"))


def _run(command: list[str], folder: Path, path: str | None = None) -> None:
    """Run a tool of the build; what it says is seen only when it fails."""
    environment = {**os.environ, "PATH": path or os.environ["PATH"]}
    run = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if run.returncode:
        raise RuntimeError(f"`{' '.join(command)}` failed with exit code {run.returncode}:\n{run.stdout}{run.stderr}")


if __name__ == "__main__":
    make = async_python_guest if sys.argv[1].endswith("_async") else python_guest
    print(make(sys.argv[1]))  # noqa: T201 - this is its answer

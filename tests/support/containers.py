"""The image as a container of its own, as an operator runs it."""

import contextlib
import json
import os
import shlex
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx

PORT = "3000/tcp"
PATIENCE_S = 60


@dataclass(frozen=True, slots=True)
class ContainerEngine:
    """A container engine and the image under test.

    Attributes:
        command: `docker`, `podman` or a path to one of them, with options.
        image: the image's name.
    """

    command: tuple[str, ...]
    image: str

    @classmethod
    def from_environment(cls) -> "ContainerEngine":
        """Return what scripts/test-containers names."""
        return cls(tuple(shlex.split(os.environ["WHORL_TEST_ENGINE"])), os.environ["WHORL_TEST_IMAGE"])

    @property
    def is_podman(self) -> bool:
        """Whether the engine is podman, which runs a health check only where systemd does."""
        return "podman" in self.command[0]

    def run(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run one command of the engine to its end."""
        return subprocess.run([*self.command, *arguments], capture_output=True, text=True, timeout=120, check=check)

    def output(self, *arguments: str) -> str:
        """Return what a command prints."""
        return self.run(*arguments).stdout.strip()

    @contextlib.contextmanager
    def volume(self) -> Iterator[str]:
        """Give the name of a volume that ends with the block."""
        name = f"whorl-test-{uuid4().hex}"
        self.run("volume", "create", name)
        try:
            yield name
        finally:
            self.run("volume", "rm", "--force", name, check=False)

    @contextlib.contextmanager
    def serving(self, *options: str) -> Iterator["Container"]:
        """Run the image with `options` until it serves; the container is removed after the block."""
        name = f"whorl-test-{uuid4().hex}"
        began = time.monotonic()
        self.run("run", "--detach", "--name", name, "--publish", "127.0.0.1::3000", *options, self.image)
        try:
            url = "http://" + self.output("port", name, PORT).splitlines()[0]
            with httpx.Client(base_url=url, timeout=30, trust_env=False) as client:
                container = Container(self, name, client)
                container.await_first_answer()
                container.started_in = time.monotonic() - began
                yield container
        finally:
            self.run("rm", "--force", "--volumes", name, check=False)


class Container:
    """A container that serves.

    Attributes:
        client: sends requests to it.
        started_in: seconds from the engine's `run` to the first answer.
    """

    def __init__(self, engine: ContainerEngine, name: str, client: httpx.Client) -> None:
        self.client = client
        self.started_in = 0.0
        self._engine = engine
        self._name = name

    def await_first_answer(self) -> None:
        """Ask until it serves; fails with the container's output when it ends before."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            with contextlib.suppress(httpx.TransportError):
                self.client.get("/.well-known/spin/health").raise_for_status()
                return
            assert self.state()["Running"], self.logs()
            assert time.monotonic() < deadline, self.logs()
            time.sleep(0.01)

    def state(self) -> dict[str, Any]:
        """Return the engine's account of the container's state."""
        state: dict[str, Any] = json.loads(self._engine.output("inspect", "--format", "{{json .State}}", self._name))
        return state

    def logs(self) -> str:
        """Return everything that it has written."""
        logs = self._engine.run("logs", self._name)
        return logs.stdout + logs.stderr

    def python(self, program: str) -> str:
        """Return what a Python program prints inside the container."""
        return self._engine.output("exec", self._name, "python", "-c", program)

    def changes(self) -> list[str]:
        """Return the paths that differ from the image."""
        return [line.split(maxsplit=1)[1] for line in self._engine.output("diff", self._name).splitlines()]

    def is_healthy(self) -> bool:
        """Tell what the image's health check says, run at once where the engine does not repeat it by itself."""
        if self._engine.is_podman:
            return self._engine.run("healthcheck", "run", self._name, check=False).returncode == 0
        return bool(self.state()["Health"]["Status"] == "healthy")

    def signal(self, name: str) -> None:
        """Send a signal to its first process, as stopping it does."""
        self._engine.run("kill", "--signal", name, self._name)

    def wait(self) -> int:
        """Wait for its end and return the exit code."""
        return int(self._engine.output("wait", self._name))

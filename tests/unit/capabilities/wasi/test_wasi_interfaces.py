"""Clocks, random and cli, called as an adapter calls them."""

import time
from dataclasses import dataclass, field
from typing import Any

import pytest

from whorl.capabilities.wasi.cli import cli, exit_code
from whorl.capabilities.wasi.clocks import clocks
from whorl.capabilities.wasi.random import random
from whorl.engine.host_interfaces import HostInterface
from whorl.engine.packing import MalformedError, unpack


@dataclass
class FakeInstance:
    component: str = "shop"
    state: dict[object, Any] = field(default_factory=dict)


@dataclass
class Recorder:
    lines: list[tuple[str, str, bytes]] = field(default_factory=list)

    def write(self, component: str, stream: str, data: bytes) -> None:
        self.lines.append((component, stream, data))


def call(interface: HostInterface, name: str, *arguments: Any) -> Any:
    (function,) = (function for function in interface.functions if function.name == name)
    assert len(function.params) == len(arguments) - 1
    return function.call(*arguments)


def test_the_monotonic_clock_is_the_one_that_deadlines_are_measured_by() -> None:
    before = time.monotonic_ns()
    assert before <= call(clocks(), "monotonic-now", FakeInstance()) <= time.monotonic_ns()


def test_the_wall_clock_counts_from_1970() -> None:
    before = time.time_ns()
    assert before <= call(clocks(), "wall-now", FakeInstance()) <= time.time_ns()


@pytest.mark.parametrize("length", [0, 1, 4096, 65536])
def test_as_many_random_bytes_come_as_are_asked_for(length: int) -> None:
    assert len(unpack(call(random(), "bytes", FakeInstance(), length))) == length


def test_random_bytes_differ() -> None:
    interface = random()
    assert call(interface, "bytes", FakeInstance(), 32) != call(interface, "bytes", FakeInstance(), 32)


def test_too_many_random_bytes_at_once_are_a_trap() -> None:
    with pytest.raises(MalformedError, match="65537"):
        call(random(), "bytes", FakeInstance(), 65537)


def test_the_environment_is_what_the_component_was_given_and_nothing_else() -> None:
    interface = cli({"A": "1", "NAME": "h\u00e9=llo"}, Recorder())
    assert call(interface, "environment", FakeInstance()) == "A\0001\0NAME\0h\u00e9=llo\0".encode()


@pytest.mark.parametrize("environment", [{"": "x"}, {"A=B": "x"}, {"A": "x\0"}, {"A\0": "x"}])
def test_a_variable_that_would_blur_into_another_is_refused(environment: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="cannot be passed"):
        cli(environment, Recorder())


def test_lines_go_to_the_sink_with_component_and_stream() -> None:
    sink = Recorder()
    interface = cli({}, sink)
    call(interface, "log", FakeInstance(), 1, b"rhello\n")
    call(interface, "log", FakeInstance(), 2, b"b/w==")
    assert sink.lines == [("shop", "stdout", b"hello\n"), ("shop", "stderr", b"\xff")]


@pytest.mark.parametrize(("stream", "data"), [(0, b"rx"), (3, b"rx"), (1, b""), (1, b"zx")])
def test_a_line_that_breaks_the_form_is_a_trap(stream: int, data: bytes) -> None:
    sink = Recorder()
    with pytest.raises(MalformedError):
        call(cli({}, sink), "log", FakeInstance(), stream, data)
    assert sink.lines == []


def test_the_exit_code_is_kept_for_the_executor() -> None:
    instance = FakeInstance()
    assert exit_code(instance) is None
    call(cli({}, Recorder()), "exit", instance, 3)
    assert exit_code(instance) == 3

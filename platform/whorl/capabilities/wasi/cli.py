"""Environment, log and exit behind `wasi:cli`: `whorl:host/cli@0.1.0`."""

from collections.abc import Mapping
from typing import Any, Literal, Protocol

from whorl.engine.host_interfaces import HostFunction, HostInterface, ValueType
from whorl.engine.packing import MalformedError, unpack

INTERFACE = "whorl:host/cli@0.1.0"

Stream = Literal["stdout", "stderr"]

_STREAMS: dict[int, Stream] = {1: "stdout", 2: "stderr"}


class Caller(Protocol):
    """What these functions need of the instance that calls."""

    @property
    def component(self) -> str:
        """The id of its component."""

    @property
    def state(self) -> dict[object, Any]:
        """What capabilities keep for it."""


class LogSink(Protocol):
    """Takes what guests write to stdout and stderr."""

    def write(self, component: str, stream: Stream, data: bytes) -> None:
        """Take `data`; never waits for long and never raises."""


def cli(environment: Mapping[str, str], sink: LogSink) -> HostInterface:
    """Return the interface for a component with these variables, whose output goes to `sink`.

    Raises:
        ValueError: a variable holds a NUL, or a name `=`.
    """
    encoded = _encode_environment(environment)
    write = sink.write

    def _environment(_instance: object) -> bytes:
        return encoded

    def _log(instance: Caller, stream: int, data: bytes) -> None:
        try:
            name = _STREAMS[stream]
        except KeyError:
            raise MalformedError(f"a guest writes to stream {stream}, which is neither stdout nor stderr") from None
        write(instance.component, name, unpack(data))

    return HostInterface(
        INTERFACE,
        (
            HostFunction("environment", (), ValueType.STRING, _environment),
            HostFunction("log", (ValueType.U32, ValueType.STRING), None, _log),
            HostFunction("exit", (ValueType.U32,), None, _exit),
        ),
    )


def exit_code(instance: Caller) -> int | None:
    """Return the code with which the guest asked to exit, `None` when it did not."""
    code: int | None = instance.state.get(INTERFACE)
    return code


def _exit(instance: Caller, code: int) -> None:
    instance.state[INTERFACE] = code


def _encode_environment(environment: Mapping[str, str]) -> bytes:
    for name, value in environment.items():
        if not name or "=" in name or "\0" in name + value:
            raise ValueError(f"environment variable `{name}` cannot be passed: it holds a NUL, or its name a `=`")
    return b"".join([f"{name}\0{value}\0".encode() for name, value in environment.items()])

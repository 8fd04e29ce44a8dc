"""A host for the WASI adapter that answers from a script and keeps every call: what crosses, in which order.

Its clock is far behind the engine's, so that whatever a guest waits for by the clock is due at once. Bytes that cross
by address are kept in place of the address.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from whorl.engine.host_interfaces import HostFunction, HostInterface, ValueType
from whorl.engine.instances import Instance
from whorl.engine.memories import challenge, memory_of
from whorl.engine.packing import pack

_S, _U32, _U64, _BOOL = ValueType.STRING, ValueType.U32, ValueType.U64, ValueType.BOOL
_FIRST_TASK = 16
_ENDED = b"e"


@dataclass
class Script:
    """What the host answers, one after the other; every task is always ready.

    Attributes:
        body: what `body-read` answers; the request says that more of its body follows if there is something. Behind `m`
            comes a challenge.
        is_long: the request says that there is much of its body.
        filled: what `body-into` and `read-into` write, and what they add to the count; then nothing.
        start: the start of the request's body.
        fields: the request's field lines.
        method: the request's method.
        welcome: whether each chunk of the response is; at its end all are.
        responses: what `http-client.response` answers.
        reads: what `http-client.read` answers.
    """

    body: list[bytes] = field(default_factory=list)
    is_long: bool = False
    filled: list[tuple[bytes, int]] = field(default_factory=list)
    start: bytes = b""
    fields: bytes = b""
    method: bytes = b"GET"
    welcome: list[bool] = field(default_factory=list)
    responses: list[bytes] = field(default_factory=list)
    reads: list[bytes] = field(default_factory=list)


class ScriptedHost:
    """The host interfaces of one component; `play` sets what the next request brings."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self._script = Script()
        self._target = b"/"
        self._now = 0
        self._started = 0
        self._instance: Instance | None = None

    def play(self, instance: Instance, target: str, script: Script) -> None:
        """Forget what was called, and serve `target` to `instance` next."""
        self.calls.clear()
        self._instance = instance
        self._script, self._target, self._started = script, target.encode(), 0
        for task in (1, 2):
            instance.tasks.mark(task)

    def names(self) -> list[str]:
        """Return the names of the functions that were called."""
        return [call[0] for call in self.calls]

    def arguments(self, name: str) -> list[Any]:
        """Return the last argument of each call of `name`."""
        return [call[-1] for call in self.calls if call[0] == name]

    def interfaces(self) -> Iterable[HostInterface]:
        """Return what to link."""
        yield self._interface("clocks", ("monotonic-now", (), _U64, self._clock), ("wall-now", (), _U64, self._clock))
        yield self._interface("random", ("bytes", (_U32,), _S, lambda size: pack(b"\xff" * size)))
        yield self._interface(
            "cli",
            ("environment", (), _S, lambda: b"A\x001\x00B\x00\x00"),
            ("log", (_U32, _S), None, _nothing),
            ("exit", (_U32,), None, _nothing),
        )
        yield self._server()
        yield self._client()

    def _server(self) -> HostInterface:
        return self._interface(
            "http-server",
            ("request", (), _S, self._request),
            ("body-read", (_U32,), _S, self._read),
            ("body-into", (_U32, _U32), _U32, self._fill),
            ("inform", (_S,), None, _nothing),
            ("respond", (_S,), None, _nothing),
            ("respond-from", (_S, _U32, _U32), None, _nothing),
            ("respond-head", (_S,), None, _nothing),
            ("respond-chunk-from", (_U32, _U32), _BOOL, self._is_unwelcome),
            ("respond-chunk", (_S,), _BOOL, self._is_unwelcome),
            ("respond-end", (_S,), None, _nothing),
            ("respond-fail", (_S,), None, _nothing),
        )

    def _client(self) -> HostInterface:
        return self._interface(
            "http-client",
            ("start", (_S,), _U32, self._start),
            ("start-from", (_S, _U32, _U32), _U32, self._start),
            ("response", (_U32,), _S, lambda _task: _next(self._script.responses)),
            ("read", (_U32, _U32), _S, lambda _task, _limit: self._challenged(_next(self._script.reads))),
            ("read-into", (_U32, _U32, _U32), _U32, lambda _task, *place: self._fill(*place)),
            ("write", (_U32, _S), _BOOL, lambda _task, _data: False),
            ("write-from", (_U32, _U32, _U32), _BOOL, lambda _task, _data: False),
            ("finish", (_U32, _S), None, _nothing),
            ("close", (_U32,), None, _nothing),
        )

    def _interface(
        self, name: str, *functions: tuple[str, tuple[ValueType, ...], ValueType | None, Any]
    ) -> HostInterface:
        made = (
            HostFunction(each, params, result, self._recorded(each, call)) for each, params, result, call in functions
        )
        return HostInterface(f"whorl:host/{name}@0.1.0", tuple(made))

    def _recorded(self, name: str, answer: Any) -> Any:
        def call(instance: Instance, *arguments: Any) -> Any:
            if name.endswith("-from"):
                *arguments, address, size = arguments  # type: ignore[assignment]
                arguments = (*arguments, memory_of(instance).read(address, size))
            self.calls.append((name, *arguments))
            if name in ("start", "start-from"):
                instance.tasks.mark(_FIRST_TASK + self._started)
                instance.tasks.mark(_FIRST_TASK + self._started + 1)
            return answer(*arguments)

        return call

    def _clock(self) -> int:
        self._now += 1000
        return self._now

    def _request(self) -> bytes:
        script = self._script
        flags = b"s" if script.body or script.filled else b""
        if script.is_long:
            flags += self._challenged(b"m")
        head = b"\r".join([script.method, b"http", b"localhost", self._target, flags, script.fields])
        return b"%d\r%b%b" % (len(head), head, script.start)

    def _read(self, _limit: int) -> bytes:
        return self._challenged(_next(self._script.body))

    def _challenged(self, answer: bytes) -> bytes:
        assert self._instance is not None
        return answer + challenge(self._instance) if answer == b"m" else answer

    def _fill(self, address: int, size: int) -> int:
        assert self._instance is not None
        data, more = self._script.filled.pop(0) if self._script.filled else (b"", 0)
        assert len(data) <= size
        memory_of(self._instance).write(address, data)
        return len(data) + more

    def _is_unwelcome(self, _data: bytes) -> bool:
        return bool(self._script.welcome) and not self._script.welcome.pop(0)

    def _start(self, *_request: bytes) -> int:
        task = _FIRST_TASK + self._started
        self._started += 2
        return task


def _next(answers: list[bytes]) -> bytes:
    return answers.pop(0) if answers else _ENDED


def _nothing(*_arguments: object) -> None:
    return None

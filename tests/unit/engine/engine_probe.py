"""A host interface for the engine's tests: records what guests say and answers what they ask."""

from collections.abc import Callable
from typing import Any

from whorl.engine.components import LinkedComponent
from whorl.engine.host_interfaces import HostFunction, HostInterface, ValueType
from whorl.engine.instances import Instance


class Probe:
    """Records what guests say and answers what they ask."""

    def __init__(self) -> None:
        self.notes: list[bytes] = []
        self.echoed: list[tuple[Any, ...]] = []
        self.number = 0
        self.answer: Any = b"answer"
        self.raises: Exception | None = None

    def interface(self) -> HostInterface:
        s = ValueType.STRING
        return HostInterface(
            "test:host/probe@0.1.0",
            (
                HostFunction("note", (s,), None, self._note),
                HostFunction("number", (), ValueType.U64, lambda _instance: self.number),
                HostFunction("echo", (ValueType.BOOL, ValueType.U32, ValueType.S64, s), s, self._echo),
            ),
        )

    def _note(self, _instance: Instance, text: bytes) -> None:
        if self.raises is not None:
            raise self.raises
        self.notes.append(text)

    def _echo(self, _instance: Instance, *arguments: Any) -> Any:
        self.echoed.append(arguments)
        return self.answer


Link = Callable[[str | bytes], tuple[LinkedComponent, Probe]]

Measured = Callable[[str], bytes]
"""Makes a guest tell the size of its memory."""

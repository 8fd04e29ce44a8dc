"""The host's side of a bridge: which Python function answers which function of WIT, and what is kept for each guest.

A call comes as a frame, the guest's arguments as they lie in the bridge's memory, and is answered by a reply that is
written behind it (`platform/adapter/tools/src/bridge` has the protocol). Both cross as strings of latin1.

A method that returns an awaitable takes time: it becomes a task of the instance, and the guest waits for that. What a
guest holds of resources is kept in a table of its instance, with which it goes.
"""

from collections.abc import Awaitable, Mapping
from types import CoroutineType
from typing import Any

from whorl.engine.bridges import conversions, diagnosis, lifting
from whorl.engine.bridges.codecs import Codec, Codecs
from whorl.engine.bridges.descriptions import BridgeDescription, Function
from whorl.engine.bridges.guests import Asked, Caller, Guest, Pending
from whorl.engine.bridges.implementations import Implementations
from whorl.engine.bridges.protocol import (
    CALLED_AT,
    HEAD,
    HEADER_SIZE,
    LONG_REPLY,
    PAGE,
    RESOLVE,
    TRIPLE,
    WAIT,
    called,
    header,
)
from whorl.engine.bridges.types import Result, aligned
from whorl.engine.byte_queues import WORTHWHILE
from whorl.engine.host_interfaces import HostFunction, HostInterface, ValueType
from whorl.engine.memories import challenge, locate, memory_of
from whorl.engine.packing import MalformedError, bytes_of_text, text_of_bytes
from whorl.values import Err


class WrongValueError(Exception):
    """A method returned what is not of its type in WIT: a mistake of whoever wrote it."""


class Bridge:
    """One bridge of a component, and the objects that implement its interfaces.

    Args:
        component: whose bridge it is, for messages.
        description: what the tools told of it.
        implementations: by interface.

    Raises:
        ComponentError: an object lacks something that the guest may call.
    """

    def __init__(self, component: str, description: BridgeDescription, implementations: Mapping[str, object]) -> None:
        self._description = description
        self._functions = description.functions
        self._classes = Implementations(component, description, implementations)
        self._methods = [self._classes.method(function) for function in self._functions]
        self._codecs = Codecs()
        self._made: list[Codec | None] = [None] * len(self._functions)
        self._places: list[int] = []

    def interface(self) -> HostInterface:
        """Return what the bridge imports."""
        string, number = ValueType.STRING, ValueType.U32
        return HostInterface(
            self._description.interface,
            (
                HostFunction("call", (number, string), string, self._call),
                HostFunction("finish", (number,), string, self._finish),
                HostFunction("resolved", (string,), string, self._resolved),
                HostFunction("enter", (), None, self._enter),
                HostFunction("fill", (number,), None, self._fill),
                HostFunction("challenge", (), string, self._challenge),
                HostFunction("locate", (number,), ValueType.U64, self._locate),
                HostFunction("drop", (number, number), None, self._drop),
            ),
        )

    def _guest(self, caller: Caller) -> Guest:
        guest: Guest | None = caller.state.get(self)
        if guest is None:
            guest = caller.state[self] = Guest(caller, self._classes.of_resources, self._places)
            caller.closing = (*caller.closing, guest.close)
        return guest

    def _codec(self, number: int) -> Codec:
        try:
            codec = self._made[number]
        except IndexError:
            raise MalformedError(f"a bridge called function {number}, which there is not") from None
        if codec is None:
            codec = self._made[number] = self._codecs.of(self._functions[number])
        return codec

    # What the guest calls.

    def _call(self, caller: Caller, number: int, text: bytes) -> bytes:
        guest = self._guest(caller)
        return _crossing(guest, self._reply(guest, number, bytes_of_text(text)))

    def _enter(self, caller: Caller) -> None:
        """Read a call in the bridge's memory, and write the reply there."""
        guest = self._guest(caller)
        memory = memory_of(guest)
        frame = memory.read(0, HEAD)
        number, base, pages = called(frame, CALLED_AT)
        frame = frame[:base] if base <= HEAD else memory.read(0, base)
        reply = self._reply(guest, number, frame)
        if base + len(reply) > pages * PAGE:
            reply = guest.keep_long(reply)
        memory.write(base, reply)

    def _fill(self, caller: Caller, address: int) -> None:
        guest = self._guest(caller)
        memory_of(guest).write(address, guest.take_long())

    def _challenge(self, caller: Caller) -> bytes:
        return challenge(self._guest(caller))

    def _locate(self, caller: Caller, address: int) -> int:
        return locate(self._guest(caller), address)

    def _reply(self, guest: Guest, number: int, frame: bytes) -> bytes:
        if self._codec(number).takes_own:
            return self._ask(guest, number, frame)
        return self._answer(guest, number, frame, len(frame))

    def _ask(self, guest: Guest, number: int, frame: bytes) -> bytes:
        """Ask for what the handles stand for that the guest gives away."""
        guest.begin_giving()
        self._lifted(guest, number, frame)
        start = len(frame) + HEADER_SIZE
        triples = b"".join([TRIPLE.pack(resource, handle, 0) for resource, handle in guest.given])
        guest.asked = Asked(number, frame, start + len(triples))
        return header(RESOLVE, 0, start, len(guest.given)) + triples

    def _resolved(self, caller: Caller, text: bytes) -> bytes:
        guest = self._guest(caller)
        asked, guest.asked = guest.asked, None
        triples = bytes_of_text(text)
        if asked is None or len(triples) != TRIPLE.size * len(guest.given):
            raise MalformedError("a bridge told of handles that it was not asked for")
        guest.take([rep for _, _, rep in TRIPLE.iter_unpack(triples)])
        return _crossing(guest, self._answer(guest, asked.number, asked.frame, aligned(asked.end, 8)))

    def _answer(self, guest: Guest, number: int, frame: bytes, base: int) -> bytes:
        arguments = self._lifted(guest, number, frame)
        try:
            value = self._methods[number](*arguments)
        except Err as error:
            return self._failed(guest, number, error, base)
        if type(value) is CoroutineType or hasattr(type(value), "__await__"):
            return self._begin(guest, number, value, base)
        return self._lowered(guest, number, "ok", value, base)

    def _lifted(self, guest: Guest, number: int, frame: bytes) -> tuple[Any, ...]:
        try:
            return self._codec(number).lift(frame, guest)
        except MalformedError:
            raise
        except lifting.FAILURES as error:
            name = _name(self._functions[number])
            raise MalformedError(f"the arguments of {name} cannot be read: {error}") from error

    def _failed(self, guest: Guest, number: int, raised: Err, base: int) -> bytes:
        if "err" not in self._codec(number).lower:
            name = _name(self._functions[number])
            raise WrongValueError(f"{name} raised `Err`, but its result is no `result`") from raised
        return self._lowered(guest, number, "err", raised.value, base)

    def _lowered(self, guest: Guest, number: int, case: str, value: Any, base: int) -> bytes:
        """Return the reply with a result; `case` is that of a `result`."""
        try:
            return self._codec(number).lower[case](value, base, guest)
        except MalformedError:
            raise
        except conversions.FAILURES as error:
            raise self._wrong(number, case, value, error) from error

    def _wrong(self, number: int, case: str, value: Any, error: Exception) -> WrongValueError:
        function = self._functions[number]
        kind, path = function.result, "result"
        if isinstance(kind, Result):
            kind, path = dict(kind.cases)[case], "result" if case == "ok" else "Err"
        found = next(diagnosis.of_payload(kind, value, path), f"{path}: {error}")
        return WrongValueError(f"{_name(function)} gave a wrong value: {found}")

    # Methods that take time.

    def _begin(self, guest: Guest, number: int, value: Awaitable[Any], base: int) -> bytes:
        task = guest.tasks.allocate()
        pending = Pending(number, base)
        guest.tasks.start(pending.run(value, guest.tasks, task), eager=True)
        if pending.is_done:
            guest.tasks.clear(task)
            return self._ended(guest, pending)
        guest.pending[task] = pending
        name = b"%d" % task
        return header(WAIT, base + HEADER_SIZE, len(name), task) + name

    def _finish(self, caller: Caller, task: int) -> bytes:
        guest = self._guest(caller)
        if task == LONG_REPLY:
            return text_of_bytes(guest.take_long())
        pending = guest.pending.get(task)
        if pending is None or not pending.is_done:
            raise MalformedError(f"a bridge asked for the end of task {task}, which has not ended")
        del guest.pending[task]
        guest.tasks.clear(task)
        return _crossing(guest, self._ended(guest, pending))

    def _ended(self, guest: Guest, pending: Pending) -> bytes:
        if isinstance(pending.raised, Err):
            return self._failed(guest, pending.number, pending.raised, pending.base)
        if pending.raised is not None:
            raise pending.raised
        return self._lowered(guest, pending.number, "ok", pending.value, pending.base)

    def _drop(self, caller: Caller, _resource: int, rep: int) -> None:
        self._guest(caller).things.pop(rep, None)


def _crossing(guest: Guest, reply: bytes) -> bytes:
    """Return a reply as a string; in place of a long one, that there is one."""
    if len(reply) >= WORTHWHILE and not guest.is_memory_hidden:
        reply = guest.keep_long(reply)
    return text_of_bytes(reply)


def _name(function: Function) -> str:
    return f"`{function.name}` of `{function.interface}`"

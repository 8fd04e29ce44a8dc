"""The host's side of a bridge: what the guest calls, and what is kept for each guest.

A call comes as a frame, the guest's arguments as they lie in the bridge's memory, and is answered by a reply that is
written behind it (`platform/adapter/tools/src/bridge` has the protocol). Where the host sees that memory it reads and
writes there; else both cross as strings of latin1.

A method that returns an awaitable takes time, and so does a call with many values: it becomes a task of the instance,
and the guest waits for that. What a guest holds of resources is kept in a table of its instance, with which it goes.
"""

import asyncio
from collections.abc import Coroutine, Mapping
from typing import Any

from whorl.engine.bridges import calls
from whorl.engine.bridges.codecs import Codecs
from whorl.engine.bridges.descriptions import BridgeDescription
from whorl.engine.bridges.guests import LONGEST_REPLY, Caller, Guest, Pending
from whorl.engine.bridges.hosted import HostedFunction
from whorl.engine.bridges.implementations import Implementations
from whorl.engine.bridges.protocol import (
    CALLED_AT,
    HEAD,
    HEADER_SIZE,
    LONG_REPLY,
    PAGE,
    SLOTS,
    TRIPLE,
    WAIT,
    called,
    header,
)
from whorl.engine.bridges.types import aligned
from whorl.engine.byte_queues import WORTHWHILE
from whorl.engine.host_interfaces import HostFunction, HostInterface, ValueType
from whorl.engine.memories import challenge, memory_of
from whorl.engine.packing import MalformedError, bytes_of_text, text_of_bytes


class Bridge:
    """One bridge of a component, and the objects that implement its interfaces.

    Args:
        component: whose bridge it is, for messages.
        description: what the tools told of it.
        implementations: by interface; a `PerGuest` makes one for each guest.
        running: keeps the calls that take time, until each has ended, also when its instance is closed before.

    Raises:
        ComponentError: an object lacks something that the guest may call, or types are too large.
    """

    def __init__(
        self,
        component: str,
        description: BridgeDescription,
        implementations: Mapping[str, object],
        running: set[asyncio.Task[None]],
    ) -> None:
        self._running = running
        self._interface = description.interface
        self._implementations = Implementations(component, description, implementations)
        codecs = Codecs()
        self._functions = [
            HostedFunction(
                function, self._implementations.method(function), codecs, self._implementations.place(function)
            )
            for function in description.functions
        ]
        self._places: list[int] = []

    def interface(self) -> HostInterface:
        """Return what the bridge imports."""
        string, number = ValueType.STRING, ValueType.U32
        return HostInterface(
            self._interface,
            (
                HostFunction("call", (string,), string, self._call),
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
        return guest or self._new_guest(caller)

    def _new_guest(self, caller: Caller) -> Guest:
        guest = caller.state[self] = Guest(caller, self._implementations, self._places)
        return guest

    # What the guest calls.

    def _call(self, caller: Caller, text: bytes) -> bytes:
        guest = caller.state.get(self) or self._new_guest(caller)
        frame = text if text.isascii() else bytes_of_text(text)
        if len(frame) < SLOTS:
            raise MalformedError("a bridge called no function")
        reply = self._reply(guest, called(frame, CALLED_AT)[0], frame)
        return reply if len(reply) < WORTHWHILE and reply.isascii() else _crossing(guest, reply)

    def _enter(self, caller: Caller) -> None:
        """Read a call in the bridge's memory, and write the reply there."""
        guest = caller.state.get(self) or self._new_guest(caller)
        memory = guest.memory or memory_of(guest)
        frame = memory.read(0, HEAD)
        number, base, pages = called(frame, CALLED_AT)
        frame = frame[:base] if base <= HEAD else memory.read(0, base)
        reply = self._reply(guest, number, frame)
        if base + len(reply) > pages * PAGE or len(reply) > LONGEST_REPLY:
            reply = guest.keep_long(reply)
        memory.write(base, reply)

    def _fill(self, caller: Caller, address: int) -> None:
        guest = self._guest(caller)
        memory_of(guest).write(address, guest.take_long())

    def _challenge(self, caller: Caller) -> bytes:
        guest = self._guest(caller)
        guest.forget_memory()  # a bridge asks once, so this one's memory has begun anew
        return challenge(guest)

    def _locate(self, caller: Caller, address: int) -> int:
        return self._guest(caller).look(address)

    def _resolved(self, caller: Caller, text: bytes) -> bytes:
        """Go on with a call that gives things away, now that it is known which."""
        guest = self._guest(caller)
        asked, guest.asked = guest.asked, None
        triples = bytes_of_text(text)
        if asked is None or len(triples) != TRIPLE.size * len(guest.given):
            raise MalformedError("a bridge told of handles that it was not asked for")
        guest.take([rep for _, _, rep in TRIPLE.iter_unpack(triples)])
        base = aligned(asked.end, 8)
        if asked.hosted.is_slow(asked.frame):
            return self._begin(guest, calls.slowly_answered(guest, asked.hosted, asked.frame, base), base)
        return _crossing(guest, self._answer(guest, asked.hosted, asked.frame, base))

    def _finish(self, caller: Caller, task: int) -> bytes:
        guest = self._guest(caller)
        if task == LONG_REPLY:
            return text_of_bytes(guest.take_long())
        pending = guest.pending.get(task)
        if pending is None or not pending.is_done:
            raise MalformedError(f"a bridge asked for the end of task {task}, which has not ended")
        del guest.pending[task]
        guest.tasks.clear(task)
        return _crossing(guest, pending.outcome())

    def _drop(self, caller: Caller, _resource: int, rep: int) -> None:
        self._guest(caller).things.pop(rep, None)

    # Calls.

    def _reply(self, guest: Guest, number: int, frame: bytes) -> bytes:
        try:
            hosted = self._functions[number]
        except IndexError:
            raise MalformedError(f"a bridge called function {number}, which there is not") from None
        if hosted.is_plain:
            reply = calls.replied(guest, hosted, frame, len(frame))
            return reply if isinstance(reply, bytes) else self._begin(guest, reply, len(frame))
        if hosted.is_slow(frame):
            return self._begin(guest, calls.slowly(guest, hosted, frame), len(frame))
        if hosted.takes_own:
            return calls.ask(guest, hosted, frame)
        return self._answer(guest, hosted, frame, len(frame))

    def _answer(self, guest: Guest, hosted: HostedFunction, frame: bytes, base: int) -> bytes:
        reply = calls.replied(guest, hosted, frame, base)
        return reply if isinstance(reply, bytes) else self._begin(guest, reply, base)

    def _begin(self, guest: Guest, work: Coroutine[Any, Any, bytes], base: int) -> bytes:
        """Let `work` make the reply, and return one that tells the guest to wait for it."""
        task = guest.tasks.allocate()
        pending = Pending()
        running = pending.running = guest.tasks.start(pending.run(work, guest.tasks, task), eager=True)
        if pending.is_done:
            guest.tasks.clear(task)
            return pending.outcome()
        self._running.add(running)
        running.add_done_callback(self._running.discard)
        guest.pending[task] = pending
        name = b"%d" % task
        return header(WAIT, base + HEADER_SIZE, len(name), task) + name


def _crossing(guest: Guest, reply: bytes) -> bytes:
    """Return a reply as a string; in place of a long one, that there is one."""
    if len(reply) >= WORTHWHILE and (not guest.is_memory_hidden or len(reply) > LONGEST_REPLY):
        reply = guest.keep_long(reply)
    return text_of_bytes(reply)

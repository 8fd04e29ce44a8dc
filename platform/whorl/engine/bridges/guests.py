"""What a bridge keeps for one instance: what its guest holds of resources, and the calls that have not ended."""

import asyncio
import reprlib
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Protocol

from whorl.engine.bridges.frames import MOST_THINGS, FrameReader, MemoryOwner
from whorl.engine.bridges.hosted import HostedFunction
from whorl.engine.bridges.implementations import FIRST_LASTING, MOST_LASTING, Implementations
from whorl.engine.bridges.protocol import LONG, LONG_REPLY, header
from whorl.engine.memories import Memories
from whorl.engine.packing import MalformedError
from whorl.engine.tasks import TaskTable

_MOST_SHIFT: Final = ((1 << 32) - FIRST_LASTING) // MOST_LASTING * MOST_LASTING
"""So that reps of what lasts are u32; they come again after 300,000 guests of one instance."""

LONGEST_REPLY: Final = (1 << 31) - 1
"""Bytes of a reply. A string of latin1 in one has fewer: the length of a longer one would mean UTF-16."""


class Caller(Protocol):
    """What a bridge needs of the instance that calls."""

    tasks: TaskTable
    state: dict[object, Any]

    @property
    def memories(self) -> Memories:
        """Those of its engine."""


class Things(dict[int, Any]):
    """The objects behind a guest's handles, by their reps; what lasts longer than any guest is found behind them.

    It is made without arguments, and given its attributes: that is quicker.

    Attributes:
        lasting: what lasts, by its reps.
        shift: added to these, so that those of the instance's earlier guests are others.
    """

    __slots__ = ("lasting", "shift")

    lasting: Mapping[int, Any]
    shift: int

    def __missing__(self, rep: int) -> Any:
        return self.lasting[rep - self.shift]


class Guest(MemoryOwner, FrameReader):
    """What a bridge keeps for one guest; the owner of the bridge's memory, once that is seen.

    An instance that makes one or two calls pays for this object with each, so it begins with what all calls need. When
    the guest ends and its instance goes on, another one takes its place: what is still under way for the first has no
    way to the second.

    Attributes:
        things: the objects behind the handles that the guest holds, by their reps.
        room: values that may still be written; the codec's.
        next: the next rep.
        undo_from: the first rep of the result that is being written.
        asked: the call that these belong to.
    """

    room = 0
    next = 1
    undo_from = 1
    asked: "Asked | None" = None
    _long: bytes | None = None
    _taken: list[Any] | None = None

    def __init__(self, caller: Caller, implementations: Implementations, memory_places: list[int]) -> None:
        self.memory_places = memory_places
        self.things = things = Things()
        things.lasting, things.shift = implementations.lasting, 0
        self._caller = caller
        self._implementations = implementations

    @cached_property
    def given(self) -> list[tuple[int, int]]:
        """Resource and handle of each thing that the guest gives away in a call."""
        return []

    @cached_property
    def pending(self) -> "dict[int, Pending]":
        """The calls that take time, by their tasks."""
        return {}

    @cached_property
    def _objects(self) -> dict[str, Any]:
        return {}

    @property
    def tasks(self) -> TaskTable:
        """Those of the instance."""
        return self._caller.tasks

    @property
    def memories(self) -> Memories:
        """Those of the engine."""
        return self._caller.memories

    def end(self) -> "Guest":
        """Drop what the guest holds, and return what is kept for the next: where the memory is, and no rep again."""
        self._drop()
        following = Guest(self._caller, self._implementations, self.memory_places)
        following.things.shift = (self.things.shift + MOST_LASTING) % _MOST_SHIFT
        following.next = self.next
        self.hand_memory_to(following)
        return following

    def close(self) -> None:
        """Drop what the guest holds, and give the memory back."""
        self._drop()
        super().close()

    def _drop(self) -> None:
        for pending in self.__dict__.get("pending", {}).values():
            pending.end()
        self.things.clear()

    # For the codecs.

    def own(self, resource: int, thing: Any) -> int:
        """Return a rep for an object that is given to the guest."""
        expected = self._implementations.classes[resource]
        if type(thing) is not expected and not isinstance(thing, expected):
            raise TypeError(f"{reprlib.repr(thing)} is no `{expected.__name__}`")
        if self._implementations.are_lasting[resource]:
            known = self._implementations.lasting_reps.get(id(thing))
            return (known or self._implementations.add_lasting(thing)) + self.things.shift
        if len(self.things) >= MOST_THINGS:
            raise MalformedError(f"the guest holds {MOST_THINGS} resources and wants one more")
        rep = self.next
        if rep >= FIRST_LASTING:
            raise MalformedError(f"the guest was given {rep} resources and wants one more")
        self.next = rep + 1
        self.things[rep] = thing
        return rep

    def consume(self, resource: int, handle: int) -> Any:
        """Return the object behind a handle that the guest gives away; first only note that it does."""
        if self._taken is None:
            self.given.append((resource, handle))
            return None
        return self._taken.pop()

    # For the bridge.

    def keep_long(self, reply: bytes) -> bytes:
        """Let a reply wait for room; return one that says how much.

        Raises:
            MalformedError: it is too long.
        """
        if len(reply) > LONGEST_REPLY:
            raise MalformedError(f"a result of {len(reply)} bytes is too long, 2 GiB are the most")
        self._long = reply
        return header(LONG, len(reply), 0, LONG_REPLY)

    def own_object(self, place: str) -> Any:
        """Return the object that implements an interface for this guest alone."""
        found = self._objects.get(place)
        if found is None:
            found = self._objects[place] = self._implementations.for_guest(place)
        return found

    def undo_lowering(self) -> None:
        """Take back what was given to the guest since `undo_from`."""
        for rep in range(self.undo_from, self.next):
            self.things.pop(rep, None)

    def take_long(self) -> bytes:
        """Return the reply that waits for room."""
        reply, self._long = self._long, None
        if reply is None:
            raise MalformedError("a bridge asked for a long reply, which there is not")
        return reply

    def begin_giving(self) -> None:
        """Only note what is given away, from now on."""
        self.given, self._taken = [], None

    def take(self, reps: Sequence[int]) -> None:
        """Take the things with these reps from the guest; `consume` gives them in this order."""
        try:
            self._taken = [self.things.pop(rep) if rep in self.things else self.things[rep] for rep in reps][::-1]
        except KeyError as missing:
            raise MalformedError(f"a bridge gave away {missing}, which there is not") from None


@dataclass(slots=True)
class Asked:
    """A call that gives things away, until it is known which."""

    hosted: HostedFunction
    frame: bytes
    end: int


class Pending:
    """A call that takes time.

    Attributes:
        is_done: its reply is there.
        running: what makes that.
    """

    __slots__ = ("_is_ended", "_raised", "_reply", "is_done", "running")

    def __init__(self) -> None:
        self.is_done = self._is_ended = False
        self.running: asyncio.Task[None] | None = None
        self._reply = b""
        self._raised: BaseException | None = None

    async def run(self, work: Coroutine[Any, Any, bytes], tasks: TaskTable, task: int) -> None:
        """Wait for the reply that `work` makes, and make `task` ready."""
        try:
            self._reply = await work
        except asyncio.CancelledError as raised:
            running = asyncio.current_task()
            if running is not None and running.cancelling():
                raise  # the instance is closed
            self._raised = RuntimeError("what the method waited for was cancelled")
            self._raised.__cause__ = raised
        except BaseException as raised:  # noqa: BLE001 - the guest that waits has to be told
            self._raised = raised
        self.is_done = True
        if not self._is_ended:
            tasks.mark(task)

    def end(self) -> None:
        """Cancel it: nobody waits for it any more."""
        self._is_ended = True
        if self.running is not None and not self.running.cancelling():
            self.running.cancel()

    def outcome(self) -> bytes:
        """Return the reply, or raise what was raised in its place."""
        if self._raised is not None:
            raise self._raised
        return self._reply

"""What a bridge keeps for one instance: what its guest holds of resources, and the calls that have not ended."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from whorl.engine.bridges.hosted import HostedFunction
from whorl.engine.bridges.implementations import Implementations
from whorl.engine.bridges.protocol import LONG, LONG_REPLY, header
from whorl.engine.memories import Memories, Memory
from whorl.engine.packing import MalformedError
from whorl.engine.tasks import TaskTable
from whorl.values import Err, Ok, Some

_MOST_THINGS: Final = 100_000
"""Handles that one instance may hold."""

ROOM: Final = 5000
"""Values that are written on the event loop at once: some milliseconds."""


class Caller(Protocol):
    """What a bridge needs of the instance that calls."""

    tasks: TaskTable
    state: dict[object, Any]
    closing: tuple[Callable[[], None], ...]

    @property
    def memories(self) -> Memories:
        """Those of its engine."""


class Guest:
    """What a bridge keeps for one instance; the owner of the bridge's memory, once that is seen.

    Attributes:
        memory: where the memory is, once that is known.
        is_memory_hidden: it cannot be found.
        challenge: by which it is being looked for.
        memories: those of the engine.
        memory_places: where bridges of closed instances had theirs.
        things: the objects behind the handles that the guest holds, by their reps.
        left: bytes of a frame that are left to read; the codec's.
        room: values that may still be written; the codec's.
        next: the next rep.
        undo_from: the first rep of the result that is being written.
        given: resource and handle of each thing that the guest gives away in a call.
        asked: the call that these belong to.
        pending: the calls that take time, by their tasks.
    """

    __slots__ = (
        "_implementations",
        "_kept",
        "_long",
        "_objects",
        "_taken",
        "asked",
        "challenge",
        "given",
        "is_memory_hidden",
        "left",
        "memories",
        "memory",
        "memory_places",
        "next",
        "pending",
        "room",
        "tasks",
        "things",
        "undo_from",
    )

    def __init__(self, caller: Caller, implementations: Implementations, places: list[int]) -> None:
        self.tasks = caller.tasks
        self.memories = caller.memories
        self.memory_places = places
        self.memory: Memory | None = None
        self.is_memory_hidden = not self.memories.are_found
        self.challenge = b""
        self._long: bytes | None = None
        self.things: dict[int, Any] = {}
        self.left = self.room = 0
        self.given: list[tuple[int, int]] = []
        self.asked: Asked | None = None
        self.pending: dict[int, Pending] = {}
        self._implementations = implementations
        self._objects: dict[str, Any] = {}
        self._kept: dict[int, int] = {}
        self.next = self.undo_from = 1
        self._taken: list[Any] | None = None

    def close(self) -> None:
        """The instance is closed, and the memory is gone with it."""
        if self.memory is not None:
            self.memory_places.append(self.memory.base)
            self.memories.release(self.memory)
            self.memory = None

    # For the codecs.

    def part(self, frame: bytes, pointer: int, size: int) -> bytes:
        """Return bytes that a list of a frame points to; altogether no more than there are in it."""
        self.left -= size
        if self.left < 0 or pointer + size > len(frame):
            raise MalformedError(f"{size} bytes at {pointer} are not in the frame, or more than once")
        return frame[pointer : pointer + size]

    def own(self, resource: int, thing: Any) -> int:
        """Return a rep for an object that is given to the guest."""
        expected = self._implementations.classes[resource]
        if type(thing) is not expected:
            if thing is None or isinstance(thing, Err | Ok | Some):
                raise TypeError(f"{thing!r} is no resource")
            if expected is not None and not isinstance(thing, expected):
                raise TypeError(f"{thing!r} is no `{expected.__name__}`")
        if self._implementations.are_lasting[resource]:
            rep = self._kept.get(id(thing))
            if rep is not None:
                return rep
            self._kept[id(thing)] = self.next
        if len(self.things) >= _MOST_THINGS:
            raise MalformedError(f"the guest holds {_MOST_THINGS} resources and wants one more")
        rep = self.next
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
        """Let a reply wait for room; return one that says how much."""
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
            thing = self.things.pop(rep, None)
            self._kept.pop(id(thing), None)

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
            self._taken = [self.things.pop(rep) for rep in reps][::-1]
        except KeyError as missing:
            raise MalformedError(f"a bridge gave away {missing}, which there is not") from None


@dataclass(slots=True)
class Asked:
    """A call that gives things away, until it is known which."""

    hosted: HostedFunction
    frame: bytes
    end: int


class Pending:
    """A call that takes time."""

    __slots__ = ("_raised", "_reply", "is_done")

    def __init__(self) -> None:
        self.is_done = False
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
        tasks.mark(task)

    def outcome(self) -> bytes:
        """Return the reply, or raise what was raised in its place."""
        if self._raised is not None:
            raise self._raised
        return self._reply

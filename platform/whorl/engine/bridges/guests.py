"""What a bridge keeps for one instance: what its guest holds of resources, and the calls that have not ended."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from whorl.engine.bridges.protocol import LONG, LONG_REPLY, header
from whorl.engine.memories import Memories, Memory
from whorl.engine.packing import MalformedError
from whorl.engine.tasks import TaskTable
from whorl.values import Err, Ok, Some

_MOST_THINGS: Final = 100_000
"""Handles that one instance may hold."""


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
        given: resource and handle of each thing that the guest gives away in a call.
        asked: the call that these belong to.
        pending: the calls that take time, by their tasks.
    """

    __slots__ = (
        "_classes",
        "_long",
        "_next",
        "_taken",
        "asked",
        "challenge",
        "given",
        "is_memory_hidden",
        "left",
        "memories",
        "memory",
        "memory_places",
        "pending",
        "tasks",
        "things",
    )

    def __init__(self, caller: Caller, classes: Sequence[type | None], places: list[int]) -> None:
        self.tasks = caller.tasks
        self.memories = caller.memories
        self.memory_places = places
        self.memory: Memory | None = None
        self.is_memory_hidden = not self.memories.are_found
        self.challenge = b""
        self._long: bytes | None = None
        self.things: dict[int, Any] = {}
        self.left = 0
        self.given: list[tuple[int, int]] = []
        self.asked: Asked | None = None
        self.pending: dict[int, Pending] = {}
        self._classes = classes
        self._next = 1
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
        if thing is None or isinstance(thing, Err | Ok | Some):
            raise TypeError(f"{thing!r} is no resource")
        expected = self._classes[resource]
        if expected is not None and not isinstance(thing, expected):
            raise TypeError(f"{thing!r} is no `{expected.__name__}`")
        if len(self.things) >= _MOST_THINGS:
            raise MalformedError(f"the guest holds {_MOST_THINGS} resources and wants one more")
        rep = self._next
        self._next = rep + 1
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

    number: int
    frame: bytes
    end: int


@dataclass(slots=True)
class Pending:
    """A call that takes time."""

    number: int
    base: int
    is_done: bool = False
    value: Any = None
    raised: BaseException | None = None

    async def run(self, value: Awaitable[Any], tasks: TaskTable, task: int) -> None:
        """Wait for what a method returned, and make `task` ready."""
        try:
            self.value = await value
        except asyncio.CancelledError as raised:
            running = asyncio.current_task()
            if running is not None and running.cancelling():
                raise  # the instance is closed
            self.raised = RuntimeError("what the method waited for was cancelled")
            self.raised.__cause__ = raised
        except BaseException as raised:  # noqa: BLE001 - the guest that waits has to be told; `finish` raises it
            self.raised = raised
        self.is_done = True
        tasks.mark(task)

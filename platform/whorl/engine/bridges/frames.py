"""What the two sides of calls between Python and guests have in common: reading frames, and seeing a memory."""

from abc import ABC, abstractmethod
from typing import Final

from whorl.engine.kept import Kept
from whorl.engine.memories import Memories, Memory, locate
from whorl.engine.packing import MalformedError

_MOST_VALUES: Final = 1_000_000
"""Values that a guest may pass in lists, bytes and text aside: a second of reading."""

ROOM: Final = 5000
"""Values that are written on the event loop at once: some milliseconds."""

BOUNDLESS: Final = 1 << 62
"""Room beside the event loop."""

MOST_THINGS: Final = 100_000
"""Handles that one instance, or Python of one instance, may hold."""


class FrameReader:
    """What generated code counts while it reads a frame.

    Attributes:
        left: bytes of a frame that are left to read.
        values: values of lists that have been read.
    """

    left = 0
    values = 0

    def part(self, frame: bytes, pointer: int, size: int) -> bytes:
        """Return bytes that a list of a frame points to; altogether no more than there are in it."""
        self.left -= size
        if self.left < 0 or pointer + size > len(frame):
            raise MalformedError(f"{size} bytes at {pointer} are not in the frame, or more than once")
        return frame[pointer : pointer + size]

    def few(self, count: int, data: bytes) -> bytes:
        """Return the bytes of a list with so many values, unless a call has too many altogether."""
        self.values += count
        if self.values > _MOST_VALUES:
            raise MalformedError(f"there are more than {_MOST_VALUES} values in the lists of a call")
        return data


class MemoryOwner(Kept, ABC):
    """The owner of the memory of a bridge, or of a caller, in one instance, once that is seen.

    It has no `__init__`: who makes one sets `memory_places`.

    Attributes:
        memory: where the memory is, once that is known.
        is_memory_hidden: it cannot be found.
        challenge: by which it is being looked for.
        memory_places: where closed instances had theirs.
    """

    memory: Memory | None = None
    is_memory_hidden = False
    challenge = b""
    memory_places: list[int]

    @property
    @abstractmethod
    def memories(self) -> Memories:
        """Those of the engine."""

    def look(self, address: int) -> int:
        """Let the memory be found, as `locate` says; it is given back when the instance is closed."""
        return locate(self, address)

    def hand_memory_to(self, following: "MemoryOwner") -> None:
        """Let the owner for the next guest of the instance have the memory, which may have been made smaller since."""
        following.is_memory_hidden = self.is_memory_hidden
        following.memory, self.memory = self.memory, None
        if following.memory is not None:
            following.memory.recheck()

    def forget_memory(self) -> None:
        """The memory is gone, with its instance, or has begun anew."""
        if self.memory is not None:
            self.memory_places.append(self.memory.base)
            self.memories.release(self.memory)
            self.memory = None

    def close(self) -> None:
        """Give the memory back."""
        self.forget_memory()

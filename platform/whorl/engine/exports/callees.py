"""One instance that Python calls by its caller: requests go to the caller's memory, results are read there.

Theory of operation: `handle`, the one export of the composition, calls the function of the request. At the first call
the caller asks for a challenge and names its memory (`challenge`, `locate`); once that is found, the host writes the
request there, and from then on before each call. Of one that is longer than the memory it writes the beginning, and
`fill` writes the rest. Where the memory cannot be found, `next` gives the request and `done` takes the frame, as
strings.
"""

from collections.abc import Callable
from typing import Any

from whorl.engine.bridges.frames import MOST_THINGS, MemoryOwner
from whorl.engine.bridges.protocol import CALLED_AT, HEAD, PAGE, called
from whorl.engine.exports.protocol import ARENA, CALL_SIZE, FIRST_PAGES, HEAD_SIZE
from whorl.engine.instances import Instance
from whorl.engine.memories import Memories, Memory, challenge, memory_of
from whorl.engine.packing import MalformedError, bytes_of_text, text_of_bytes
from whorl.engine.traps import Trap


class Callee(MemoryOwner):
    """An instance, as far as its exports are called. Serves one call at a time.

    Args:
        instance: the same.
        memory_places: where callers of closed instances had their memories.
        make: makes what Python holds, of this, the number of a resource, and a handle.

    Attributes:
        instance: the same.
    """

    def __init__(self, instance: Instance, memory_places: list[int], make: Callable[["Callee", int, int], Any]) -> None:
        self.memory_places = memory_places
        self._make = make
        self.instance = instance
        self._is_calling = False
        self._pages = FIRST_PAGES
        self._held = 0
        self._is_ended = False
        self._request: bytes | None = None
        self._is_given = False
        self._frame: bytes | None = None

    @property
    def memories(self) -> Memories:
        """Those of the engine."""
        return self.instance.memories

    @property
    def is_over(self) -> bool:
        """Whether the guest has ended, or its instance is closed or broken, and all its resources with it."""
        return self._is_ended or self.instance.closed or self.instance.poisoned

    def end(self) -> "Callee":
        """Let resources of the guest be those of another instance; return what is kept: where the memory is."""
        self._is_ended = True
        following = Callee(self.instance, self.memory_places, self._make)
        following._pages = self._pages
        self.hand_memory_to(following)
        return following

    def enter(self) -> None:
        """Keep other calls out, until `leave`.

        Raises:
            RuntimeError: the instance cannot be called now, or not any more.
        """
        instance = self.instance
        if self._is_calling or instance.poisoned or instance.closed:
            state = "is in another call"
            if self.is_over:
                state = "is closed" if instance.closed else "has trapped or was given up"
            raise RuntimeError(f"an instance of `{instance.component}` {state}: it cannot be called")
        self._is_calling = True

    def leave(self) -> None:
        """Let others call again."""
        self._is_calling = False

    def hold(self, resource: int, handle: int) -> Any:
        """Return what Python holds of one more resource.

        Raises:
            MalformedError: those are too many.
        """
        if self._held >= MOST_THINGS:
            raise MalformedError(f"Python holds {MOST_THINGS} resources of the guest, which gives one more")
        self._held += 1
        return self._make(self, resource, handle)

    def let_go(self, count: int) -> None:
        """Python holds so many resources less."""
        self._held -= count

    def spoilt(self, error: MalformedError) -> Trap:
        """Return what a breach of the rules comes to: the instance is not used again."""
        self.instance.poisoned = True
        return Trap(str(error))

    async def run(self, request: bytes) -> bytes:
        """Call the guest, and return the frame with the result.

        Raises:
            Trap: the guest trapped or ran into a limit; the instance is poisoned.
        """
        self._request, self._is_given = request, False
        try:
            if self.memory is not None:
                self._present(self.memory)
            call = self.instance.call()
            if not call.step():
                await call.finish()
            self._request = None
            return self._result()
        except MalformedError as error:
            raise self.spoilt(error) from error

    def _result(self) -> bytes:
        """Return the frame that the caller has left, or given."""
        if self.memory is None:
            frame, self._frame = self._frame, None
            if frame is None:
                raise MalformedError("a caller returned without a result")
            return frame
        head = self.memory.read(0, HEAD)
        _, end, self._pages = called(head, CALLED_AT)
        return head[:end] if end <= HEAD else self.memory.read(0, end)

    def _present(self, memory: Memory) -> None:
        """Write the request, if there is room for it."""
        request = self._request or b""
        self._is_given = CALLED_AT + len(request) <= self._pages * PAGE
        memory.write(CALLED_AT, request if self._is_given else request[:CALL_SIZE])

    # What the caller calls.

    def challenged(self) -> bytes:
        """Return what the caller is to write to its memory."""
        self.forget_memory()  # a caller asks once, so this one's memory has begun anew
        self._pages = FIRST_PAGES
        return challenge(self)

    def located(self, address: int) -> int:
        """Find the memory, and write the request there."""
        answer = self.look(address)
        if self.memory is not None:
            self._present(self.memory)
        return answer

    def fill(self) -> None:
        """Write the request, now that there is room."""
        memory_of(self).write(CALLED_AT, self._taken())

    def next(self) -> bytes:
        """Return the request as text: what is in the arena, then what is before it."""
        request = self._taken()
        return text_of_bytes(request[HEAD_SIZE:] + request[:HEAD_SIZE])

    def done(self, text: bytes) -> None:
        """Take the frame with the result."""
        frame = bytes_of_text(text)
        if self.memory is not None or len(frame) < ARENA:
            raise MalformedError("a caller gave a result that was not asked for")
        self._frame = frame

    def _taken(self) -> bytes:
        if self._request is None or self._is_given:
            raise MalformedError("a caller asked for a call, which there is not")
        self._is_given = True
        return self._request

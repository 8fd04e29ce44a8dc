"""One instance that Python calls by its caller: requests go to the caller's memory, results are read there.

Theory of operation: `handle`, the one export of the composition, calls the function of the request. At the first call
the caller asks for a challenge and names its memory (`challenge`, `locate`); once that is found, the host writes the
request there, and from then on before each call. Of one that is longer than the memory it writes the beginning, and
`fill` writes the rest. Where the memory cannot be found, `next` gives the request and `done` takes the frame, as
strings.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from whorl.engine.bridges.frames import MOST_THINGS, MemoryOwner
from whorl.engine.bridges.protocol import CALLED_AT, HEAD, PAGE, called
from whorl.engine.exports.protocol import ARENA, CALL_SIZE, FIRST_PAGES, HEAD_SIZE
from whorl.engine.instances import Instance
from whorl.engine.memories import Memory, challenge, memory_of
from whorl.engine.packing import MalformedError, bytes_of_text, text_of_bytes


class Callee(MemoryOwner):
    """An instance, as far as its exports are called. Serves one call at a time.

    Args:
        instance: the same.
        memory_places: where callers of closed instances had their memories.
    """

    def __init__(self, instance: Instance, memory_places: list[int]) -> None:
        super().__init__(instance, memory_places)
        self._called = instance
        self._is_calling = False
        self._pages = FIRST_PAGES
        self._held = 0
        self._request: bytes | None = None
        self._frame: bytes | None = None

    @property
    def is_over(self) -> bool:
        """Whether the instance is closed or broken, and all its resources with it."""
        return self._called.closed or self._called.poisoned

    @contextmanager
    def calling(self) -> Iterator[None]:
        """Keep other calls out.

        Raises:
            RuntimeError: the instance cannot be called now, or not any more.
        """
        instance = self._called
        if self.is_over or self._is_calling:
            state = (
                "is closed"
                if instance.closed
                else "has trapped or was given up"
                if instance.poisoned
                else "is in another call"
            )
            raise RuntimeError(f"an instance of `{instance.component}` {state}: it cannot be called")
        self._is_calling = True
        try:
            yield
        finally:
            self._is_calling = False

    def hold(self) -> None:
        """Python holds one more resource.

        Raises:
            MalformedError: those are too many.
        """
        if self._held >= MOST_THINGS:
            raise MalformedError(f"Python holds {MOST_THINGS} resources of the guest, which gives one more")
        self._held += 1

    def let_go(self, count: int) -> None:
        """Python holds so many resources less."""
        self._held -= count

    def spoil(self) -> None:
        """The guest has broken a rule: the instance is not used again."""
        self._called.poisoned = True

    async def run(self, request: bytes) -> bytes:
        """Call the guest, and return the frame with the result.

        Raises:
            Trap: the guest trapped or ran into a limit; the instance is poisoned.
        """
        self._request = request
        if self.memory is not None:
            self._present(self.memory)
        call = self._called.call()
        if not call.step():
            await call.finish()
        self._request = None
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
        if CALLED_AT + len(request) <= self._pages * PAGE:
            memory.write(CALLED_AT, request)
            self._request = None
        else:
            memory.write(CALLED_AT, request[:CALL_SIZE])

    # What the caller calls.

    def challenged(self) -> bytes:
        """Return what the caller is to write to its memory."""
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
        request, self._request = self._request, None
        if request is None:
            raise MalformedError("a caller asked for a call, which there is not")
        return request

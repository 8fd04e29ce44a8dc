"""Bytes that wait to be given to a guest: taken as strings, or written to its adapter's memory, and copied once."""

from collections import deque

from whorl.engine.memories import Memory

WORTHWHILE = 4 * 1024
"""Bytes that are worth being written to an adapter's memory: to find it takes as long as some kilobytes of text."""


ENDED = 1 << 31
"""What is added to a count of bytes that are the last of a body without trailers."""


class ByteQueue:
    """Pieces of a body, in order, of which any number of bytes can be taken.

    Attributes:
        size: how many bytes wait.
    """

    __slots__ = ("_pieces", "_start", "size")

    def __init__(self, first: bytes = b"") -> None:
        self._pieces = deque((first,) if first else ())
        self._start = 0  # of what is left of the first piece
        self.size = len(first)

    def append(self, piece: bytes) -> None:
        """Add a piece; one that is empty is none."""
        if piece:
            self._pieces.append(piece)
            self.size += len(piece)

    def take(self, limit: int) -> bytes:
        """Remove and return at most `limit` bytes, of one piece."""
        piece, start = self._pieces[0], self._start
        end = start + limit
        if end < len(piece):
            self._start = end
        else:
            self._pieces.popleft()
            self._start = 0
        if start or self._start:
            piece = piece[start:end]
        self.size -= len(piece)
        return piece

    def take_into(self, memory: Memory, address: int, limit: int) -> int:
        """Remove at most `limit` bytes and write them to `address`; return how many.

        Raises:
            MalformedError: there is no room for `limit` bytes; nothing has been removed.
        """
        memory.check(address, limit)
        taken = 0
        while self._pieces and taken < limit:
            piece, start = self._pieces[0], self._start
            count = min(len(piece) - start, limit - taken)
            memory.write(address + taken, piece if count == len(piece) else memoryview(piece)[start : start + count])
            taken += count
            if start + count == len(piece):
                self._pieces.popleft()
                self._start = 0
            else:
                self._start = start + count
        self.size -= taken
        return taken

    def clear(self) -> None:
        """Forget them all."""
        self._pieces.clear()
        self._start = self.size = 0

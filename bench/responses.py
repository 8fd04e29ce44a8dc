"""Reads HTTP/1.1 responses as they arrive and compares them with what they must be."""

from dataclasses import dataclass

_HEAD_END = b"\r\n\r\n"
_SHOWN = 200


class WrongAnswerError(Exception):
    """A response is not what it must be; the figures of such a run mean nothing."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a response must be."""

    status: int
    body: bytes


class ResponseReader:
    """Takes the bytes of one connection and says when a response is complete. Checks each completely."""

    __slots__ = ("_answer", "_buffer", "_known_size", "_status_line", "_tail")

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._buffer = bytearray()
        self._status_line = b"HTTP/1.1 %d " % answer.status
        self._tail = _HEAD_END + answer.body
        self._known_size = -1

    def feed(self, data: bytes) -> bool:
        """Take what arrived; true when that completes the response.

        Raises:
            WrongAnswerError: it has another status, another body, a broken framing, or more follows it.
        """
        if not self._buffer and len(data) == self._known_size and self._looks_right(data):
            return True
        self._buffer += data
        body = self._body()
        if body is None:
            return False
        if not self._buffer.startswith(self._status_line) or body != self._answer.body:
            raise WrongAnswerError(f"expected {self._answer.status}, got: {bytes(self._buffer[:_SHOWN])!r}")
        self._known_size = len(self._buffer)
        self._buffer.clear()
        return True

    def _looks_right(self, data: bytes) -> bool:
        """Tell whether a piece as long as the last response is one like it; the load must cost little."""
        return data.endswith(self._tail) and data.startswith(self._status_line)

    def _body(self) -> bytes | bytearray | None:
        """Return the body if the response is complete."""
        head_end = self._buffer.find(_HEAD_END)
        if head_end < 0:
            return None
        start = head_end + len(_HEAD_END)
        fields = _fields(bytes(self._buffer[:head_end]))
        if fields.get(b"transfer-encoding") == b"chunked":
            return _chunked_body(self._buffer, start)
        if b"content-length" not in fields:
            raise WrongAnswerError(f"a response without a length: {bytes(self._buffer[:_SHOWN])!r}")
        end = start + int(fields[b"content-length"])
        if len(self._buffer) > end:
            raise WrongAnswerError(f"more than the response: {bytes(self._buffer[end : end + _SHOWN])!r}")
        return self._buffer[start:] if len(self._buffer) == end else None


def _fields(head: bytes) -> dict[bytes, bytes]:
    pairs = (line.partition(b":") for line in head.split(b"\r\n")[1:])
    return {name.lower(): value.strip() for name, _, value in pairs}


def _chunked_body(buffer: bytearray, at: int) -> bytearray | None:
    if not buffer.endswith(b"0\r\n\r\n"):
        return None
    body = bytearray()
    while True:
        line_end = buffer.find(b"\r\n", at)
        if line_end < 0:
            return None
        size = int(buffer[at:line_end], 16)
        at = line_end + 2
        if not size:
            return body if len(buffer) == at + 2 else None
        body += memoryview(buffer)[at : at + size]
        at += size + 2

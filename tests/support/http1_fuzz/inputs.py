"""Inputs: messages of the table, mutated, cut into packets. An input follows from its seed and its number alone."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from http1_cases.chunks import CHUNKS
from http1_cases.fields import FIELDS
from http1_cases.framing import FRAMING
from http1_cases.request_lines import REQUEST_LINES
from http1_cases.targets import TARGETS
from raw_http import LAST_CHUNK, chunk, chunked, post, request

_LONGEST = 16_384
_MOST_MUTATIONS = 5
_MOST_CUTS = 4
_BYTEWISE_BELOW = 300

TOKENS = (
    *(b"\r\n", b"\n", b"\r", b"\r\n\r\n", b"\n\n", b"\r\r\n", b"\0", b" ", b"\t", b":", b";", b","),
    *(b'"', b"\x7f", b"\xff", b"0\r\n\r\n", b"5\r\nhello\r\n", b"5;a=b\r\n", b"f" * 16, b"-1", b"0x", b"1" * 20),
    *(b"Content-Length: 5\r\n", b"Content-Length: 0\r\n", b"content-length:", b"Transfer-Encoding: chunked\r\n"),
    *(b"transfer-encoding:", b"chunked", b"gzip", b"identity", b"Host: localhost\r\n", b"Host: a b\r\n", b"host:"),
    *(b"Connection: close\r\n", b"Connection: keep-alive\r\n", b"Connection: upgrade\r\nUpgrade: h2c\r\n"),
    *(b"Upgrade: websocket\r\n", b"Expect: 100-continue\r\n", b"TE: trailers\r\n", b"Trailer: x-sum\r\n"),
    *(b"x-sum: 1\r\n", b"HTTP/1.1", b"HTTP/1.0", b"HTTP/2.0", b" HTTP/1.1\r\n"),
    *(b"GET ", b"POST ", b"HEAD ", b"CONNECT ", b"OPTIONS * "),
    *(b"/hello", b"/late", b"http://other.example/", b"*", b"#", b"?", b"%00", b"//"),
    request(b"/hello?hidden"),
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
)
"""What parsers look for."""

_OFFER = (b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABkAAQAAP__")
_EXTRA = (
    request(b"/hello") + post(b"/late", b"hello") + request(b"/head"),
    post(b"/late", request(b"/hello?hidden"), *_OFFER) + request(b"/hello"),
    chunked(b"/late", chunk(request(b"/hello?hidden")) + LAST_CHUNK, *_OFFER) + request(b"/hello"),
    chunked(b"/request-trailers", chunk(b"hello") + b"0\r\nx-sum: 1\r\n\r\n", b"Trailer: x-sum") + request(b"/hello"),
    request(b"/trailers", b"TE: trailers") + request(b"/hello"),
    post(b"/late", b"hello", b"Expect: 100-continue") + request(b"/hello"),
    request(b"/hello", method=b"HEAD") * 3,
    request(b"/hello", b"Connection: keep-alive", version=b"HTTP/1.0") * 2,
    request(b"/flush?3") + request(b"/sleep?1") + request(b"/late") + request(b"/hello"),
    request(b"/hello", *(b"x-%d: 1" % at for at in range(99))),
    request(b"/hello", *(b"x-%d: 1" % at for at in range(100))),
)


def _seeds() -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    """Return the messages that are served, and those that are refused."""
    table = (*REQUEST_LINES, *FIELDS, *FRAMING, *CHUNKS, *TARGETS)
    # Left out: a guest that fails when its body breaks off, for the log has to stay empty; one that may not be reached
    # from outside, for its refusal is the application's and the connection stays; RTSP, which is taken for HTTP/1.0.
    told_apart = [case for case in table if b".internal" not in case.message and b"RTSP" not in case.message]
    quiet = [(case, case.message.replace(b"/echo", b"/late")) for case in told_apart]
    good = [message for case, message in quiet if 200 in case.statuses]
    bad = [message for case, message in quiet if 200 not in case.statuses]
    return (*good, *_EXTRA), tuple(bad)


GOOD_SEEDS, BAD_SEEDS = _seeds()
_GOOD_SHARE = 0.7


class Ending(Enum):
    """What a client does when it has sent everything."""

    FINISH = "finish"
    WAIT = "wait"
    CLOSE = "close"
    RESET = "reset"


_ENDINGS = (Ending.FINISH,) * 6 + (Ending.WAIT,) * 2 + (Ending.CLOSE, Ending.RESET)


@dataclass(frozen=True, slots=True)
class Input:
    """What one client does.

    Attributes:
        pieces: packets, in order.
        ending: what follows them.
    """

    pieces: tuple[bytes, ...]
    ending: Ending

    @property
    def data(self) -> bytes:
        """All the bytes."""
        return b"".join(self.pieces)


def _place(dice: random.Random, data: bytes) -> tuple[int, int]:
    start = dice.randrange(len(data) + 1)
    return start, min(len(data), start + int(dice.expovariate(0.1)) + 1)


def _flip(dice: random.Random, data: bytes) -> bytes:
    if not data:
        return data
    at = dice.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << dice.randrange(8)]) + data[at + 1 :]


def _delete(dice: random.Random, data: bytes) -> bytes:
    start, end = _place(dice, data)
    return data[:start] + data[end:]


def _duplicate(dice: random.Random, data: bytes) -> bytes:
    start, end = _place(dice, data)
    return data[:end] + data[start:end] * dice.choice((1, 1, 2, 50)) + data[end:]


def _insert(dice: random.Random, data: bytes) -> bytes:
    at = dice.randrange(len(data) + 1)
    return data[:at] + dice.choice(TOKENS) + data[at:]


def _insert_line(dice: random.Random, data: bytes) -> bytes:
    """Put a token where a line begins: at random it would seldom get there."""
    lines = data.split(b"\r\n")
    at = dice.randrange(len(lines))
    return b"\r\n".join([*lines[:at], dice.choice(TOKENS) + lines[at], *lines[at + 1 :]])


def _move_line(dice: random.Random, data: bytes) -> bytes:
    lines = data.split(b"\r\n")
    line = lines.pop(dice.randrange(len(lines)))
    lines.insert(dice.randrange(len(lines) + 1), line)
    return b"\r\n".join(lines)


def _replace(dice: random.Random, data: bytes) -> bytes:
    start, end = _place(dice, data)
    return data[:start] + dice.choice(TOKENS) + data[end:]


def _seed(dice: random.Random) -> bytes:
    return dice.choice(GOOD_SEEDS if dice.random() < _GOOD_SHARE else BAD_SEEDS)


def _splice(dice: random.Random, data: bytes) -> bytes:
    other = _seed(dice)
    return data[: dice.randrange(len(data) + 1)] + other[dice.randrange(len(other)) :]


def _append(dice: random.Random, data: bytes) -> bytes:
    return data + _seed(dice)


def _truncate(dice: random.Random, data: bytes) -> bytes:
    return data[: dice.randrange(len(data) + 1)]


_MUTATIONS: tuple[Callable[[random.Random, bytes], bytes], ...] = (
    _flip,
    _delete,
    _duplicate,
    _insert,
    _insert_line,
    _move_line,
    _replace,
    _splice,
    _append,
    _append,
    _truncate,
)


def make_input(seed: int, number: int) -> Input:
    """Return input `number` of the series that `seed` stands for."""
    dice = random.Random(seed << 32 | number)  # noqa: S311 - to be had again, not to be secret
    data = _seed(dice)
    for _ in range(dice.randrange(_MOST_MUTATIONS)):
        data = dice.choice(_MUTATIONS)(dice, data)
    return Input(_cut(dice, data[:_LONGEST]), dice.choice(_ENDINGS))


def _cut(dice: random.Random, data: bytes) -> tuple[bytes, ...]:
    if len(data) < _BYTEWISE_BELOW and dice.random() < 0.01:
        return tuple(data[at : at + 1] for at in range(len(data)))
    cuts = sorted(dice.randrange(len(data) + 1) for _ in range(dice.choice((0, 0, 1, 1, 2, _MOST_CUTS))))
    pieces = [data[start:end] for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True)]
    return tuple(piece for piece in pieces if piece)

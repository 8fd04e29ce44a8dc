"""What attackers do to the server: each kind a few lines of HTTP, and how often and by how many at once it is done.

What a guest does at each path is said in `tests/guests/lab/src/lib.rs`; all of them but `NEIGHBOUR` are the victim's.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random

from bench.soak.wire import Client, read_head, request

NEIGHBOUR = "/neighbour"

_BEAT = 1.0
"""Seconds between two bytes of those that are slow."""
_ENDLESS = 120_000_000
"""Bytes after which even what has no end ends."""
_PIECE = 1 << 16
_SMALL_BUFFER = 4096
_PIPELINED = 1000

Act = Callable[[Client, Random], Awaitable[str]]
"""What one attacker does with its connection; returns what came of it."""


@dataclass(frozen=True, slots=True)
class Attack:
    """One kind of attack.

    Attributes:
        name: for the table and `--only`.
        act: what each attacker does; where it ends, the next one begins.
        at_once: attackers at the same time.
        rate: attackers that begin in a second, at most.
        asks_victim: whether the victim's own clients are measured as well.
        buffer: what an attacker's kernel receives before the attacker reads, bytes; None: the kernel's own.
    """

    name: str
    act: Act
    at_once: int
    rate: float
    asks_victim: bool = False
    buffer: int | None = None


def attacks() -> list[Attack]:
    """Return all attacks."""
    return [
        *_endless_attacks(),
        Attack("slow-heads", _held(_HEAD + b"x: ", drip=b"x"), 300, 500),
        Attack("silent", _held(b""), 1000, 500),
        Attack("slow-uploads", _held(request("/late", length=1000), drip=b"x"), 300, 500, asks_victim=True),
        Attack("expecting", _held(_EXPECTING), 300, 500, asks_victim=True),
        Attack("slow-readers", _slow_reader, 300, 500, buffer=_SMALL_BUFFER),
        Attack("busy-guests", _held(request("/spin")), 300, 500),
        Attack("pipelines", _pipeline, 8, 100),
        Attack("hang-ups", _hangs_up, 64, 200),
        Attack("hang-ups-waiting", _hangs_up_waiting, 64, 200),
        Attack("upgrade-offers", _offers_upgrade, 64, 200),
        Attack("resets", _resets, 64, 500),
    ]


_HEAD = b"GET / HTTP/1.1\r\nhost: localhost\r\n"
_CHUNKED = b"POST /late HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n"
_EXPECTING = request("/late", length=1000, fields="expect: 100-continue\r\n")
_FIELD = b"a:b\r\n"


def _endless_attacks() -> list[Attack]:
    endless = {
        "header-value": (_HEAD + b"x: ", b"x"),
        "fields": (_HEAD, _FIELD),
        "target": (b"GET /", b"x"),
        "trailers": (_CHUNKED + b"1\r\nx\r\n0\r\n", _FIELD),
        "chunk-extensions": (_CHUNKED + b"1", b";x=x"),
        "empty-lines": (b"", b"\r\n"),
    }
    return [Attack(f"endless-{name}", _endless(*sent), 4, 100) for name, sent in endless.items()]


async def _status(client: Client) -> str:
    """Return the status of the final response."""
    while (head := await read_head(client.reader)).status == 100:
        pass
    return str(head.status)


def _endless(opening: bytes, unit: bytes) -> Act:
    """Send something that has no end until it is answered."""
    piece = unit * (_PIECE // len(unit))

    async def send_on(client: Client) -> None:
        await client.send(opening)
        for _ in range(_ENDLESS // len(piece)):
            await client.send(piece)

    async def act(client: Client, _: Random) -> str:
        return await _while_sending(send_on(client), _status(client))

    return act


async def _while_sending(sending: Awaitable[None], receiving: Awaitable[str]) -> str:
    """Return what is received, and send no more then."""
    task = asyncio.ensure_future(sending)
    try:
        return await receiving
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _held(opening: bytes, drip: bytes = b"") -> Act:
    """Keep a connection, and send a byte now and then, or none."""

    async def act(client: Client, _: Random) -> str:
        await client.send(opening)
        while True:
            try:
                async with asyncio.timeout(_BEAT):
                    return await _status(client)
            except TimeoutError:
                await client.send(drip)

    return act


async def _slow_reader(client: Client, _: Random) -> str:
    await client.send(request("/big?1000000"))
    status = await _status(client)
    while status == "200" and await _byte_later(client):
        pass
    return status


async def _byte_later(client: Client) -> bytes:
    await asyncio.sleep(_BEAT)
    return await client.reader.read(1)


async def _pipeline(client: Client, _: Random) -> str:
    last = request("/", fields="connection: close\r\n")
    sending = client.send(request("/") * (_PIPELINED - 1) + last)

    async def answers() -> str:
        count = (await client.reader.read()).count(b"HTTP/1.1 200 ")
        return "200" if count == _PIPELINED else f"{count} of {_PIPELINED}"

    return await _while_sending(sending, answers())


_REQUESTS = (request("/"), request("/late", b"x" * 1000), request("/echo", b"x" * 10_000), request("/big?100000"))


async def _hangs_up(client: Client, chance: Random) -> str:
    sent = chance.choice(_REQUESTS)
    await client.send(sent[: chance.randint(0, len(sent))])
    await asyncio.sleep(chance.uniform(0, 0.02))
    return _leave(client, chance)


async def _hangs_up_waiting(client: Client, chance: Random) -> str:
    await client.send(request("/sleep?200"))
    await asyncio.sleep(chance.uniform(0, 0.25))
    return _leave(client, chance)


def _leave(client: Client, chance: Random) -> str:
    if chance.random() < 0.5:
        client.reset()
    return "left"


async def _offers_upgrade(client: Client, _: Random) -> str:
    await client.send(request("/late", b"x" * 10_000, "connection: upgrade\r\nupgrade: websocket\r\n"))
    return await _status(client)


async def _resets(client: Client, _: Random) -> str:
    client.reset()
    return "left"

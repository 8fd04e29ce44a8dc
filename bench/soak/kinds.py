"""What clients do to the server: the kinds of the load, each a few lines of HTTP and what must come of it.

What a guest does at each path is said in `tests/guests/lab/src/lib.rs`, what the upstream does in `upstream.py`, and
which component serves what in `bench/apps/soak.toml`.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from time import perf_counter

from bench.soak.wire import Client, UnexpectedError, read_head, request

_PATIENCE = 0.2
"""Seconds that a client waits before it leaves."""
_SMALL_BUFFER = 8192


@dataclass(slots=True)
class Site:
    """Where the load goes, and what its clients share.

    Attributes:
        port: of the server.
        upstream: the URL of the upstream, without a path.
        kept: connections that wait for the next plain request.
        latencies: of the plain requests since somebody looked, seconds.
    """

    port: int
    upstream: str
    kept: deque[Client] = field(default_factory=deque)
    latencies: list[float] = field(default_factory=list)

    def close(self) -> None:
        """Close the connections that are kept."""
        while self.kept:
            self.kept.pop().close()


Act = Callable[[Site], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of load.

    Attributes:
        name: for the report and `--only`.
        rate: how many a second.
        acts: the ways in which it is done, one after the other.
    """

    name: str
    rate: float
    acts: tuple[Act, ...]


PLAIN = "plain"


def kinds() -> list[Kind]:
    """Return all kinds. The rates are such that two cores are enough for server, load and upstream."""
    return [
        Kind(PLAIN, 200, (_plain("/hello"), _plain("/hello-sdk"))),
        Kind("pipelined", 8, (_pipelined(leaves_after=None), _pipelined(leaves_after=2))),
        Kind("leaves-before-head", 4, tuple(_leaving([b""]))),
        Kind("leaves-in-head", 4, tuple(_leaving([request("/hello")[:30]]))),
        Kind("leaves-in-body", 6, tuple(_leaving(_unfinished_bodies("/echo", "/late", "/ignore-body")))),
        Kind("leaves-while-upstream-works", 6, (*_leaving_upstream("/never"), *_leaving_upstream("/endless"))),
        Kind("leaves-in-response", 6, (*_leaving([request("/big?3000000")], reads=1), _leaves_slow_response)),
        Kind("unread-upstream", 8, tuple(_unread())),
        Kind("upstream", 8, tuple(_upstream())),
        Kind("chained", 6, tuple(_chained())),
        Kind("slow-reader", 1, (_slow_reader,)),
        Kind("slow-upload", 1, (_slow_upload,)),
        Kind("expect-continue", 4, (_continues, _gives_up_on_continue, _leaves_before_continue)),
        Kind("no-answer", 5, tuple(_answers(500, "/trap", "/exit?3", "/none", "/drop-outparam", "/error"))),
        Kind("cut-off", 2, (_cut_off("/unfinished-late"), _cut_off("/stream?100"))),
        Kind("out-of-memory", 0.5, tuple(_answers(500, "/eat"))),
        Kind("out-of-time", 2, tuple(_answers(504, "/sleep?2000"))),
        Kind("out-of-cpu", 0.5, tuple(_answers(504, "/spin"))),
        Kind("works-on", 2, tuple(_answers(200, "/after?100"))),
    ]


def _plain(target: str) -> Act:
    sent = request(target)

    async def act(site: Site) -> None:
        client = site.kept.popleft() if site.kept else await Client.connect(site.port)
        try:
            began = perf_counter()
            await client.send(sent)
            await client.expect(200)
            site.latencies.append(perf_counter() - began)
        except BaseException:
            client.close()
            raise
        site.kept.append(client)

    return act


def _answers(status: int, *targets: str) -> Iterable[Act]:
    for target in targets:
        yield _asking(request(target), status)


def _asking(sent: bytes, *statuses: int) -> Act:
    """Send something and expect an answer of one of these statuses."""

    async def act(site: Site) -> None:
        async with await Client.connect(site.port) as client:
            await client.send(sent.replace(b"UPSTREAM", site.upstream.encode()))
            status, body = await client.response()
            if status not in statuses:
                raise UnexpectedError(f"expected {statuses}, got {status} {body[:60]!r}")

    return act


def _pipelined(leaves_after: int | None) -> Act:
    bodies = [b"%d" % number * (1 + 300 * number) for number in range(5)]
    sent = b"".join(request("/echo", body) + request("/hello") for body in bodies)

    async def act(site: Site) -> None:
        async with await Client.connect(site.port) as client:
            await client.send(sent)
            for body in bodies[:leaves_after]:
                await client.expect(200, body)
                await client.expect(200)

    return act


def _leaving(sent: Iterable[bytes], reads: int = 0) -> Iterable[Act]:
    """Send something that lacks its end, read so many bytes of an answer, and leave: in order, at once, or by reset."""
    for each in sent:
        for patience, by_reset in ((_PATIENCE, False), (0.0, False), (_PATIENCE, True)):
            yield _leaves(each, reads, patience, by_reset=by_reset)


def _leaves(sent: bytes, reads: int, patience: float, *, by_reset: bool) -> Act:
    async def act(site: Site) -> None:
        client = await Client.connect(site.port, _SMALL_BUFFER)
        try:
            await client.send(sent.replace(b"UPSTREAM", site.upstream.encode()))
            await client.reader.read(reads)
            await asyncio.sleep(patience)
        finally:
            if by_reset:
                client.reset()
            else:
                client.close()

    return act


def _unfinished_bodies(*targets: str) -> Iterable[bytes]:
    for target in targets:
        yield request(target, length=100_000) + b"x" * 5000
        chunked = request(target, fields="transfer-encoding: chunked\r\n").replace(b"GET", b"POST", 1)
        yield chunked + b"1000\r\n" + b"x" * 2000


def _leaving_upstream(path: str) -> Iterable[Act]:
    waiting = [
        request(f"/out?UPSTREAM{path}"),
        request(f"/out-post?UPSTREAM{path}", b"x" * 1000),
        request(f"/out-stream?UPSTREAM{path}", length=100_000) + b"x" * 5000,
    ]
    return _leaving(waiting)


async def _leaves_slow_response(site: Site) -> None:
    async with await Client.connect(site.port) as client:
        await client.send(request(f"/out?{site.upstream}/endless"))
        await client.reader.readexactly(4000)


def _unread() -> Iterable[Act]:
    """Have guests send requests whose responses, or bodies, they leave halfway."""
    yield _asking(request("/out-drop?UPSTREAM/big?1000000"), 200)
    yield _asking(request("/out-drop?UPSTREAM/endless"), 200)
    yield _asking(request("/out-two?UPSTREAM/big?1000000"), 200)
    yield _asking(request("/out-two?UPSTREAM/endless"), 200)
    yield _asking(request("/out-unfinished?UPSTREAM/sink"), 200)
    yield _asking(request("/out-unfinished?UPSTREAM/never"), 200)


def _upstream() -> Iterable[Act]:
    body = b"x" * 100_000
    for path in ("fast", "close", "big?300000"):
        yield _asking(request(f"/out?UPSTREAM/{path}"), 200)
    for target in ("/out-post?UPSTREAM/echo", "/out-stream?UPSTREAM/echo", "/out-stream?UPSTREAM/sink"):
        yield _asking(request(target, body), 200)
    yield _asking(request("/out-early?UPSTREAM/sink"), 200)
    # The upstream closes while the guest still writes: whether that write fails, which traps, is a matter of luck.
    yield _asking(request("/out-post?UPSTREAM/early", body), 200, 500)
    yield _cut_off("/out?UPSTREAM/cut", or_none=True)


def _chained() -> Iterable[Act]:
    yield _asking(request("/out?http://hello.spin.internal/hello"), 200)
    yield _asking(request("/out-two?http://reused.spin.internal/big?300000"), 200)
    yield _asking(request("/out-drop?http://reused.spin.internal/big?1000000"), 200)
    yield _asking(request("/out?/big?300000"), 200)
    yield _asking(request("/out?http://impatient.spin.internal/sleep?2000"), 504)
    yield from _leaving([request("/out?http://impatient.spin.internal/sleep?300")])


def _cut_off(target: str, *, or_none: bool = False) -> Act:
    """Expect a response that breaks off; `or_none`: or 500, of a guest that learned of the end too early."""

    async def act(site: Site) -> None:
        async with await Client.connect(site.port) as client:
            await client.send(request(target).replace(b"UPSTREAM", site.upstream.encode()))
            try:
                status, _ = await client.response()
            except (asyncio.IncompleteReadError, ConnectionResetError):
                return
        if not (or_none and status == 500):
            raise UnexpectedError(f"the response is whole, of status {status}, where it should have broken off")

    return act


async def _slow_reader(site: Site) -> None:
    async with await Client.connect(site.port, _SMALL_BUFFER) as client:
        await client.send(request("/big?2000000"))
        head = await read_head(client.reader)
        for _ in range(30):
            await client.reader.readexactly(8192)
            await asyncio.sleep(0.05)
    if not head.line.startswith("HTTP/1.1 200"):
        raise UnexpectedError(f"expected 200, got {head.line}")


async def _slow_upload(site: Site) -> None:
    async with await Client.connect(site.port) as client:
        await client.send(request("/late", length=20_000))
        for _ in range(20):
            await asyncio.sleep(0.05)
            await client.send(b"x" * 1000)
        await client.expect(200)


_EXPECTING = request("/late", length=1000, fields="expect: 100-continue\r\n")


async def _continues(site: Site) -> None:
    async with await Client.connect(site.port) as client:
        await client.send(_EXPECTING)
        await client.expect(100)
        await client.send(b"x" * 1000)
        await client.expect(200)


async def _gives_up_on_continue(site: Site) -> None:
    async with await Client.connect(site.port) as client:
        await client.send(_EXPECTING)
        await client.expect(100)
        await asyncio.sleep(_PATIENCE)


async def _leaves_before_continue(site: Site) -> None:
    async with await Client.connect(site.port) as client:
        await client.send(_EXPECTING)

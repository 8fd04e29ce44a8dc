"""What the parts of a request cost without a server: instantiating, calling, closing, bytes in and out, waiting."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from random import Random
from statistics import median
from time import perf_counter, thread_time

from bench.cases import APPS
from bench.customers import RECORDS, Customers
from bench.exports import export_calls
from bench.responses import WrongAnswerError
from whorl.app.loader import load_app
from whorl.capabilities.host_interfaces import HostInterfaces
from whorl.capabilities.outbound_http.capability import OutboundHttp
from whorl.capabilities.wasi.logs import GuestLogs
from whorl.engine.instances import Instance, instantiate
from whorl.engine.pool import InstancePool
from whorl.engine.runtimes import Runtime
from whorl.server.serving import event_loop
from whorl.triggers.http.exchanges import Exchange
from whorl.triggers.http.executor import Executor
from whorl.triggers.http.messages import IncomingRequest
from whorl.triggers.http.responses import ResponseHead, ResponseHeads
from whorl.triggers.http.trigger import HttpTrigger, TriggerOptions
from whorl.triggers.http.uploads import Uploads
from whorl.types import Headers

_MEGABYTE = 1_000_000
_PIECE = 65_536
_FIELDS = b"user-agent\nwhorl-bench/1\raccept\n*/*\r"
_HELLO = IncomingRequest(b"GET", b"http", b"localhost", b"/hello", [])
_WAITING = 200
_ECHOES = 15
_MANY = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Cycle:
    """Processor time of the parts of a request, µs, and the host calls of one."""

    instantiate: float
    first_call: float
    close: float
    reused: float
    host_calls: int


class CollectingSink:
    """Takes a response and keeps it."""

    def __init__(self) -> None:
        self.status = 0
        self.body = bytearray()

    async def whole(self, head: ResponseHead, body: bytes) -> None:
        """Keep the status and the body."""
        await self.start(head)
        await self.write(body)

    async def start(self, head: ResponseHead) -> None:
        """Keep the status."""
        self.status = head.status

    async def write(self, data: bytes) -> None:
        """Keep a piece of the body."""
        self.body += data

    async def finish(self, trailers: Headers) -> None:
        """Keep nothing: the body is complete."""

    async def abort(self) -> None:
        """Refuse: a benchmark's guest answers.

        Raises:
            RuntimeError: always.
        """
        raise RuntimeError("the guest broke its response off")


def report() -> None:
    """Measure and print everything, beside the goals."""
    with asyncio.Runner(loop_factory=event_loop) as runner:
        runner.run(_report())


async def _report() -> None:
    print("processor time, µs  instantiate  first call  close  reused  host calls")
    for name, rounds in (("rust-hello-reused", 500), ("python-hello-reused", 50)):
        async with _reusing_pool(name) as pool:
            cost = await cycle(pool, rounds)
        times = f"{cost.instantiate:11.0f}  {cost.first_call:10.0f}  {cost.close:5.0f}  {cost.reused:6.1f}"
        print(f"{name.removesuffix('-reused'):18}  {times}  {cost.host_calls:10}")
    async with _reusing_pool("lab") as pool:
        print("\necho of 1 MB, ns of processor time per byte, in and out together")
        for kind, body, goal in (("text", _text(), 10), ("random bytes", _random_bytes(), 20)):
            whole, pieces = await echo(pool, body, len(body)), await echo(pool, body, _PIECE)
            print(f"{kind:12}  at once {whole:5.1f}, in pieces of 64 KiB {pieces:5.1f} (goal: at most {goal})")
        seconds = min([await wait_together(pool, _WAITING) for _ in range(5)])
        print(f"\n{_WAITING} guests that wait 50 ms: {seconds:.3f} s of wall time (goal: less than 0.4)")
    print("\ncalls of an interface that Python implements, µs of processor time for each")
    for what, each in (await bridge_calls()).items():
        print(f"{what:37}  {each:6.1f}")
    of_export, of_python = await export_calls()
    print(
        f"\na string and a string back, by turns: an export called by Python {of_export:.1f} µs, Python called by the"
        f" guest {of_python:.1f}, {of_export / of_python:.2f} times"
    )


def _text() -> bytes:
    return (b"All work and no play makes Jack a dull boy.\n" * _MEGABYTE)[:_MEGABYTE]


def _random_bytes() -> bytes:
    return Random(1).randbytes(_MEGABYTE)  # noqa: S311 - nothing secret


@asynccontextmanager
async def _reusing_pool(name: str, host: HostInterfaces | None = None) -> AsyncIterator[InstancePool]:
    """Give a pool of the only component of an app in `bench/apps` whose instances serve many requests."""
    with Runtime() as runtime:
        trigger = HttpTrigger(load_app(APPS / f"{name}.toml"), runtime, GuestLogs(None), TriggerOptions(host=host))
        async with trigger:
            [prepared] = trigger.pools.values()
            pool = InstancePool(prepared.linked, replace(prepared.settings, reuse=_MANY))
            await pool.start()
            try:
                yield pool
            finally:
                await pool.close()


async def cycle(pool: InstancePool, rounds: int) -> Cycle:
    """Measure the life of instances that serve one request, and the later requests of one that serves many."""
    lives = []
    for _ in range(rounds):
        began = thread_time()
        instance = await instantiate(pool.linked, pool.settings.limits)
        made = thread_time()
        await _hello(instance)
        called = thread_time()
        instance.close()
        lives.append((made - began, called - made, thread_time() - called))
    making, first_call, close = (median(part) * 1e6 for part in zip(*lives, strict=True))
    reused, host_calls = await _reuse(pool, rounds)
    return Cycle(making, first_call, close, reused * 1e6, host_calls)


async def _reuse(pool: InstancePool, rounds: int) -> tuple[float, int]:
    instance = await instantiate(pool.linked, pool.settings.limits)
    await _hello(instance)
    costs = []
    for _ in range(rounds):
        host_calls, began = instance.host_calls, thread_time()
        await _hello(instance)
        costs.append(thread_time() - began)
    host_calls = instance.host_calls - host_calls
    instance.close()
    return median(costs), host_calls


async def _hello(instance: Instance) -> None:
    exchange = Exchange(instance, _HELLO, _FIELDS, ResponseHeads())
    instance.state[Exchange] = exchange
    await instance.call()
    if exchange.whole is None or exchange.whole.body != b"hello":
        raise WrongAnswerError(f"the guest answered {exchange.response} {exchange.whole!r}")


async def echo(pool: InstancePool, body: bytes, piece: int) -> float:
    """Return the nanoseconds of processor time per byte that an echo costs when `body` comes in pieces of that size."""
    costs = []
    for _ in range(_ECHOES):
        pieces = [body[at : at + piece] for at in range(0, len(body), piece)]
        began = thread_time()
        answer = await _ask(pool, b"POST", b"/echo", pieces)
        costs.append(thread_time() - began)
        if answer != body:
            raise WrongAnswerError(f"the guest echoed {len(answer)} bytes, not the {len(body)} that it got")
    return median(costs) / len(body) * 1e9


async def wait_together(pool: InstancePool, guests: int) -> float:
    """Return the wall time in seconds until so many guests, asked at once to wait 50 ms each, have answered."""
    began = perf_counter()
    answers = await asyncio.gather(*[_ask(pool, b"GET", b"/sleep?50", [b""]) for _ in range(guests)])
    took = perf_counter() - began
    if any(answer != b"slept" for answer in answers):
        raise WrongAnswerError("a guest did not answer that it slept")
    return took


async def bridge_calls() -> dict[str, float]:
    """Return the microseconds of processor time of a call that Python answers, by what crosses."""
    async with _reusing_pool("crm", HostInterfaces({"example:crm/customers@1.0.0": Customers()})) as pool:
        costs = {
            "a string and a string back": await _each(pool, "times?greet,{}", 2000),
            f"{RECORDS} records of 10 KB back": await _each(pool, "times?search,{}", 50),
            "64 KiB back": await _each(pool, "times?photo,{}", 50),
        }
    async with _reusing_pool("shelf") as pool:
        await _ask(pool, b"GET", b"/sets?1", [b""])
        costs["key-value: get 100 bytes (in memory)"] = await _each(pool, "gets?{}", 2000)
        costs["key-value: set 100 bytes (in memory)"] = await _each(pool, "sets?{}", 2000)
    return costs


async def _each(pool: InstancePool, target: str, calls: int) -> float:
    """Return the microseconds of processor time of one of the calls that a guest makes for one request."""
    rounds = []
    for _ in range(_ECHOES):
        began = thread_time()
        answer = await _ask(pool, b"GET", f"/{target.format(calls)}".encode(), [b""])
        rounds.append(thread_time() - began)
        if answer != f"{calls} times".encode():
            raise WrongAnswerError(f"the guest answered {answer!r}")
    return median(rounds) / calls * 1e6


async def _ask(pool: InstancePool, method: bytes, target: bytes, pieces: list[bytes]) -> bytes:
    first, *others = pieces
    rest = iter([*others, b""])

    async def receive() -> bytes:
        return next(rest)

    async def watch() -> None:
        await asyncio.Event().wait()

    sink = CollectingSink()
    request = IncomingRequest(
        method=method,
        scheme=b"http",
        authority=b"localhost",
        target=target,
        headers=[],
        body=first,
        receive=receive if others else None,
        watch=watch,
    )
    executor = Executor("bench", pool, None, OutboundHttp.cancel_request, Uploads(1, 1))
    await executor.execute(request, _FIELDS, sink)
    return bytes(sink.body) if sink.status == 200 else b"status %d" % sink.status

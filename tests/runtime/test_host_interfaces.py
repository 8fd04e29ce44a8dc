"""Interfaces that Python implements: called by a guest, over HTTP."""

import asyncio
import gc
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, ClassVar, Self
from weakref import WeakSet

import httpx
import pytest
from live_server import GUESTS, Live, manifest, serving

import whorl
from whorl.capabilities.host_interfaces import HostInterfaces
from whorl.engine.memories import Memories, Prober
from whorl.errors import ComponentError, ManifestError

pytestmark = pytest.mark.anyio

INTERFACE = "example:crm/customers@1.0.0"
ADA = {"id": 1, "name": "Ada", "tags": ["first", "né"], "manager": None}
BOB = {"id": 2, "name": "Bob", "tags": [], "manager": 1}
PHOTO = bytes(range(256)) * 256


class Visit:
    """Notes on a customer."""

    alive: ClassVar[WeakSet["Visit"]] = WeakSet()

    def __init__(self, customer: int) -> None:
        self.alive.add(self)
        self.customer = customer
        self.lines: list[str] = []

    def note(self, text: str) -> int:
        self.lines.append(text)
        return len(self.lines)

    def notes(self) -> list[str]:
        return self.lines

    @staticmethod
    def merge(visits: list["Visit"]) -> "Visit":
        made = Visit(0)
        made.lines = [line for visit in visits for line in visit.lines]
        return made


class Customers:
    """What the guest asks."""

    Visit = Visit

    def __init__(self) -> None:
        self.entered = 0
        self.cancelled = asyncio.Event()

    async def find(self, id: int) -> Any:  # noqa: A002 - the name in WIT does not matter, but this is the obvious one
        await asyncio.sleep(0)
        match id:
            case 1:
                return ADA
            case 3:
                raise whorl.Err(("unreachable", "the line is dead"))
            case 4:
                return {**ADA, "tags": ["a", 3]}
            case 5:
                raise KeyError("lost")
            case 6:
                return await self._for_ever()
            case 7:
                shared = asyncio.get_running_loop().create_future()
                shared.cancel()
                await shared
        raise whorl.Err("unknown")

    def search(self, text: str) -> list[Any]:
        return [each for each in (ADA, BOB) if text in str(each["name"])]

    def photo(self, id: int) -> bytes:  # noqa: A002 - as above
        return PHOTO[: 1 << 16] if id else b""

    async def greet(self, name: str) -> str:
        return f"hello {name}"

    def open_visits(self) -> list[Any]:
        made = Visit(9)
        made.note("open")
        return [made]

    async def _for_ever(self) -> None:
        try:
            await asyncio.sleep(100)
        finally:
            self.cancelled.set()

    async def __aenter__(self) -> Self:
        self.entered += 1
        return self

    async def __aexit__(self, *_: object) -> None:
        self.entered -= 1


@pytest.fixture
def customers() -> Customers:
    return Customers()


@asynccontextmanager
async def crm(folder: Path, customers: object, settings: str = "") -> AsyncIterator[Live]:
    host = HostInterfaces({INTERFACE: customers})
    async with serving(manifest(folder, GUESTS / "crm.wasm", settings=settings), host=host) as live:
        yield live


REUSED = "reuse = 1000\nmax_instances = 1"


@pytest.fixture(params=["fresh", "reused", "hidden"])
async def live(
    request: pytest.FixtureRequest, tmp_path: Path, customers: Customers, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Live]:
    """Serve the guest, where memories can be found, and where the system does not let a process look."""
    if request.param == "hidden":
        monkeypatch.setattr(Prober, "working", lambda: None)
    async with crm(tmp_path, customers, "" if request.param == "fresh" else REUSED) as live:
        yield live


def memories_of(live: Live) -> Memories:
    (pool,) = live.trigger.pools.values()
    return pool.linked.engine.memories


@pytest.mark.parametrize(
    ("target", "status", "text"),
    [
        ("/find?1", 200, 'Customer { id: 1, name: "Ada", tags: ["first", "né"], manager: None }'),
        ("/find?2", 404, "unknown"),
        ("/find?3", 502, "the line is dead"),
        ("/search?b", 200, "Bob"),
        ("/search?", 200, "Ada, Bob"),
        ("/photo?0", 200, "0 bytes, 0"),
        ("/photo?1", 200, f"65536 bytes, {sum(PHOTO)}"),
        ("/greet?you", 200, "hello you"),
        ("/visit?one", 200, "1 2 one, more"),
        ("/merge?3", 200, "of 0, of 1, of 2, open"),
        ("/drop?1000", 200, "1000 dropped"),
        ("/times?greet,100", 200, "100 times"),
    ],
)
async def test_a_guest_is_answered(live: Live, target: str, status: int, text: str) -> None:
    for _ in range(2):
        answer = await live.client.get(target)
        assert (answer.status_code, answer.text) == (status, text)


async def test_a_bridge_is_looked_for_once_and_not_for_a_call_or_two(tmp_path: Path, customers: Customers) -> None:
    async with crm(tmp_path, customers, REUSED) as live:
        for target, located in (("/times?greet,2", 0), ("/times?greet,100", 1), ("/photo?1", 1)):
            assert (await live.client.get(target)).status_code == 200
            assert memories_of(live).located == located
    async with crm(tmp_path, customers) as live:
        assert (await live.client.get("/photo?1")).status_code == 200
        assert memories_of(live).located == 1


async def test_long_values_go_both_ways(live: Live) -> None:
    text = "x" * 20_000
    assert (await live.client.get(f"/greet?{text}")).text == f"hello {text}"
    assert (await live.client.get(f"/visit?{text}")).text == f"1 2 {text}, more"


async def test_nothing_is_left_of_guests_that_trap_or_are_given_up(tmp_path: Path, customers: Customers) -> None:
    async with crm(tmp_path, customers) as live:
        for _ in range(5):
            given_up = [asyncio.create_task(live.client.get("/find?6", timeout=0.05)) for _ in range(5)]
            others = [live.client.get(target) for target in ("/find?4", "/photo?1", "/times?photo,5", "/merge?9")]
            await asyncio.gather(*others, *given_up, return_exceptions=True)
        memories = memories_of(live)
        (pool,) = live.trigger.pools.values()
        for _ in range(1000):
            if not pool.in_use and not memories.live:
                break
            await asyncio.sleep(0.01)
        assert (pool.in_use, memories.live) == (0, 0)
        assert memories.located >= 15


async def test_what_the_guest_drops_is_gone(live: Live) -> None:
    for target in ("/visit?a", "/merge?50", "/drop?50"):
        assert (await live.client.get(target)).status_code == 200
    gc.collect()
    assert not Visit.alive


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("/find?4", "`find` of `example:crm/customers@1.0.0` gave a wrong value: result.tags[1]: 3 is not a string"),
        ("/find?5", "lost"),
        ("/find?7", "what the method waited for was cancelled"),
    ],
)
async def test_what_python_does_wrong_is_logged_and_the_app_goes_on(
    live: Live, target: str, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        assert (await live.client.get(target)).status_code == 500
    assert said in caplog.text
    assert (await live.client.get("/greet?you")).text == "hello you"


async def test_a_method_is_cancelled_with_its_request(live: Live, customers: Customers) -> None:
    with pytest.raises(httpx.TimeoutException):
        await live.client.get("/find?6", timeout=0.2)
    await asyncio.wait_for(customers.cancelled.wait(), 5)
    assert (await live.client.get("/greet?you")).text == "hello you"


async def test_guests_that_wait_do_not_hold_others_up(tmp_path: Path, customers: Customers) -> None:
    async with crm(tmp_path, customers) as live:
        waiting = [asyncio.create_task(live.client.get("/find?6", timeout=30)) for _ in range(20)]
        await asyncio.sleep(0.1)
        assert (await live.client.get("/find?1")).status_code == 200
        for each in waiting:
            each.cancel()


async def test_an_implementation_is_entered_for_as_long_as_the_app_runs(tmp_path: Path, customers: Customers) -> None:
    async with crm(tmp_path, customers):
        assert customers.entered == 1
    assert customers.entered == 0


@pytest.mark.parametrize(
    ("lacking", "missing"),
    [
        ({"find": None}, f"`find` of `{INTERFACE}`, but `Half`, which implements it, has no method `find`"),
        ({"greet": 1}, "`Half`, which implements it, has no method `greet`"),
        (
            {"Visit": type("Visit", (), {"__init__": lambda _self, _customer: None})},
            "`Visit`, which implements it, has no method `note",
        ),
        ({"Visit": None}, "`Half`, which implements it, has no class `Visit`"),
        ({"Visit": type("Visit", (), {})}, "`Visit` is written: it takes (), but is given `customer`"),
        ({"greet": lambda _self: ""}, "`greet` of `example:crm/customers@1.0.0` otherwise than"),
    ],
)
async def test_an_implementation_that_lacks_something_is_refused(
    tmp_path: Path, lacking: dict[str, Any], missing: str
) -> None:
    with pytest.raises(ComponentError) as refusal:
        async with crm(tmp_path, type("Half", (Customers,), lacking)()):
            pass
    assert missing in str(refusal.value)
    assert "component `lab`" in str(refusal.value)


async def test_a_newer_version_may_be_implemented(tmp_path: Path, customers: Customers) -> None:
    path = manifest(tmp_path, GUESTS / "crm.wasm")
    async with serving(path, host=HostInterfaces({"example:crm/customers@1.2.0": customers})) as live:
        assert (await live.client.get("/greet?you")).text == "hello you"


@pytest.mark.parametrize("other", ["customers@2.0.0", "customers@0.9.0", "orders@1.0.0"])
async def test_another_version_is_not_taken(tmp_path: Path, customers: Customers, other: str) -> None:
    path = manifest(tmp_path, GUESTS / "crm.wasm")
    with pytest.raises(ComponentError, match="imports `example:crm/customers@1.0.0`, which nobody provides") as refusal:
        async with serving(path, host=HostInterfaces({f"example:crm/{other}": customers})):
            pass
    told = f"Python implements `example:crm/{other}`, which is not compatible with it: compare name and version"
    assert (told in str(refusal.value)) == other.startswith("customers")


async def test_a_method_that_raises_is_logged_with_where(
    tmp_path: Path, customers: Customers, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def find(_self: Customers, _id: int) -> None:
        raise TimeoutError

    monkeypatch.setattr(Customers, "find", find)
    async with crm(tmp_path, customers) as live:
        assert (await live.client.get("/find?1")).status_code == 500
    assert "`find` of `example:crm/customers@1.0.0` raised TimeoutError: TimeoutError\nTraceback" in caplog.text
    assert "in find\n    raise TimeoutError" in caplog.text


async def test_methods_that_were_cancelled_end_before_their_object_is_left(
    tmp_path: Path, customers: Customers, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = []

    async def find(self: Customers, _id: int) -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.1)
            ended.append(self.entered)

    monkeypatch.setattr(Customers, "find", find)
    async with crm(tmp_path, customers) as live:
        with pytest.raises(httpx.TimeoutException):
            await live.client.get("/find?1", timeout=0.2)
    assert (ended, customers.entered) == ([1], 0)


def test_a_class_is_not_taken_for_an_object() -> None:
    with pytest.raises(ManifestError, match=r"by the class `Customers`: give an object of it, `Customers\(\)`"):
        HostInterfaces({INTERFACE: Customers})


async def test_an_interface_that_no_component_imports_is_reported(
    tmp_path: Path, customers: Customers, caplog: pytest.LogCaptureFixture
) -> None:
    host = HostInterfaces({INTERFACE: customers, "example:crm/orders@1.0.0": customers})
    async with serving(manifest(tmp_path, GUESTS / "crm.wasm"), host=host):
        pass
    assert [record.getMessage() for record in caplog.records if record.levelname == "WARNING"] == [
        "the host interface `example:crm/orders@1.0.0` is implemented, but no component imports it"
    ]

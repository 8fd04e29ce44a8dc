"""Exports of a guest that are called from Python: resources, long values, errors, and calls that end in another way."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from time import monotonic
from typing import Any

import pytest
from depots import Depot, LinkedDepot, linked_depot
from writing_guests import WRITING

from whorl.engine.engines import Engine
from whorl.engine.exports.functions import WrongArgumentError
from whorl.engine.exports.names import NoExportError
from whorl.engine.limits import MIB, InstanceLimits
from whorl.engine.memories import Memories
from whorl.engine.traps import LimitExceeded, Trap
from whorl.values import Err, Ok

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def linked() -> Iterator[LinkedDepot]:
    with Engine() as engine, linked_depot(engine) as linked:
        yield linked


@pytest.fixture(params=["seen", "hidden"])
async def depot(
    request: pytest.FixtureRequest, linked: LinkedDepot, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Depot]:
    """Give an instance, whose memory is seen by the host, or is not."""
    if request.param == "hidden":
        monkeypatch.setattr(linked.linked.engine, "memories", Memories(None))
    async with linked.open() as depot:
        yield depot


def item(number: int) -> dict[str, Any]:
    return {"name": f"item {number:05}", "count": number, "tags": ["a", "ö"]}


class TestValues:
    async def test_a_function_that_is_exported_by_itself_is_called(self, depot: Depot) -> None:
        assert await depot("greet", "Ada") == "hello, Ada"

    async def test_results_are_returned_and_errors_raised(self, depot: Depot) -> None:
        assert await depot("divide", 7, -2) == -3
        with pytest.raises(Err) as raised:
            await depot("divide", 1, 0)
        assert raised.value.value == "1 by 0"
        assert await depot("check", 7) is None
        with pytest.raises(Err, match="no luck"):
            await depot("check", 8)
        assert await depot("divide", 4, 2) == 2

    async def test_a_string_of_a_megabyte_goes_there_and_back(self, depot: Depot) -> None:
        text = "äöü€😀" * 80_000
        for _ in range(2):
            assert await depot("echo", text) == text
        assert await depot("echo", "short") == "short"

    async def test_bytes_of_64_kib_go_there_and_back(self, depot: Depot) -> None:
        data = bytes(range(256)) * 256
        assert await depot("reversed", data) == data[::-1]

    @pytest.mark.holds_the_loop("ten thousand records are compared")
    async def test_ten_thousand_records_go_there_and_back(self, depot: Depot) -> None:
        items = [item(number) for number in reversed(range(10_000))]
        found = await depot("sorted", items)
        assert [each.count for each in found] == list(range(10_000))
        assert found[17]._asdict() == item(17)

    async def test_an_argument_that_is_too_long_for_the_memory_of_an_instance_is_a_trap(
        self, linked: LinkedDepot
    ) -> None:
        async with linked.open(InstanceLimits(memory=8 * MIB)) as depot:
            with pytest.raises(Trap):
                await depot("echo", "x" * 9 * MIB)


class TestResources:
    async def test_methods_are_called_on_what_the_constructor_returns(self, depot: Depot) -> None:
        async with await depot("shelf", "first") as shelf:
            assert await shelf.call("label") == "first"
            assert await shelf.call("add", item(1)) == 1
            assert await depot("shelf.add", shelf, item(2)) == 2
            assert (await shelf.call("take"))._asdict() == item(2)
            assert repr(shelf) == "<`shelf` of `test:depot/goods@1.0.0`>"
        assert repr(shelf) == "<`shelf` of `test:depot/goods@1.0.0`, gone>"

    async def test_a_resource_is_dropped_once(self, depot: Depot) -> None:
        shelf = await depot("shelf", "a")
        assert await depot("alive") == 1
        await shelf.close()
        await shelf.close()
        assert await depot("alive") == 0
        with pytest.raises(WrongArgumentError, match="self: <.*, gone> has been given back or dropped"):
            await shelf.call("label")

    async def test_resources_inside_of_values_are_lent_and_given(self, depot: Depot) -> None:
        shelves = [shelf for _, shelf in await depot("shelves", 3)]
        assert await depot("labels", [*shelves, shelves[0]]) == ["0", "1", "2", "0"]
        assert await depot("scrap", shelves[:2]) == 2
        assert await depot("alive") == 1
        with pytest.raises(WrongArgumentError, match=r"shelves\[1\]: <.*, gone> has been given back or dropped"):
            await depot("labels", [shelves[2], shelves[1]])

    async def test_resources_are_passed_in_some_cases_of_a_value(self, depot: Depot) -> None:
        lent, given = await depot("shelf", "lent"), await depot("shelf", "given")
        await lent.call("add", item(3))
        picked = await depot("pick", lent, Ok(given))
        assert (await picked.call("label"), (await picked.call("take")).count) == ("given", 3)
        with pytest.raises(Err, match="neither"):
            await depot("pick", lent, Err("neither"))
        assert await depot("pick", None, Ok(picked)) is None
        assert await depot("alive") == 1
        with pytest.raises(WrongArgumentError, match=r"given\.ok: <.*, gone> has been given back or dropped"):
            await depot("pick", lent, Ok(picked))

    async def test_what_is_given_may_come_back(self, depot: Depot) -> None:
        into, other = await depot("shelf", "into"), await depot("shelf", "other")
        await other.call("add", item(5))
        merged = await depot("shelf.merge", into, other)
        assert into.handle is None
        assert (await merged.call("take")).count == 5
        with pytest.raises(Err, match="`into` is empty"):
            await merged.call("take")

    async def test_one_resource_is_not_given_twice(self, depot: Depot) -> None:
        shelf = await depot("shelf", "a")
        for function, arguments in (("shelf.merge", (shelf, shelf)), ("scrap", ([shelf, shelf],))):
            with pytest.raises(WrongArgumentError, match="is passed twice"):
                await depot(function, *arguments)
        assert await shelf.call("label") == "a"

    async def test_what_a_wrong_call_names_is_not_given(self, depot: Depot) -> None:
        shelf = await depot("shelf", "a")
        with pytest.raises(WrongArgumentError, match=r"other: 3 is not a `shelf`"):
            await depot("shelf.merge", shelf, 3)
        assert await shelf.call("label") == "a"

    async def test_a_resource_of_another_instance_is_refused(self, depot: Depot, linked: LinkedDepot) -> None:
        async with linked.open() as another:
            shelf = await another("shelf", "a")
            with pytest.raises(WrongArgumentError, match=r"shelves\[0\]: <.*> is of another instance"):
                await depot("labels", [shelf])

    async def test_a_destructor_that_traps_is_a_trap(self, depot: Depot) -> None:
        shelf = await depot("shelf", "unbreakable")
        with pytest.raises(Trap, match="unreachable"):
            await shelf.close()

    async def test_resources_go_with_their_instance(self, linked: LinkedDepot) -> None:
        async with linked.open() as depot:
            shelf = await depot("shelf", "a")
        await shelf.close()
        with pytest.raises(RuntimeError, match="is closed: it cannot be called"):
            await shelf.call("label")


async def test_what_a_guest_prints_arrives(depot: Depot, linked: LinkedDepot) -> None:
    linked.output.written.clear()
    await depot("print", "a\nb")
    assert b"".join(linked.output.written) == b"a\nb"


@pytest.fixture(scope="module")
def writing() -> Iterator[LinkedDepot]:
    with Engine() as engine, linked_depot(engine, WRITING) as linked:
        yield linked


async def test_a_line_that_is_not_ended_is_delivered_when_the_function_returns(writing: LinkedDepot) -> None:
    async with writing.open() as guest:
        await guest("print")
        assert writing.output.written == [b"no line"]


class TestWrongCalls:
    @pytest.mark.parametrize(
        ("function", "arguments", "message"),
        [
            ("greet", (3,), "`greet` is called with a wrong value: name: 3 is not a string"),
            ("greet", (), "`greet` is called with 0 arguments: greet: func(name: string) -> string"),
            ("divide", (1, 1 << 31), "b: 2147483648 is not a `s32`"),
            ("sorted", ([item(1), {**item(2), "tags": ["a", 2]}],), "items[1].tags[1]: 2 is not a string"),
            ("sorted", ([{"name": "a"}],), "items[0]: {'name': 'a'} has no key 'count', as a `item` has"),
            ("shelf.add", (3, item(1)), "self: 3 is not a `shelf`"),
            ("echo", ("\ud800",), "text: '\\ud800' has surrogates, which UTF-8 does not"),
        ],
    )
    async def test_a_wrong_argument_is_told_with_its_place(
        self, depot: Depot, function: str, arguments: tuple[Any, ...], message: str
    ) -> None:
        with pytest.raises(WrongArgumentError) as raised:
            await depot(function, *arguments)
        assert message in str(raised.value)
        assert await depot("greet", "again") == "hello, again"

    async def test_an_unknown_export_is_told_with_those_that_there_are(self, depot: Depot) -> None:
        with pytest.raises(NoExportError) as raised:
            await depot("dividde", 1, 2)
        message = str(raised.value)
        assert message.startswith(
            "component `depot` has no export `dividde`; did you mean `divide`?; there are `greet`"
        )
        assert "`test:depot/goods@1.0.0#shelf.add`" in message

    @pytest.mark.parametrize("interface", ["test:depot/goods@1.0.0", "test:depot/goods", "goods"])
    async def test_a_function_is_found_by_its_interface(self, depot: Depot, interface: str) -> None:
        assert await depot(f"{interface}#divide", 4, 2) == 2

    async def test_calls_at_the_same_time_are_refused(self, depot: Depot) -> None:
        first = asyncio.create_task(depot("sleep", 30))
        await asyncio.sleep(0.005)
        with pytest.raises(RuntimeError, match="is in another call"):
            await depot("alive")
        assert await first >= 30


class TestCallsThatPause:
    async def test_a_guest_that_sleeps_leaves_the_loop_to_others(self, depot: Depot) -> None:
        turns = 0

        async def count() -> None:
            nonlocal turns
            while True:
                await asyncio.sleep(0.002)
                turns += 1

        counting = asyncio.create_task(count())
        assert await depot("sleep", 50) >= 50
        counting.cancel()
        assert turns > 3

    async def test_a_guest_waits_for_a_method_in_python(self, depot: Depot) -> None:
        assert await depot("ask", 7) == "number 7"
        assert depot.directory.asked == []

    async def test_a_cancelled_call_cancels_what_it_waits_for(self, depot: Depot) -> None:
        before = depot.directory.cancelled
        call = asyncio.create_task(depot("ask", 0))
        while 0 not in depot.directory.asked:  # noqa: ASYNC110 - no event
            await asyncio.sleep(0.001)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        with pytest.raises(RuntimeError, match="has trapped"):
            await depot("alive")
        depot.instance.close()
        await asyncio.sleep(0.01)
        assert depot.directory.cancelled == before + 1
        depot.directory.asked.clear()

    async def test_a_sleeping_guest_is_given_up(self, depot: Depot) -> None:
        began = monotonic()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(depot("sleep", 60_000), 0.02)
        assert monotonic() - began < 10
        assert depot.instance.poisoned


class TestTraps:
    async def test_a_panic_is_a_trap_and_the_instance_is_not_used_again(self, depot: Depot) -> None:
        shelf = await depot("shelf", "a")
        with pytest.raises(Trap, match="unreachable"):
            await depot("panic")
        with pytest.raises(RuntimeError, match="has trapped or was given up: it cannot be called"):
            await depot("alive")
        await shelf.close()

    async def test_a_guest_that_computes_for_too_long_is_ended(self, linked: LinkedDepot) -> None:
        async with linked.open(InstanceLimits(cpu=0.05)) as depot:
            with pytest.raises(LimitExceeded):
                await depot("spin")


class TestGuestsThatEnd:
    async def test_resources_of_before_are_gone(self, depot: Depot) -> None:
        before = await depot("shelf", "before")
        await depot("alive")
        depot.instance.end_guest()
        await before.close()  # its number may be another's by now
        assert await depot("alive") == 1
        after = await depot("shelf", "after")
        with pytest.raises(WrongArgumentError, match=r"shelves\[1\]: <.*, gone> is of another instance"):
            await depot("labels", [after, before])
        with pytest.raises(WrongArgumentError, match="is of another instance"):
            await before.call("label")
        assert await after.call("label") == "after"

    async def test_the_callers_memory_is_the_instances(self, depot: Depot) -> None:
        memories = depot.instance.memories
        located, live = memories.located, memories.live
        long = "x" * 200_000
        for _ in range(3):
            assert await depot("echo", long) == long
            assert await depot("echo", "short") == "short"
            depot.instance.end_guest()
        found = int(memories.are_found)
        assert (memories.located, memories.live) == (located + found, live + found)
        depot.instance.close()
        assert memories.live == live

    async def test_a_caller_that_begins_anew_is_looked_for_again(self, depot: Depot) -> None:
        await depot("echo", "x" * 200_000)
        memories = depot.instance.memories
        live = memories.live
        challenge = next(each for each in depot.exports.interface().functions if each.name == "challenge")
        assert len(challenge.call(depot.instance)) == (32 if memories.are_found else 0)
        assert memories.live == live - memories.are_found

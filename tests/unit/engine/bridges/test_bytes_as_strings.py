"""Bytes that cross to and from bridges as strings: the same arrive, and nothing that a guest may not pass."""

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from bytes_guests import BAD_TEXTS, BAD_TEXTS_AT, END, HEAP_END, INTERFACE, MEMORY, TEXT, TEXT_AT, bytes_guest

from whorl.engine.bridges import bridge as bridges
from whorl.engine.bridges import guests
from whorl.engine.bridges.bridge import Bridge
from whorl.engine.bridges.descriptions import BridgeDescription
from whorl.engine.cache import CompiledCache
from whorl.engine.components import LinkedComponent
from whorl.engine.compositions import ComponentSource, Composition
from whorl.engine.engines import Engine
from whorl.engine.instances import Instance, instantiate
from whorl.engine.limits import InstanceLimits
from whorl.engine.loading import ComponentLoader
from whorl.engine.memories import Memories
from whorl.engine.tools import ComponentTools, cached_in
from whorl.engine.traps import Trap
from whorl.values import Err, Ok

pytestmark = pytest.mark.anyio

Linked = tuple[LinkedComponent, "Probe"]

NONE, SOME = 0, 1
OK, ERR = 0, 1
PLAIN = [TEXT_AT, 1, NONE, 0, 0, ERR, TEXT_AT, 1, 0]
"""Parameters of `take` that are right."""

HALF = 1 << 31
ADDRESSES = (0, 1, 2, 255, 4096, 4097, HEAP_END, HEAP_END + 1)
LENGTHS = (0, 1, 2, 3, 100, 4095, 5000)


class Probe:
    """Takes what the guest passes, and gives what a test wants."""

    def __init__(self) -> None:
        self.numbers: list[int] = []
        self.taken: list[tuple[Any, ...]] = []
        self.came_back: list[Any] = []
        self.answer: Any = None
        self.three: tuple[bytes, str, bytes] = (b"", "", b"")

    def next(self) -> int:
        return self.numbers.pop(0)

    def take(self, key: str, value: bytes | None, more: Any) -> bytes | None:
        self.taken.append((key, value, more))
        if isinstance(self.answer, Err):
            raise self.answer
        answer: bytes | None = self.answer
        return answer

    def sink(self, value: Any) -> None:
        self.came_back.append(value)

    def give(self) -> tuple[bytes, str, bytes]:
        return self.three

    def back(self, value: tuple[bytes, str, bytes]) -> None:
        self.came_back.append(value)


class Passing:
    """Makes calls in one instance, or in a new one where that has trapped."""

    def __init__(self, linked: LinkedComponent, probe: Probe) -> None:
        self.linked = linked
        self.probe = probe
        self.instance: Instance | None = None

    async def __call__(self, numbers: list[int]) -> tuple[Any, ...]:
        """Return what `take` has got."""
        if self.instance is None:
            self.instance = await instantiate(self.linked, InstanceLimits())
        self.probe.numbers = [*numbers]
        self.probe.taken.clear()
        try:
            await self.instance.call()
        except Trap:
            self.close()
            raise
        (taken,) = self.probe.taken
        return taken

    def close(self) -> None:
        if self.instance is not None:
            self.instance.close()
            self.instance = None


@pytest.fixture(scope="module")
def loader(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> ComponentLoader:
    return ComponentLoader(engine, CompiledCache(tmp_path_factory.mktemp("cache")))


@pytest.fixture(params=[""])
def linked(request: pytest.FixtureRequest, engine: Engine, loader: ComponentLoader) -> Iterator[Linked]:
    """Give the guest; a test may say with which options it lowers `take`."""
    guest = bytes_guest(request.param).encode()
    code, (description,), _ = loader.load("guest", Composition((ComponentSource("guest", guest),), hosted=(INTERFACE,)))
    probe = Probe()
    bridge = Bridge("guest", BridgeDescription.from_json(description.description), {INTERFACE: probe}, set())
    linked = LinkedComponent(engine, "guest", code, [bridge.interface()])
    yield linked, probe
    linked.close()


@pytest.fixture(params=["found", "hidden"])
def seen(request: pytest.FixtureRequest, engine: Engine) -> Iterator[Engine]:
    """Give the engine where memories can be found, and where they cannot."""
    memories = engine.memories
    if request.param == "hidden":
        engine.memories = Memories(None)
    assert engine.memories.are_found == (request.param == "found")
    yield engine
    engine.memories = memories


@pytest.fixture
async def passing(seen: Engine, linked: Linked) -> AsyncIterator[Passing]:
    passing = Passing(*linked)
    assert passing.linked.engine is seen
    yield passing
    passing.close()


def has_strings(description: str) -> dict[str, bool]:
    return {each["name"]: each.get("has_strings", False) for each in json.loads(description)["functions"]}


@pytest.fixture(scope="module")
def tools() -> ComponentTools:
    return ComponentTools(cached_in(CompiledCache()))


class TestWhichFunctions:
    def test_those_with_bytes_in_types_without_a_name(self, tools: ComponentTools) -> None:
        _, description, guest = tools.bridge_and_guest(bytes_guest().encode(), [INTERFACE])
        expected = {"next": False, "take": True, "sink": True, "give": True, "back": True}
        assert has_strings(description) == expected
        assert isinstance(guest, bytes)
        tools.validate(guest)

    def test_a_bridge_alone_has_none(self, tools: ComponentTools) -> None:
        _, description = tools.bridge(bytes_guest().encode(), [INTERFACE])
        assert not any(has_strings(description).values())

    @pytest.mark.parametrize("encoding", ["utf16", "latin1+utf16"])
    def test_not_one_that_is_called_in_another_encoding(self, tools: ComponentTools, encoding: str) -> None:
        text = bytes_guest(f"string-encoding={encoding}").encode()
        _, description, _ = tools.bridge_and_guest(text, [INTERFACE])
        assert has_strings(description)["give"]
        assert not has_strings(description)["take"]

    @pytest.mark.parametrize(
        ("declaration", "expected"),
        [
            ('(param "x" (list u8))', True),
            ('(param "x" u64) (result (list u8))', True),
            ('(param "x" (list string)) (result (list u8))', False),
            ('(param "x" (list $pair)) (result (list u8))', True),
            ('(param "x" $named)', False),
            ('(param "x" $named) (result (list u8))', True),
            ('(param "x" string) (result string)', False),
            ('(param "x" $mixed) (result (list u8))', False),
            ('(param "x" (list (list u8)))', False),
            (" ".join(f'(param "p{n}" u8)' for n in range(13)) + '(param "x" (list u8))', True),
            (" ".join(f'(param "p{n}" u8)' for n in range(14)) + '(param "x" (list u8))', False),
            (" ".join(f'(param "p{n}" u8)' for n in range(20)) + "(result (list u8))", True),
        ],
    )
    def test_others(self, tools: ComponentTools, declaration: str, expected: bool) -> None:  # noqa: FBT001 - of a table
        _, description, _ = tools.bridge_and_guest(calling(declaration), [INTERFACE])
        assert has_strings(description) == {"f": expected}

    def test_not_those_that_are_handed_on(self, tools: ComponentTools) -> None:
        relay = f"""(component
            (import "{INTERFACE}" (instance $host (export "f" (func (param "x" (list u8))))))
            (core module $memory (memory (export "memory") 1))
            (core instance $m (instantiate $memory))
            (core func (canon lower (func $host "f") (memory (core memory $m "memory"))))
            (export "f" (func $host "f")))""".encode()
        _, description, guest = tools.bridge_and_guest(relay, [INTERFACE])
        assert has_strings(description) == {"f": False}
        assert guest == relay


def calling(declaration: str) -> bytes:
    """Return a component that lowers a function with such parameters and results."""
    return f"""(component
        (import "{INTERFACE}" (instance $host
            (type $pair' (record (field "a" u8) (field "b" u64)))
            (export "pair" (type $pair (eq $pair')))
            (type $named' (record (field "a" (list u8)) (field "b" string)))
            (export "named" (type $named (eq $named')))
            (type $mixed' (variant (case "a" string) (case "b" u64)))
            (export "mixed" (type $mixed (eq $mixed')))
            (export "f" (func {declaration}))))
        (core module $memory (memory (export "memory") 1)
            (func (export "realloc") (param i32 i32 i32 i32) (result i32) unreachable))
        (core instance $m (instantiate $memory))
        (core func (canon lower (func $host "f")
            (memory (core memory $m "memory")) (realloc (core func $m "realloc")))))""".encode()


class TestWhatArrives:
    async def test_bytes_from_any_address(self, passing: Passing) -> None:
        for address in ADDRESSES:
            for length in LENGTHS:
                value = bytes(MEMORY[address : address + length])
                numbers = [TEXT_AT, 3, SOME, address, length, OK, address, length, 77]
                assert await passing(numbers) == (TEXT[:2], value, Ok((value, 77)))

    async def test_each_place_is_told_from_the_others(self, passing: Passing) -> None:
        for first in (10, 11):
            for second in (20, 21):
                numbers = [TEXT_AT, 1, SOME, first, 5, OK, second, 6, 0]
                expected = (MEMORY[first : first + 5], Ok((MEMORY[second : second + 6], 0)))
                assert (await passing(numbers))[1:] == expected
                numbers[2] = NONE
                assert (await passing(numbers))[1:] == (None, expected[1])

    async def test_text_in_utf_8(self, passing: Passing) -> None:
        size = len(TEXT.encode())
        numbers = [TEXT_AT, size, NONE, 0, 0, ERR, TEXT_AT, size, 0]
        assert await passing(numbers) == (TEXT, None, Err(TEXT))

    async def test_what_is_not_there_is_not_looked_at(self, passing: Passing) -> None:
        wrong = [0xFFFFFFFF, 0xFFFFFFFF]
        assert (await passing([TEXT_AT, 0, NONE, *wrong, OK, 1, 0, 5]))[1:] == (None, Ok((b"", 5)))

    async def test_the_end_of_the_memory(self, passing: Passing) -> None:
        for length in (0, 1, 2, 5, 9):
            value = bytes(MEMORY[END - length :])
            assert (await passing([TEXT_AT, 0, SOME, END - length, length, *PLAIN[5:]]))[1] == value

    async def test_results_of_any_length(self, passing: Passing) -> None:
        for length in LENGTHS:
            answer = bytes(MEMORY[:length])
            passing.probe.answer = answer
            passing.probe.three = (answer, TEXT * (length % 50), answer[::-1])
            passing.probe.came_back.clear()
            await passing(PLAIN)
            assert passing.probe.came_back == [Ok(answer), passing.probe.three]

    async def test_what_is_no_bytes_in_results(self, passing: Passing) -> None:
        for answer, expected in ((None, Ok(None)), (Err(("none-such", None)), Err(("none-such", None)))):
            passing.probe.answer = answer
            passing.probe.came_back.clear()
            await passing(PLAIN)
            assert passing.probe.came_back[0] == expected

    @pytest.mark.parametrize("linked", ["string-encoding=utf16", "string-encoding=latin1+utf16"], indirect=True)
    async def test_other_encodings(self, passing: Passing) -> None:
        taken = await passing([0, 0, SOME, 11, 100, OK, 13, 3, 9])
        assert taken == ("", MEMORY[11:111], Ok((MEMORY[13:16], 9)))


class TestWhatTraps:
    @pytest.mark.parametrize("place", [0, 3, 6])
    @pytest.mark.parametrize(
        ("address", "length"),
        [
            (END, 1),
            (END - 1, 2),
            (END - 2, 3),
            (END + 1, 0),
            (END + 2, 0),
            (0, END + 1),
            (1, END),
            (1, END + 1),
            (HALF, 1),
            (HALF + 1, 1),
            (2 * HALF - 1, 1),
            (2 * HALF - 2, 1),
            (2 * HALF - 1, 0),
            (0, HALF - 1),
            (1, HALF - 1),
            (0, HALF),
            (1, HALF),
            (0, HALF + 1),
            (0, HALF | 4),
            (1, HALF | 4),
            (0, 2 * HALF - 1),
            (1, 2 * HALF - 1),
            (2 * HALF - 1, 2 * HALF - 1),
        ],
    )
    async def test_what_is_not_in_the_memory(self, passing: Passing, place: int, address: int, length: int) -> None:
        numbers = [TEXT_AT, 1, SOME, 0, 0, OK, 0, 0, 0]
        numbers[place : place + 2] = address, length
        for _ in range(2):
            with pytest.raises(Trap):
                await passing(numbers)
            assert passing.probe.taken == []
            for _ in range(3):
                assert (await passing(PLAIN))[0] == "n"

    @pytest.mark.parametrize("place", [0, 6])
    @pytest.mark.parametrize("number", range(len(BAD_TEXTS)))
    async def test_text_that_is_no_utf_8(self, passing: Passing, place: int, number: int) -> None:
        address = BAD_TEXTS_AT + sum(map(len, BAD_TEXTS[:number]))
        numbers = [*PLAIN]
        numbers[place : place + 2] = address, len(BAD_TEXTS[number])
        for before in range(4):
            for _ in range(before):
                await passing(PLAIN)
            with pytest.raises(Trap, match="cannot be read"):
                await passing(numbers)
            assert passing.probe.taken == []

    async def test_a_case_that_there_is_not(self, passing: Passing) -> None:
        for place in (2, 5):
            numbers = [*PLAIN]
            numbers[place] = 2
            with pytest.raises(Trap):
                await passing(numbers)

    async def test_a_result_that_is_too_long(self, passing: Passing, monkeypatch: pytest.MonkeyPatch) -> None:
        for module in (guests, bridges):
            monkeypatch.setattr(module, "LONGEST_REPLY", 20_000)
        for before in (0, 3):
            for _ in range(before):
                await passing(PLAIN)
            passing.probe.answer = bytes(20_000)
            with pytest.raises(Trap, match="2 GiB"):
                await passing(PLAIN)
            passing.probe.answer = None

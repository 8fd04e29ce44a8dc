"""What takes long is done beside the event loop; what would take too long for anybody is refused at start."""

import asyncio
import struct
import threading
from collections.abc import Callable
from typing import Any

import pytest
from bridge_callers import Caller

from whorl.engine.bridges.bridge import Bridge
from whorl.engine.bridges.descriptions import BridgeDescription, Function, Resource
from whorl.engine.bridges.types import PRIMITIVES, Handle, ListOf, Text, Tuple, Type, Variant
from whorl.engine.packing import MalformedError, bytes_of_text, text_of_bytes
from whorl.errors import ComponentError

pytestmark = pytest.mark.anyio

U8, U32 = PRIMITIVES["u8"], PRIMITIVES["u32"]
INTERFACE = "a:b/c"
ARENA = 256
MANY = 20_000


class Called:
    """A guest that calls one function, whose memory the host does not see."""

    def __init__(self, method: Callable[..., Any], params: list[Type], result: Type | None) -> None:
        named = tuple((f"p{number}", kind) for number, kind in enumerate(params))
        functions = (Function(INTERFACE, "f", named, result),)
        described = BridgeDescription("whorl:host/bridge-0@0.1.0", (Resource(INTERFACE, "thing"),), functions)
        implementation = type("Implementation", (), {"f": staticmethod(method), "Thing": object})()
        self.bridge = Bridge("guest", described, {INTERFACE: implementation}, set())
        self.caller = Caller()
        self.functions = {each.name: each.call for each in self.bridge.interface().functions}
        self.waits = 0

    async def __call__(self, flat: bytes = b"", arena: bytes = b"") -> bytes:
        """Call it, wait as long as that takes, and return the reply."""
        frame = bytes(80) + flat.ljust(ARENA - 80, b"\0") + arena
        reply = bytes_of_text(self.functions["call"](self.caller, text_of_bytes(frame)))
        while struct.unpack_from("<I", reply)[0] == 1:
            self.waits += 1
            task = struct.unpack_from("<IIII", reply)[3]
            while not self.caller.tasks.is_ready(task):  # noqa: ASYNC110 - no event
                await asyncio.sleep(0.001)
            reply = bytes_of_text(self.functions["finish"](self.caller, task))
        if struct.unpack_from("<I", reply)[0] == 3:
            reply = bytes_of_text(self.functions["finish"](self.caller, 0))
        return reply


def pointed(count: int) -> bytes:
    return ARENA.to_bytes(8, "little") + count.to_bytes(8, "little")


async def test_a_result_of_many_values_is_written_beside_the_loop() -> None:
    few, many = Called(lambda: [str(n) for n in range(10)], [], ListOf(Text())), Called(texts, [], ListOf(Text()))
    await few()
    reply = await many()
    assert (few.waits, many.waits) == (0, 1)
    pointer, count = struct.unpack_from("<II", reply, 16)
    assert count == MANY
    last, size = struct.unpack_from("<II", reply, pointer - ARENA + 8 * (MANY - 1))
    assert reply[last - ARENA : last - ARENA + size] == str(MANY - 1).encode()


def texts() -> list[str]:
    return [str(number) for number in range(MANY)]


async def test_arguments_of_many_values_are_read_beside_the_loop_and_the_method_is_called_on_it() -> None:
    seen: list[tuple[int, threading.Thread]] = []

    def method(pairs: list[tuple[int, int]]) -> None:
        seen.append((sum(second for _, second in pairs), threading.current_thread()))

    call = Called(method, [ListOf(Tuple((U8, U8)))], None)
    await call(pointed(10), b"\1\2" * 10)
    await call(pointed(MANY), b"\1\2" * MANY)
    here = threading.current_thread()
    assert seen == [(20, here), (2 * MANY, here)]
    assert call.waits == 1


async def test_bytes_of_any_length_are_read_at_once() -> None:
    call = Called(len, [ListOf(U8)], U32)
    reply = await call(pointed(10**6), bytes(10**6))
    assert (struct.unpack_from("<I", reply, 16), call.waits) == ((10**6,), 0)


async def test_a_codec_of_many_types_is_made_beside_the_loop_once() -> None:
    large = Variant("large", tuple((f"case-{number}", U32) for number in range(500)))
    call = Called(lambda value: value[1], [large], U32)
    for _ in range(2):
        reply = await call((3).to_bytes(8, "little") + (7).to_bytes(8, "little"))
        assert struct.unpack_from("<I", reply, 16) == (7,)
    assert call.waits == 1


async def test_what_was_given_away_in_vain_is_taken_back() -> None:
    """The first attempt on the loop gives some handles, the one beside it all of them."""
    call = Called(lambda: [object() for _ in range(MANY)], [], ListOf(ListOf(Handle(0, is_owned=True))))
    deep = Called(lambda: [[object()] * 100 for _ in range(100)], [], ListOf(ListOf(Handle(0, is_owned=True))))
    with pytest.raises(Exception, match="gave a wrong value"):
        await call()
    await deep()
    [guest] = deep.caller.state.values()
    assert len(guest.things) == 100 * 100


async def test_an_awaited_result_of_many_values_is_written_beside_the_loop_too() -> None:
    async def method() -> list[str]:
        await asyncio.sleep(0)
        return texts()

    assert len(await Called(method, [], ListOf(Text()))()) > MANY * 8


def nested(depth: int) -> Type:
    return ListOf(nested(depth - 1)) if depth else U32


async def test_a_guest_may_pass_a_million_values_in_lists_and_not_more() -> None:
    call = Called(lambda _data, flags: len(flags), [ListOf(U8), ListOf(PRIMITIVES["bool"])], U32)
    millions = bytes(1_000_001)
    reply = await call(pointed(0) + pointed(1_000_000), millions[:-1])
    assert struct.unpack_from("<I", reply)[0] == 0
    with pytest.raises(MalformedError, match="more than 1000000 values"):
        await call(pointed(0) + pointed(1_000_001), millions)


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        (Tuple((Variant("v", tuple((f"c{n}", U32) for n in range(1000))),) * 20), "has 40041 types, 3 in each other"),
        (nested(25), "26 in each other"),
    ],
)
async def test_types_that_are_too_large_are_refused(kind: Type, told: str) -> None:
    with pytest.raises(ComponentError, match=told):
        Called(lambda _: None, [kind], None)

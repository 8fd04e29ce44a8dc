"""Random bytes in place of a frame, a reply to handles, or a task: an error for whoever sent them, and nothing else."""

from random import Random
from typing import Any

import pytest
from bridge_callers import Caller
from wit_values import MadeUpTypes

from whorl.engine.bridges.bridge import Bridge
from whorl.engine.bridges.descriptions import BridgeDescription, Function, Resource
from whorl.engine.bridges.types import Handle, ListOf, Option, Tuple, Type
from whorl.engine.packing import MalformedError

FRAMES = 100_000
FUNCTIONS = 400
LARGEST = 1 << 16


class Taker:
    """Takes whatever comes."""

    Thing = object

    def __getattr__(self, name: str) -> Any:
        return lambda *_arguments: None


def functions(random: Random) -> tuple[Function, ...]:
    made_up = MadeUpTypes(random)
    handles: list[Type] = [Handle(0, is_owned=False), Handle(0, is_owned=True)]

    def params() -> list[Type]:
        chosen = [made_up.type() for _ in range(random.randint(1, 6))]
        if random.randrange(4) == 0:
            chosen.append(ListOf(Tuple((Option(random.choice(handles)), made_up.type(1)))))
        return chosen

    return tuple(
        Function("test:a/b", f"f{number}", tuple((f"p{n}", kind) for n, kind in enumerate(params())), None)
        for number in range(FUNCTIONS)
    )


def frame(random: Random) -> bytes:
    """Make up a frame, mostly of numbers that may pass for addresses and sizes."""
    size = random.choice((4, 8, 256, 264, 400, 3000))
    kind = random.randrange(3)
    if kind == 0:
        return random.randbytes(size)
    numbers = (0, 1, 2, 3, 16, 256, size, size - 1, 0xFFFFFFFF, 0x7FFFFFFF) if kind == 1 else (0, 1, 2, 256, 40)
    return b"".join(random.choice(numbers).to_bytes(4, "little") for _ in range(size // 4))


def test_hostile_frames_are_errors() -> None:
    random = Random(20)  # noqa: S311 - so that it can be repeated
    description = BridgeDescription("whorl:host/bridge-0@0.1.0", (Resource("test:a/b", "thing"),), functions(random))
    bridge = Bridge("guest", description, {"test:a/b": Taker()}, set())
    calls = {function.name: function.call for function in bridge.interface().functions}
    call, finish, resolved, drop = (calls[name] for name in ("call", "finish", "resolved", "drop"))
    caller = Caller()
    taken = 0
    for _ in range(FRAMES):
        made_up = frame(random)
        text = made_up.decode("latin-1").encode()
        match random.randrange(20):
            case 0:
                refused(finish, caller, random.getrandbits(32))
            case 1:
                refused(resolved, caller, text)
            case 2:
                drop(caller, random.getrandbits(32), random.getrandbits(32))
            case 3:
                refused(call, caller, calling(FUNCTIONS + random.getrandbits(8), made_up))
            case 4:
                refused(call, caller, text)
            case _:
                taken += not refused(call, caller, calling(random.randrange(FUNCTIONS), made_up))
    assert 0 < taken < FRAMES


def calling(number: int, frame: bytes) -> bytes:
    """Return the text of a frame in which a function is called."""
    return (frame[:64] + number.to_bytes(4, "little") + frame[68:]).decode("latin-1").encode()


def refused(function: Any, *arguments: Any) -> bool:
    """Call a host function, and tell whether it refused what it was given."""
    try:
        answer = function(*arguments)
    except MalformedError:
        return True
    assert len(answer) < LARGEST
    return False


def test_a_small_frame_does_not_stand_for_a_large_value() -> None:
    nested = ListOf(ListOf(ListOf(ListOf(Tuple((Option(Handle(0, is_owned=False)),))))))
    function = Function("test:a/b", "f", (("x", nested),), None)
    description = BridgeDescription("whorl:host/bridge-0@0.1.0", (Resource("test:a/b", "thing"),), (function,))
    call = Bridge("guest", description, {"test:a/b": Taker()}, set()).interface().functions[0].call
    count = 4000
    lists = b"".join(pointer.to_bytes(4, "little") + count.to_bytes(4, "little") for pointer in [256] * count)
    text = bytes(80) + (256).to_bytes(8, "little") + count.to_bytes(8, "little") + bytes(160) + lists
    with pytest.raises(MalformedError, match="or more than once"):
        call(Caller(), calling(0, text))

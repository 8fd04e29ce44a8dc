"""Random bytes in place of a result, and a caller that breaks its rules: an error, and nothing else."""

from random import Random

import pytest
from bridge_callers import Caller
from wasmtime import component as wasm
from wit_values import MadeUpTypes

from whorl.engine.bridges.descriptions import Function, Resource
from whorl.engine.bridges.records import RecordTypes
from whorl.engine.bridges.types import Handle, ListOf, Option, Text, Tuple, Type
from whorl.engine.components import LinkedComponent
from whorl.engine.engines import Engine
from whorl.engine.exports.crossings import Crossing
from whorl.engine.exports.descriptions import CallerDescription
from whorl.engine.exports.exports import Exports
from whorl.engine.exports.functions import ExportedFunction
from whorl.engine.instances import instantiate
from whorl.engine.limits import InstanceLimits
from whorl.engine.packing import MalformedError, text_of_bytes
from whorl.engine.traps import Trap
from whorl.values import Err

pytestmark = pytest.mark.anyio

FRAMES = 20_000
FUNCTIONS = 300
INTERFACE = "whorl:host/caller@0.1.0"
HOLDS = ListOf(Tuple((Option(Handle(0, is_owned=True)), Text())))


class Holder:
    """Holds resources."""

    def hold(self, resource: int, handle: int) -> tuple[int, int]:
        return resource, handle


def returning(kind: Type | None) -> ExportedFunction:
    return ExportedFunction(0, Function("a:b/c", "f", (), kind), "f: func()", RecordTypes())


def frame(random: Random) -> bytes:
    """Make up a frame, mostly of numbers that may pass for addresses and sizes."""
    size = random.choice((0, 8, 256, 260, 300, 3000))
    if random.randrange(3) == 0:
        return random.randbytes(size)
    numbers = (0, 1, 2, 3, 16, 256, size, max(size - 1, 0), 0xFFFFFFFF, 0x7FFFFFFF)
    return b"".join(random.choice(numbers).to_bytes(4, "little") for _ in range(size // 4))


def test_hostile_results_are_errors() -> None:
    random = Random(30)  # noqa: S311 - so that it can be repeated
    made_up = MadeUpTypes(random)
    functions = [returning(made_up.type()) for _ in range(FUNCTIONS)] + [returning(HOLDS)] * 20
    taken = 0
    for _ in range(FRAMES):
        crossing = Crossing(Holder(), ("thing",))
        try:
            random.choice(functions).result(frame(random), crossing)
        except (MalformedError, Err):
            continue
        taken += 1
    assert 0 < taken < FRAMES


def test_a_small_result_does_not_stand_for_a_large_value() -> None:
    count = 4000
    nested = returning(ListOf(ListOf(ListOf(Option(Handle(0, is_owned=True))))))
    lists = b"".join(pointer.to_bytes(4, "little") + count.to_bytes(4, "little") for pointer in [264] * count)
    content = bytes(256) + (264).to_bytes(4, "little") + count.to_bytes(4, "little") + lists
    with pytest.raises(MalformedError, match="or more than once"):
        nested.result(content, Crossing(Holder(), ("thing",)))


def test_what_a_caller_asks_for_out_of_turn_is_an_error() -> None:
    calls = {each.name: each.call for each in exports(Text()).interface().functions}
    for name, arguments in (("next", ()), ("fill", ()), ("locate", (24,)), ("done", (b"",)), ("done", (b"a" * 255,))):
        with pytest.raises(MalformedError):
            calls[name](Caller(), *arguments)


def exports(kind: Type) -> Exports:
    described = CallerDescription(
        INTERFACE, (Resource("a:b/c", "thing"),), (Function("", "f", (), kind),), ("f: func()",), ()
    )
    return Exports("guest", described)


def hostile_caller(body: str, content: bytes = b"") -> str:
    """Return a caller that does `body`; at address 1024 stands `content`."""
    text = "".join(f"\\{byte:02x}" for byte in text_of_bytes(content))
    return f"""(component
      (import "{INTERFACE}" (instance $host
        (export "next" (func (result string))) (export "done" (func (param "frame" string)))
        (export "fill" (func))))
      (core module $memory
        (memory (export "memory") 1)
        (data (i32.const 1024) "{text}")
        (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 16384)))
      (core instance $m (instantiate $memory))
      (core func $next (canon lower (func $host "next") (memory (core memory $m "memory"))
        (realloc (core func $m "realloc"))))
      (core func $done (canon lower (func $host "done") (memory (core memory $m "memory"))))
      (core func $fill (canon lower (func $host "fill")))
      (core module $code
        (import "host" "next" (func $next (param i32)))
        (import "host" "done" (func $done (param i32 i32)))
        (import "host" "fill" (func $fill))
        (func (export "handle") {body}))
      (core instance $code (instantiate $code (with "host" (instance
        (export "next" (func $next)) (export "done" (func $done)) (export "fill" (func $fill))))))
      (func (export "handle") (canon lift (core func $code "handle"))))"""


NEXT = "(call $next (i32.const 8))"


def done(content: bytes) -> str:
    return f"(call $done (i32.const 1024) (i32.const {len(text_of_bytes(content))}))"


OUTSIDE = bytes(256) + (200).to_bytes(4, "little") + (100).to_bytes(4, "little")
NOT_UTF_8 = bytes(256) + (264).to_bytes(4, "little") + (1).to_bytes(4, "little") + b"\xff"


@pytest.mark.parametrize(
    ("body", "content", "message"),
    [
        ("", b"", "a caller returned without a result"),
        (f"{NEXT} {NEXT}", b"", "a caller asked for a call, which there is not"),
        ("(call $fill)", b"", "its memory has not been found"),
        (done(b"short"), b"short", "a caller gave a result that was not asked for"),
        (f"{NEXT} {done(OUTSIDE)}", OUTSIDE, "100 bytes at 200 are not in the frame"),
        (f"{NEXT} {done(NOT_UTF_8)}", NOT_UTF_8, "the result of `f` cannot be read"),
    ],
)
async def test_a_caller_that_breaks_its_rules_is_a_trap(
    engine: Engine, body: str, content: bytes, message: str
) -> None:
    called = exports(Text())
    code = wasm.Component(engine.wasmtime, hostile_caller(body, content))
    linked = LinkedComponent(engine, "guest", code, [called.interface()])
    instance = await instantiate(linked, InstanceLimits())
    try:
        with pytest.raises(Trap, match=message):
            await called.call(instance, "f")
        with pytest.raises(RuntimeError, match="has trapped"):
            await called.call(instance, "f")
    finally:
        instance.close()
        linked.close()

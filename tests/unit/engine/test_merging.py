"""Core modules merged into one: what the component does stays the same."""

import pytest
import wasmtime
from tool_guests import compose, run

from whorl.engine.cache import CompiledCache
from whorl.engine.tools import ComponentTools, cached_in
from whorl.errors import ToolError

_LINKED = """
(component
  IMPORTS
  (core module $environment
    (type $pair (func (param i32 i32) (result i32)))
    (memory (export "memory") 2)
    (table $table (export "table") 8 funcref)
    (global (export "stack") (mut i32) (i32.const 4096))
    (global (export "base") i32 (i32.const 1024))
    (global (export "offset") (mut i32) (i32.const 3))
    (func (export "later") (type $pair) (call_indirect $table (type $pair) (local.get 0) (local.get 1) (i32.const 5)))
    (func (export "never") (type $pair) (call_indirect $table (type $pair) (local.get 0) (local.get 1) (i32.const 6)))
    (data (i32.const 2048) "\\2a"))
  (core instance $environment (instantiate $environment))
  (core module $library
    (import "environment" "memory" (memory 1))
    (import "environment" "stack" (global $stack (mut i32)))
    (global $top (mut i32) (i32.const 8192))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (local $at i32)
      (local.set $at (global.get $top))
      (global.set $top (i32.add (local.get $at) (local.get 3)))
      (local.get $at))
    (func (export "push") (param $size i32) (result i32)
      (global.set $stack (i32.sub (global.get $stack) (local.get $size)))
      (global.get $stack))
    (func (export "count") (result i32) (local $from-zero i32)
      (local.set $from-zero (i32.add (local.get $from-zero) (i32.const 1)))
      (local.get $from-zero))
    (func (export "sign") (param $of i32) (result i32)
      (block $positive
        (block $zero
          (br_if $zero (i32.eqz (local.get $of)))
          (br_if $positive (i32.gt_s (local.get $of) (i32.const 0)))
          (return (i32.const -1)))
        (br 1 (i32.const 0)))
      (i32.const 1))
    (func (export "both") (param i32) (result i32 i32) (local.get 0) (i32.const 10))
    (func $sum (export "sum") (param $to i32) (result i32)
      (if (result i32) (local.get $to)
        (then (i32.add (local.get $to) (call $sum (i32.sub (local.get $to) (i32.const 1)))))
        (else (i32.const 0))))
    (func (export "trap") (unreachable)))
  (core instance $library (instantiate $library (with "environment" (instance $environment))))
  LOWERED
  (core module $main
    (type $pair (func (param i32 i32) (result i32)))
    (import "environment" "memory" (memory 1))
    (import "environment" "table" (table 8 funcref))
    (import "environment" "base" (global $base i32))
    (import "environment" "offset" (global $offset (mut i32)))
    (import "environment" "later" (func $later (type $pair)))
    (import "environment" "never" (func $never (type $pair)))
    (import "library" "push" (func $push (param i32) (result i32)))
    (import "library" "count" (func $count (result i32)))
    (import "library" "sign" (func $sign (param i32) (result i32)))
    (import "library" "both" (func $both (param i32) (result i32 i32)))
    (import "library" "sum" (func $sum (param i32) (result i32)))
    (import "library" "trap" (func $trap))
    FUNCTIONS
    (func $difference (type $pair) (i32.sub (local.get 0) (local.get 1)))
    (elem (i32.const 4) func $trap $difference)
    (data (offset (i32.add (global.get $base) (i32.const 1))) "\\07")
    (func (export "run") (result i32) (local $n i32) (local $total i32) BODY))
  (core instance $main (instantiate $main
    (with "environment" (instance $environment)) (with "library" (instance $library)) ARGUMENTS))
  (func (export "run") (result u32) (canon lift (core func $main "run"))))
"""

BODIES = {
    "a call through a table that nobody changes": ("(call $later (i32.const 7) (i32.const 2))", 5),
    "a global that nobody sets": ("(i32.add (global.get $offset) (global.get $base))", 1027),
    "a global that somebody sets": ("(drop (call $push (i32.const 6))) (call $push (i32.const 10))", 4080),
    "data of each module": ("(i32.add (i32.load8_u (i32.const 2048)) (i32.load8_u (i32.const 1025)))", 49),
    "a memory that grows": ("(drop (memory.grow (i32.const 3))) (memory.size)", 5),
    "locals that are zero at each call": (
        (
            "(loop $again (local.set $total (i32.add (local.get $total) (call $count)))"
            " (br_if $again (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 3))))"
            " (local.get $total)"
        ),
        3,
    ),
    "returns out of blocks": (
        (
            "(i32.add (i32.mul (call $sign (i32.const 9)) (i32.const 100))"
            " (i32.add (i32.mul (call $sign (i32.const 0)) (i32.const 10)) (call $sign (i32.const -9))))"
        ),
        99,
    ),
    "several results": ("(i32.sub (call $both (i32.const 52)))", 42),
    "calls within arguments": ("(call $later (call $later (i32.const 9) (i32.const 2)) (call $sign (i32.const 3)))", 6),
    "a function that calls itself": ("(call $sum (i32.const 10))", 55),
    "a call behind the end of the code": ("(return (i32.const 8)) (call $sign (unreachable))", 8),
    "a reference of a function": ("(i32.eqz (ref.is_null (ref.func $difference)))", 1),
    "a call through the table": (
        "(call_indirect (type $pair) (i32.const 3) (i32.const 1) (i32.add (call $count) (i32.const 4)))",
        2,
    ),
    "a call through the table of another type": (
        "(call_indirect (type $pair) (i32.const 3) (i32.const 1) (i32.add (call $count) (i32.const 3)))",
        None,
    ),
    "a call of nothing": ("(call $never (i32.const 1) (i32.const 2))", None),
    "a call that traps": ("(call $trap) (i32.const 1)", None),
}
"""What the code does, and what it answers; None: it traps."""


def linked(body: str, functions: str = "") -> bytes:
    """Return a component of three core modules that share memory, table and globals."""
    text = _LINKED.replace("BODY", body).replace("FUNCTIONS", functions)
    for nothing in ("IMPORTS", "LOWERED", "ARGUMENTS"):
        text = text.replace(nothing, "")
    return bytes(wasmtime.wat2wasm(text))


@pytest.fixture(scope="module")
def tools() -> ComponentTools:
    return ComponentTools(cached_in(CompiledCache()))


@pytest.mark.parametrize(("body", "answer"), BODIES.values(), ids=BODIES)
def test_a_merged_component_answers_as_before(tools: ComponentTools, body: str, answer: int | None) -> None:
    component = linked(body)
    merged = tools.merge(component)
    tools.validate(merged)
    for each in (component, merged):
        if answer is None:
            with pytest.raises(wasmtime.WasmtimeError):
                run(each)
        else:
            assert run(each) == answer


def test_a_call_through_the_table_by_another_type_traps_as_before(tools: ComponentTools) -> None:
    functions = """(type $nothing (func)) (func $one (param i32) (result i32) (i32.const 99))
        (elem (i32.const 7) func $one)
        (func $odd (param i32) (result i32) (local.get 0) (call_indirect (type $nothing) (i32.const 7)))"""
    component = linked("(call $odd (i32.const 1))", functions)
    for each in (component, tools.merge(component)):
        with pytest.raises(wasmtime.WasmtimeError, match="indirect call type mismatch"):
            run(each)


def test_a_start_function_sees_all_data(tools: ComponentTools) -> None:
    component = linked(
        "(i32.load8_u (i32.const 3000))",
        "(func $begin (i32.store8 (i32.const 3000) (i32.load8_u (i32.const 1025)))) (start $begin)",
    )
    assert [run(component), run(tools.merge(component))] == [7, 7]


def test_a_string_from_another_component_is_put_where_the_guest_allocates(tools: ComponentTools) -> None:
    """The function that allocates is one of the merged module, which is made after the function that calls it."""
    reader = _LINKED.replace(
        "BODY",
        "(call $word (i32.const 64)) (i32.add (i32.mul (i32.load (i32.const 64)) (i32.const 100))"
        " (i32.load8_u (i32.load (i32.const 64))))",
    )
    for place, text in {
        "IMPORTS": '(import "ns:a/words" (instance $words (export "word" (func (result string)))))',
        "LOWERED": '(alias core export $environment "memory" (core memory $memory))'
        ' (alias core export $library "realloc" (core func $realloc))'
        ' (core func $word (canon lower (func $words "word") (memory $memory) (realloc $realloc)))',
        "ARGUMENTS": '(with "words" (instance (export "word" (func $word))))',
        "FUNCTIONS": '(import "words" "word" (func $word (param i32)))',
    }.items():
        reader = reader.replace(place, text)
    words = b"""(component
        (core module $code
            (memory (export "memory") 1)
            (data (i32.const 0) "\\10\\00\\00\\00\\05\\00\\00\\00")
            (data (i32.const 16) "hello")
            (func (export "word") (result i32) (i32.const 0)))
        (core instance $running (instantiate $code))
        (alias core export $running "memory" (core memory $memory))
        (func $word (result string) (canon lift (core func $running "word") (memory $memory)))
        (instance $interface (export "word" (func $word)))
        (export "ns:a/words" (instance $interface)))"""
    assert run(compose(tools, reader.encode(), words).wasm) == 8192 * 100 + ord("h")


def test_what_nobody_uses_of_an_adapter_is_left_out(tools: ComponentTools) -> None:
    """The composed component has the functions of the interface that is imported, and traps for all others."""
    adapter = b"""(component
        (core module $first (memory (export "memory") 1) (func (export "one") (result i32) (i32.const 1)))
        (core module $second (func (export "two") (result i32) (i32.const 222222)))
        (core module $third (func (export "three") (result i32) (i32.const 333333)))
        (core instance $first (instantiate $first))
        (core instance $second (instantiate $second))
        (core instance $third (instantiate $third))
        (func $one (result u32) (canon lift (core func $first "one")))
        (func $two (result u32) (canon lift (core func $second "two")))
        (func $three (result u32) (canon lift (core func $third "three")))
        (instance $used (export "get" (func $one)) (export "other" (func $two)))
        (instance $unused (export "get" (func $three)))
        (export "ns:a/b" (instance $used))
        (export "ns:c/d" (instance $unused)))"""
    caller = b"""(component
        (import "ns:a/b" (instance $source (export "get" (func (result u32)))))
        (core func $get (canon lower (func $source "get")))
        (core module $code
            (import "source" "get" (func $get (result i32)))
            (func (export "run") (result i32) (call $get)))
        (core instance $running (instantiate $code (with "source" (instance (export "get" (func $get))))))
        (func (export "run") (result u32) (canon lift (core func $running "run"))))"""
    composed = compose(tools, caller, adapter).wasm
    assert run(composed) == 1
    for number in (b"\x8e\xc8\x0d", b"\x95\xac\x14"):  # 222222 and 333333 as code has them
        assert number in tools.merge(adapter)
        assert number not in composed


def test_a_component_with_nothing_to_merge_is_refused(tools: ComponentTools) -> None:
    with pytest.raises(ToolError, match="^the component stays as it is: a core module is not instantiated$"):
        tools.merge(b'(component (core module (func (export "f"))))')

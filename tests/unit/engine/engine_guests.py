"""Guests in the text format that the engine's tests compile: each exports `handle` and imports flat host interfaces."""

_TEMPLATE = """
(component
  (import "whorl:host/tasks@0.1.0" (instance $tasks
    (export "wait" (func (param "tasks" string) (param "deadline" u64) (result string)))))
  (import "test:host/probe@0.1.0" (instance $probe
    (export "note" (func (param "text" string)))
    (export "number" (func (result u64)))
    (export "echo" (func (param "flag" bool) (param "small" u32) (param "signed" s64) (param "text" string)
      (result string)))))
  (core module $memory
    (memory (export "memory") 2)
    (global $top (mut i32) (i32.const 4096))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (local $at i32)
      (local.set $at (global.get $top))
      (global.set $top (i32.add (global.get $top) (i32.and (i32.add (local.get 3) (i32.const 15)) (i32.const -16))))
      (local.get $at)))
  (core instance $m (instantiate $memory))
  (alias core export $m "memory" (core memory $mem))
  (alias core export $m "realloc" (core func $realloc))
  (core func $wait (canon lower (func $tasks "wait") (memory $mem) (realloc $realloc)))
  (core func $note (canon lower (func $probe "note") (memory $mem)))
  (core func $number (canon lower (func $probe "number")))
  (core func $echo (canon lower (func $probe "echo") (memory $mem) (realloc $realloc)))
  (core module $main
    (import "host" "wait" (func $wait (param i32 i32 i64 i32)))
    (import "host" "note" (func $note (param i32 i32)))
    (import "host" "number" (func $number (result i64)))
    (import "host" "echo" (func $echo (param i32 i32 i64 i32 i32 i32)))
    (import "host" "memory" (memory 2))
    (data (i32.const 16) "17")
    (data (i32.const 32) "hello")
    (func $note_result (param $at i32)
      (call $note (i32.load (local.get $at)) (i32.load offset=4 (local.get $at))))
    (func (export "handle") BODY))
  (core instance $i (instantiate $main (with "host" (instance
    (export "wait" (func $wait)) (export "note" (func $note)) (export "number" (func $number))
    (export "echo" (func $echo)) (export "memory" (memory $mem))))))
  (func (export "handle") (canon lift (core func $i "handle"))))
"""


def guest(body: str) -> str:
    """Return a component whose `handle` does `body`."""
    return _TEMPLATE.replace("BODY", body)


NOTE = guest("(call $note (i32.const 32) (i32.const 5))")
ECHO = guest(
    "(call $echo (i32.const 1) (i32.const -1) (i64.const -2) (i32.const 32) (i32.const 5) (i32.const 64))"
    " (call $note_result (i32.const 64))"
)
SLEEP = guest(
    "(call $wait (i32.const 16) (i32.const 0) (call $number) (i32.const 64)) (call $note_result (i32.const 64))"
)
WAIT_TASK = guest(
    "(call $wait (i32.const 16) (i32.const 2) (i64.const -1) (i32.const 64)) (call $note_result (i32.const 64))"
)
WAIT_NOTHING = guest("(call $wait (i32.const 16) (i32.const 0) (i64.const -1) (i32.const 64))")
TRAP = guest("unreachable")
SPIN = guest("(loop (br 0))")
GROW_BY_PAGE = guest("(drop (memory.grow (i32.const 1)))")
GROW = guest("(if (i32.ne (memory.grow (i32.const 100)) (i32.const -1)) (then unreachable))")

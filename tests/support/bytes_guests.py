"""A guest that passes bytes and text from any address of its memory, made as text of the component model.

It imports `test:bytes/host@1.0.0`. Its `handle` asks `next` for numbers: the flat parameters of `take`, as they are.
What `take` gives it passes to `sink`; then it asks for what `give` gives, three strings in one, and passes
that to `back`.
"""

from typing import Final

INTERFACE: Final = "test:bytes/host@1.0.0"

MEMORY: Final = bytearray((7 * at + (at >> 8)) & 0xFF for at in range(2 << 16))
"""What is in the guest's memory when it begins."""

TEXT: Final = "né€😀"
TEXT_AT: Final = 65_537
"""An odd address at which a text begins."""

END: Final = len(MEMORY)
PARAMS: Final = 9
"""Flat parameters of `take`."""

MEMORY[TEXT_AT : TEXT_AT + len(TEXT.encode())] = TEXT.encode()
MEMORY[TEXT_AT - 1] = 0x80  # no text begins with it

BAD_TEXTS: Final = (b"\x80", b"\xff", b"n\xc3", b"\xed\xa0\x80", b"\xc0\x80", b"\xf4\x90\x80\x80")
"""What is no UTF-8."""

BAD_TEXTS_AT: Final = 66_000
"""Where the first of these is; they lie behind each other."""

_bad = b"".join(BAD_TEXTS)
MEMORY[BAD_TEXTS_AT : BAD_TEXTS_AT + len(_bad)] = _bad

_RETURN_AREA = 69_000
_HEAP = 70_000
HEAP_END: Final = 100_000
"""Between the text and this the guest's memory changes."""

_ESCAPED = "".join(f"\\{byte:02x}" for byte in MEMORY)
_OPTIONS = '(memory (core memory $m "memory")) (realloc (core func $m "realloc"))'


def bytes_guest(options: str = "") -> str:
    """Return the guest; `options` are more of those with which it lowers `take`."""
    numbers = "(call $next) " * PARAMS
    return f"""(component
  (import "{INTERFACE}" (instance $host
    (type $bytes (list u8))
    (type $failure' (variant (case "none-such") (case "other" string)))
    (export "failure" (type $failure (eq $failure')))
    (type $maybe (option $bytes))
    (export "maybe-bytes" (type $named (eq $maybe)))
    (type $pair (tuple $bytes u32))
    (type $either (result $pair (error string)))
    (type $answer (result $named (error $failure)))
    (type $three (tuple $bytes string $bytes))
    (export "next" (func (result u32)))
    (export "take" (func (param "key" string) (param "value" $maybe) (param "more" $either) (result $answer)))
    (export "sink" (func (param "value" $answer)))
    (export "give" (func (result $three)))
    (export "back" (func (param "value" $three)))))
  (core module $memory
    (memory (export "memory") 2 2)
    (global $top (mut i32) (i32.const {_HEAP}))
    (data (i32.const 0) "{_ESCAPED}")
    (func (export "reset") (global.set $top (i32.const {_HEAP})))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (local $at i32)
      (local.set $at (i32.and
        (i32.add (global.get $top) (i32.sub (local.get 2) (i32.const 1))) (i32.sub (i32.const 0) (local.get 2))))
      (global.set $top (i32.add (local.get $at) (local.get 3)))
      (if (i32.gt_u (global.get $top) (i32.const {HEAP_END})) (then unreachable))
      (local.get $at)))
  (core instance $m (instantiate $memory))
  (core func $next (canon lower (func $host "next")))
  (core func $take (canon lower (func $host "take") {_OPTIONS} {options}))
  (core func $sink (canon lower (func $host "sink") {_OPTIONS}))
  (core func $give (canon lower (func $host "give") {_OPTIONS}))
  (core func $back (canon lower (func $host "back") {_OPTIONS}))
  (core module $code
    (import "host" "next" (func $next (result i32)))
    (import "host" "take" (func $take (param {"i32 " * PARAMS} i32)))
    (import "host" "sink" (func $sink (param i32 i32 i32 i32)))
    (import "host" "give" (func $give (param i32)))
    (import "host" "back" (func $back (param i32 i32 i32 i32 i32 i32)))
    (import "memory" "memory" (memory 2))
    (import "memory" "reset" (func $reset))
    (func (export "run")
      (call $reset)
      (call $take {numbers} (i32.const {_RETURN_AREA}))
      (call $sink
        (i32.load8_u (i32.const {_RETURN_AREA}))
        (i32.load8_u (i32.const {_RETURN_AREA + 4}))
        (i32.load (i32.const {_RETURN_AREA + 8}))
        (i32.load (i32.const {_RETURN_AREA + 12})))
      (call $give (i32.const {_RETURN_AREA}))
      (call $back {" ".join(f"(i32.load (i32.const {_RETURN_AREA + at}))" for at in range(0, 24, 4))})))
  (core instance $run (instantiate $code
    (with "host" (instance
      (export "next" (func $next)) (export "take" (func $take)) (export "sink" (func $sink))
      (export "give" (func $give)) (export "back" (func $back))))
    (with "memory" (instance $m))))
  (func (export "handle") (canon lift (core func $run "run"))))"""

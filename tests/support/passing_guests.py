"""A guest that is called with values of any types, and gives them back: made as text of the component model.

It exports `test:values/guest@1.0.0`. `padded-N` returns what it is given, a value that is not passed flat; `flat-N`,
where that is possible, gives its value to the function of the same name that it imports of `test:values/host@1.0.0`,
`whole-N` returns what `given-N` gives it, so that results come in every form.
"""

from collections.abc import Sequence

from flat_values import flat_types
from identity_guests import INTERFACE, PADDING, Declarations

from whorl.engine.bridges.layouts import MAX_FLAT_PARAMS
from whorl.engine.bridges.types import Type

EXPORTED = "test:values/guest@1.0.0"
_HERE = 1024

_MEMORY = """(core module $memory
  (memory (export "memory") 1)
  (global $top (mut i32) (i32.const 65536))
  (func (export "realloc") (param i32 i32 i32 i32) (result i32) (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $top) (i32.const 15)) (i32.const -16)))
    (global.set $top (i32.add (local.get $at) (local.get 3)))
    (if (i32.gt_u (global.get $top) (i32.mul (memory.size) (i32.const 65536)))
      (then (drop (memory.grow (i32.const 16)))))
    (local.get $at))
  (func (export "reset") (param i32) (global.set $top (i32.const 65536)))
  (func (export "clear") (global.set $top (i32.const 65536))))
"""


def passing_guest(types: Sequence[Type]) -> str:
    """Return the guest for values of `types`, by their numbers."""
    declared, own = Declarations(), Declarations("$host")
    imported, exported, lowered, lifted, imports, code = [], [], [], [], [], []
    options = '(memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))'
    for number, kind in enumerate(types):
        ty = declared.of(kind)
        assert own.of(kind) == ty
        padded = own.define(f"(tuple {ty} {'u64 ' * len(PADDING)})")
        declared.define("u8")  # so that names go on alike
        exported.append((f"padded-{number}", f'(param "x" {padded}) (result {padded})', True))
        code.append(f'(func (export "padded-{number}") (param i32) (result i32) (local.get 0))')
        if kind.flats <= MAX_FLAT_PARAMS:
            params = " ".join(flat_types(kind))
            passed = " ".join(f"(local.get {n})" for n in range(kind.flats))
            imported.append(f'(export "flat-{number}" (func (param "x" {ty})))')
            imports.append((f"flat-{number}", f"(param {params})"))
            exported.append((f"flat-{number}", f'(param "x" {ty})', False))
            code.append(
                f'(func (export "flat-{number}") (param {params}) (call $flat-{number} {passed}) (call $clear))'
            )
        imported.append(f'(export "given-{number}" (func (result {ty})))')
        exported.append((f"whole-{number}", f"(result {ty})", kind.flats > 1))
        if kind.flats > 1:
            imports.append((f"given-{number}", "(param i32)"))
            given = f"(call $given-{number} (i32.const {_HERE})) (i32.const {_HERE})"
            code.append(f'(func (export "whole-{number}") (result i32) {given})')
        else:
            (flat,) = flat_types(kind)
            imports.append((f"given-{number}", f"(result {flat})"))
            code.append(f'(func (export "whole-{number}") (result {flat}) (call $given-{number}))')
    for name, _ in imports:
        lowered.append(f'(core func ${name} (canon lower (func $host "{name}") {options}))')
    for name, signature, is_long in exported:
        after = '(post-return (core func $memory "reset"))' if is_long else ""
        lifted.append(f'(func ${name}-lifted {signature} (canon lift (core func $run "{name}") {options} {after}))')
    core_imports = "\n".join(f'(import "host" "{name}" (func ${name} {signature}))' for name, signature in imports)
    given = " ".join(f'(export "{name}" (func ${name}))' for name, _ in imports)
    outside = "\n".join(f'(export "{name}" (func ${name}-lifted))' for name, _, _ in exported)
    return f"""(component
  (import "{INTERFACE}" (instance $host
    {declared.text()}
    {" ".join(imported)}))
  {_MEMORY}
  (core module $m
    {core_imports}
    (import "memory" "memory" (memory 1))
    (import "memory" "clear" (func $clear))
    {" ".join(code)})
  (core instance $memory (instantiate $memory))
  {" ".join(lowered)}
  (core instance $run (instantiate $m
    (with "host" (instance {given}))
    (with "memory" (instance $memory))))
  {own.text()}
  {" ".join(lifted)}
  (instance $out {outside})
  (export "{EXPORTED}" (instance $out)))"""

"""A guest that gives back whatever it is given, for any types: made as text of the component model.

It imports `test:values/host@1.0.0`. `next` tells it which type is next, `source-N` gives a value and `sink-N` takes it;
both have the value in memory, since more values go with it than are passed flat. `flat-N` takes it flat, where that is
possible. `handle` goes on until `next` says that there is no more.
"""

from collections.abc import Sequence
from itertools import count

from flat_values import flat_loads, flat_types

from whorl.engine.bridges.layouts import MAX_FLAT_PARAMS
from whorl.engine.bridges.types import (
    Enum,
    Flags,
    ListOf,
    Option,
    Primitive,
    Record,
    Result,
    Text,
    Tuple,
    Type,
    Variant,
)

INTERFACE = "test:values/host@1.0.0"
END = 0xFFFFFFFF
_HERE = 1024
"""The address of values."""

PADDING = (0,) * 16
"""What goes with a value, so that it is not passed flat."""

_CORE = """(core module $m
  (import "host" "next" (func $next (result i32)))
  {imports}
  (import "memory" "memory" (memory 1))
  (import "memory" "reset" (func $reset))
  (func (export "run") (local $n i32)
    (loop $again
      (local.set $n (call $next))
      {calls}
      (if (i32.ne (local.get $n) (i32.const -1)) (then (call $reset) (br $again))))))
"""
_MEMORY = """(core module $memory
  (memory (export "memory") 1)
  (global $top (mut i32) (i32.const 65536))
  (func (export "reset") (global.set $top (i32.const 65536)))
  (func (export "realloc") (param i32 i32 i32 i32) (result i32) (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $top) (i32.const 15)) (i32.const -16)))
    (global.set $top (i32.add (local.get $at) (local.get 3)))
    (if (i32.gt_u (global.get $top) (i32.mul (memory.size) (i32.const 65536)))
      (then (drop (memory.grow (i32.const 16)))))
    (local.get $at)))
"""


def identity_guest(types: Sequence[Type]) -> str:
    """Return the guest for values of `types`, by their numbers."""
    declared = Declarations()
    functions = []
    for number, kind in enumerate(types):
        padded = declared.define(f"(tuple {declared.of(kind)} {'u64 ' * len(PADDING)})")
        functions.append(f'(export "source-{number}" (func (result {padded})))')
        functions.append(f'(export "sink-{number}" (func (param "x" {padded})))')
        if kind.flats <= MAX_FLAT_PARAMS:
            functions.append(f'(export "flat-{number}" (func (param "x" {declared.of(kind)})))')
    names = [f"{part}-{number}" for number in range(len(types)) for part in ("source", "sink")]
    flat = {f"flat-{number}": kind for number, kind in enumerate(types) if kind.flats <= MAX_FLAT_PARAMS}
    params = {name: " ".join(flat_types(flat[name])) if name in flat else "i32" for name in (*names, *flat)}
    imports = "\n".join(f'(import "host" "{name}" (func ${name} (param {each})))' for name, each in params.items())
    calls = "\n".join(
        f"(if (i32.eq (local.get $n) (i32.const {number})) (then"
        f" (call $source-{number} (i32.const {_HERE})) (call $sink-{number} (i32.const {_HERE}))"
        + (f" (call $flat-{number} {' '.join(flat_loads(kind, _HERE))})" if f"flat-{number}" in flat else "")
        + "))"
        for number, kind in enumerate(types)
    )
    names += flat
    options = '(memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))'
    lowered = "\n".join(f'(core func ${name} (canon lower (func $host "{name}") {options}))' for name in names)
    given = " ".join(f'(export "{name}" (func ${name}))' for name in names)
    return f"""(component
  (import "{INTERFACE}" (instance $host
    {declared.text()}
    (export "next" (func (result u32)))
    {" ".join(functions)}))
  {_MEMORY}
  {_CORE.format(imports=imports, calls=calls)}
  (core instance $memory (instantiate $memory))
  (core func $next (canon lower (func $host "next")))
  {lowered}
  (core instance $run (instantiate $m
    (with "host" (instance (export "next" (func $next)) {given}))
    (with "memory" (instance $memory))))
  (func (export "handle") (canon lift (core func $run "run"))))"""


class Declarations:
    """Types, each defined once: of an instance type that exports them, or of a component that imports that.

    Args:
        instance: from which a component has them.
    """

    def __init__(self, instance: str | None = None) -> None:
        self._instance = instance
        self._lines: list[str] = []
        self._names: dict[Type, str] = {}
        self._numbers = count()

    def text(self) -> str:
        return "\n    ".join(self._lines)

    def of(self, kind: Type) -> str:
        """Return how a type is named, defined before."""
        if isinstance(kind, Primitive):
            return kind.name
        if isinstance(kind, Text):
            return "string"
        if kind not in self._names:
            name = self.define(self._definition(kind))
            if isinstance(kind, Record | Variant | Enum | Flags):
                number = next(self._numbers)
                exported = f'(export "type-{number}" (type $named{number} (eq {name})))'
                aliased = f'(alias export {self._instance} "type-{number}" (type $named{number}))'
                self._lines.append(aliased if self._instance else exported)
                name = f"$named{number}"
            self._names[kind] = name
        return self._names[kind]

    def define(self, definition: str) -> str:
        """Define a type, and return its name."""
        name = f"$type{next(self._numbers)}"
        self._lines.append(f"(type {name} {definition})")
        return name

    def _definition(self, kind: Type) -> str:
        """Return a type by those that it is made of."""
        words: list[str] = []
        match kind:
            case ListOf(element=element):
                words = ["list", self.of(element)]
            case Option(value=value):
                words = ["option", self.of(value)]
            case Tuple(parts=parts):
                words = ["tuple", *map(self.of, parts)]
            case Record(fields=fields):
                words = ["record", *(self._part("field", *each) for each in fields)]
            case Variant(cases=cases):
                words = ["variant", *(self._part("case", *each) for each in cases)]
            case Result(ok=ok, err=err):
                words = ["result", *([self.of(ok)] if ok else []), *([f"(error {self.of(err)})"] if err else [])]
            case Enum(names=names) | Flags(names=names):
                words = ["enum" if isinstance(kind, Enum) else "flags", *(f'"{name}"' for name in names)]
        return f"({' '.join(words)})"

    def _part(self, word: str, name: str, kind: Type | None) -> str:
        return f'({word} "{name}"{f" {self.of(kind)}" if kind else ""})'

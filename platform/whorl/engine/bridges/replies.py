"""Python source that writes replies: a header, the result, then what the result points to, and where handles belong."""

from whorl.engine.bridges.lowering import Branch, Lowering, is_handle, points
from whorl.engine.bridges.protocol import HEADER_SIZE
from whorl.engine.bridges.records import RecordTypes
from whorl.engine.bridges.source import NUMBERS, Leaf, Source
from whorl.engine.bridges.types import BYTE, Cases, Handle, ListOf, Result, Type, aligned


class ReplyLowering(Lowering):
    """Makes the source that writes the replies of one bridge.

    Args:
        source: what it is added to.
        records: the classes of the bridge.
        are_strings_even: text and bytes begin at even addresses.
    """

    has_fixes = True

    def __init__(self, source: Source, records: RecordTypes, *, are_strings_even: bool = False) -> None:
        super().__init__(source, records)
        self._are_strings_even = are_strings_even

    def function(self, name: str, kind: Type | None, case: str | None = None) -> None:
        """Define `name(x, base, here)`, which returns the reply to a call.

        `base` is where the guest will have the reply; `here` takes handles, and has `room` for so many values, else it
        is a `ManyValuesError`.

        Args:
            name: of the function.
            kind: of the result, None if there is none.
            case: if the result is a `result`, `x` is the payload of this case.
        """
        self._out = [f"def {name}(x, base, here):"]
        crossing = dict(kind.cases)[case] if case is not None and isinstance(kind, Result) else kind
        if isinstance(crossing, Handle):
            self._handle_alone(kind, crossing, case)
        else:
            self._result(kind, crossing, case)
        self._source.add(*self._out)

    def _handle_alone(self, kind: Type | None, handle: Handle, case: str | None) -> None:
        """Emit the lowering of a result that is a handle, by itself or as the payload of `ok`: all in one packing."""
        size, at, leaves = 4, 0, []
        if isinstance(kind, Result):
            size, at = kind.size, kind.payload_offset
            number = [name for name, _ in kind.cases].index(str(case))
            leaves.append(Leaf(HEADER_SIZE, NUMBERS[kind.discriminant], kind.discriminant, str(number)))
        end = HEADER_SIZE + aligned(size, 4)
        header = ("0", f"base + {HEADER_SIZE}", f"base + {end}", "1")
        leaves += [Leaf(4 * n, "I", 4, each) for n, each in enumerate(header)]
        leaves.append(Leaf(HEADER_SIZE + at, "I", 4, f"here.own({handle.resource}, x)"))
        fix = (f"base + {HEADER_SIZE + at}", str(handle.resource))
        leaves += [Leaf(end + 4 * n, "I", 4, each) for n, each in enumerate(fix)]
        self._emit("    ", f"return {self._packed(leaves, end + 8)}")

    def _result(self, kind: Type | None, crossing: Type | None, case: str | None) -> None:
        """Emit the lowering of any result, of which `crossing` is what is there in this case."""
        size = 0 if kind is None else kind.size
        has_handles = crossing is not None and crossing.has(is_handle)
        self.pads_strings = self._are_strings_even and crossing is not None and _most_blobs(crossing) > 1
        has_blobs = has_handles or (crossing is not None and crossing.has(points))
        if has_blobs:
            fixes = "fixes = []; " if has_handles else ""
            self._emit("    ", f"blobs = []; {fixes}add = blobs.append; pos = base + {HEADER_SIZE + size}")

        def finish(struct: Branch) -> None:
            head = ["0", f"base + {HEADER_SIZE}", "0", "0"]
            if has_handles:
                self._pad(4, struct.indent)
                self._emit(struct.indent, "add(b''.join([PAIR(*fix) for fix in fixes]))")
                head[2:] = ["pos", "len(fixes)"]
            leaves = [Leaf(4 * n, "I", 4, each) for n, each in enumerate(head)]
            leaves += [leaf._replace(offset=leaf.offset + HEADER_SIZE) for leaf in struct.leaves]
            packed = self._packed(leaves, HEADER_SIZE + size)
            self._emit(struct.indent, f"return b''.join(({packed}, *blobs))" if has_blobs else f"return {packed}")

        struct = Branch(finish, "    ")
        if kind is None:
            finish(struct)
        elif case is not None and isinstance(kind, Result):
            self._case(kind, case, "x", 0, struct)
        else:
            self._tail(kind, "x", 0, struct)

    def _handle(self, kind: Handle, x: str, offset: int, struct: Branch) -> None:
        handle = self._source.name("h")
        at = struct.origin + offset
        if struct.elements is None:
            fix = f"fixes.append((base + {HEADER_SIZE + at}, {kind.resource}))"
        else:
            packed, handles = struct.elements
            fix = f"{handles}.append((len({packed}) * {struct.step} + {at}, {kind.resource}))"
        self._emit(struct.indent, f"{handle} = here.own({kind.resource}, {x}); {fix}")
        struct.add(offset, "I", 4, handle)


def _most_blobs(kind: Type) -> int:
    """Return how much a value may point to at most, 2 standing for more."""
    if isinstance(kind, ListOf) and kind.element != BYTE:
        return 2
    if points(kind):
        return 1
    each = [_most_blobs(inner) for inner in kind.inner]
    return min(max(each, default=0) if isinstance(kind, Cases) else sum(each), 2)

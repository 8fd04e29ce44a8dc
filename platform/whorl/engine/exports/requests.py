"""Python source that writes requests: the arguments of a call as a caller passes them on, and what these point to."""

from collections.abc import Sequence

from whorl.engine.bridges.layouts import IN_MEMORY, IN_SLOTS, MAX_FLAT_PARAMS
from whorl.engine.bridges.lowering import Branch, Lowering, points
from whorl.engine.bridges.protocol import CALLED_AT, SLOTS
from whorl.engine.bridges.source import Leaf
from whorl.engine.bridges.types import Handle, Tuple, Type
from whorl.engine.exports.protocol import ARENA, HEAD_SIZE


class RequestLowering(Lowering):
    """Makes the source that writes the requests of one caller."""

    def request(self, name: str, number: int, types: Sequence[Type]) -> None:
        """Define `name(x, here)`, which returns the request of a call with the arguments `x`.

        `here` knows the handles, and has `room` for so many values, else it is a `ManyValuesError`.

        Args:
            name: of the function.
            number: of the function that is called.
            types: of the arguments.
        """
        is_spilled = sum(kind.flats for kind in types) > MAX_FLAT_PARAMS
        layout = IN_MEMORY if is_spilled else IN_SLOTS
        size = Tuple(tuple(types)).size if is_spilled else 0
        has_blobs = any(kind.has(points) for kind in types)
        self._out = [f"def {name}(x, here):"]
        if has_blobs:
            self._emit("    ", f"blobs = []; add = blobs.append; pos = {ARENA + size}")
        start = HEAD_SIZE if is_spilled else SLOTS - CALLED_AT

        def finish(branch: Branch) -> None:
            leaves = [Leaf(0, "I", 4, str(number)), Leaf(4, "I", 4, "pos" if has_blobs else str(ARENA + size))]
            if is_spilled:
                leaves.append(Leaf(SLOTS - CALLED_AT, "I", 4, str(ARENA)))
            leaves += [leaf._replace(offset=leaf.offset + start) for leaf in branch.leaves]
            packed = self._packed(leaves, HEAD_SIZE + size)
            self._emit(branch.indent, f"return b''.join(({packed}, *blobs))" if has_blobs else f"return {packed}")

        branch = Branch(finish, "    ", layout=layout)
        names = [self._source.name("x") for _ in types]
        if types:
            self._emit("    ", f"{', '.join(names)}, = x")
        for kind, x, offset in zip(types, names, layout.places(types, 0), strict=True):
            self._value(kind, x, offset, branch)
        finish(branch)
        self._source.add(*self._out)

    def _handle(self, kind: Handle, x: str, offset: int, struct: Branch) -> None:
        handle = self._source.name("h")
        passed = "give" if kind.is_owned else "lend"
        self._emit(struct.indent, f"{handle} = here.{passed}({kind.resource}, {x})")
        struct.add(offset, "I", 4, handle)

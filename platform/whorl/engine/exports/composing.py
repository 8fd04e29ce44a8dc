"""The caller of a composition: made of its root, and composed as its driver."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from whorl.engine.compositions import ComponentSource, Composition, Wasm

MakeCaller = Callable[[Wasm, Sequence[str] | None], tuple[bytes, str]]

NAME: Final = "whorl:caller"


def with_caller(
    composition: Composition, exported: Sequence[str], make: MakeCaller, imports_of: Callable[[Wasm], Sequence[str]]
) -> tuple[Composition, str | None]:
    """Return the composition with a caller as its driver, if one is wanted, and what the tools tell of that.

    Args:
        composition: whose root is a component.
        exported: what the root exports.
        make: makes a caller of exports of a component, of all for None.
        imports_of: gives what a component imports.

    Raises:
        ToolError: the root does not export what is to be called.
    """
    if composition.called is None:
        return composition, None
    root = composition.components[0]
    component, description = make(root.wasm, composition.called or None)
    # An adapter may export the same, but it is the root's that are called.
    wiring = {name: root.name for name in imports_of(component) if name in exported}
    return replace(composition, driver=ComponentSource(NAME, component, wiring)), description

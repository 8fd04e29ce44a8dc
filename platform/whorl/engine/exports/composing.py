"""The caller of a composition: made of its root, and composed as its driver."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final, Protocol

from whorl.engine.compositions import ComponentSource, Composition, Description, Wasm

NAME: Final = "whorl:caller"

RULES: Final = 1
"""To be raised when another caller is composed with the same parts: part of the key of compiled code."""

_CALLS: Final = "whorl:adapter/calls@0.1.0"
"""By which an adapter hears that a function has returned."""


class MakeCaller(Protocol):
    """Makes a caller, as `ComponentTools.caller`."""

    def __call__(
        self, wasm: Wasm, exports: Sequence[str] | None = None, *, tells_adapters: bool = False
    ) -> tuple[bytes, str]:
        """Return it, and what is told of it."""


def with_caller(
    composition: Composition, make: MakeCaller, describe: Callable[[Wasm], Description]
) -> tuple[Composition, str | None]:
    """Return the composition with a caller as its driver, if one is wanted, and what the tools tell of that.

    Its components have been made components.

    Raises:
        ToolError: the root does not export what is to be called.
    """
    if composition.called is None:
        return composition, None
    root = composition.components[0]
    tells = _has_listeners(composition, describe)
    component, description = make(root.wasm, composition.called or None, tells_adapters=tells)
    # An adapter may export the same, but it is the root's that are called.
    exported = describe(root.wasm).exports
    wiring = {name: root.name for name in describe(component).imports if name in exported}
    return replace(composition, driver=ComponentSource(NAME, component, wiring)), description


def _has_listeners(composition: Composition, describe: Callable[[Wasm], Description]) -> bool:
    """Tell whether an adapter that wants to hear of the end of calls is in use."""
    imported = {name for source in composition.components for name in describe(source.wasm).imports}
    packages = {name.partition("/")[0] for name in imported}
    for adapter in composition.adapters:
        exports = describe(adapter.wasm).exports
        if _CALLS in exports and not packages.isdisjoint(name.partition("/")[0] for name in exports):
            return True
    return False

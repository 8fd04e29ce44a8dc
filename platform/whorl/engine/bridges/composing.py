"""Which bridges a composition needs: one for each component that imports interfaces which the host implements."""

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final, NamedTuple

from whorl.engine.compositions import ComponentSource, Composition, Description, Wasm

_NAME: Final = re.compile(r"(?P<interface>[^@]+)(@(?P<version>.+))?")
_VERSION: Final = re.compile(r"(?P<major>[0-9]+)\.(?P<minor>[0-9]+)\.(?P<patch>[0-9]+)")

Describe = Callable[[Wasm], Description]
MakeBridge = Callable[[Wasm, list[str], int, list[str]], tuple[bytes, str, Wasm]]

RULES: Final = 5
"""To be raised when other bridges are made of the same composition: part of the key of compiled code."""


class BridgeOf(NamedTuple):
    """What is told of one bridge.

    Attributes:
        is_granted: its component has what the root is granted.
        behind: the interface of the host that implements an imported one, by its name.
        description: by the tools, as JSON.
    """

    is_granted: bool
    behind: dict[str, str]
    description: str


def implemented(imported: str, hosted: Iterable[str]) -> str | None:
    """Return the one of `hosted` that implements an imported interface, None if there is none.

    That is the interface itself, else the newest that is compatible by semantic versioning. An older one may lack
    functions; if the component has one of them, that is found when its bridge is bound.
    """
    hosted = list(hosted)
    if imported in hosted:
        return imported
    track, _ = _track(imported)
    fitting = [(version, each) for each in hosted for its, version in [_track(each)] if its == track and track]
    newest = max(fitting, default=None)
    return newest[1] if newest is not None else None


def with_bridges(composition: Composition, describe: Describe, make: MakeBridge) -> tuple[Composition, list[BridgeOf]]:
    """Return the composition with its bridges among the adapters, and what the tools tell of each bridge.

    Components are changed where their bytes can cross as strings.

    Raises:
        ToolError: an interface cannot be bridged.
    """
    if not composition.hosted:
        return composition, []
    components: list[ComponentSource] = []
    bridges: list[ComponentSource] = []
    descriptions: list[BridgeOf] = []
    everybodys = tuple(adapter.name for adapter in composition.adapters)
    for source in composition.components:
        offered = composition.hosted if source.hosted is None else source.hosted
        described = describe(source.wasm)
        optional = [each for each in described.asynchronous if each.startswith(composition.optional)]
        imports = [each for each in described.imports if each not in optional and not _is_wired(each, source.wiring)]
        behind = {each: found for each in imports if (found := implemented(each, offered)) is not None}
        adapters = everybodys if source.adapters is None else source.adapters
        guest = source.wasm
        if behind:
            lasting = [
                f"{each}/{resource}"
                for each, found in behind.items()
                for interface, _, resource in [entry.rpartition("/") for entry in composition.lasting]
                if interface == found
            ]
            component, description, guest = make(source.wasm, list(behind), len(bridges), lasting)
            bridge = ComponentSource(f"whorl:bridge-{len(bridges)}", component)
            bridges.append(bridge)
            descriptions.append(BridgeOf(source.hosted is None, behind, description))
            adapters = (bridge.name, *adapters)
        components.append(replace(source, wasm=guest, adapters=adapters))
    adapted = (*bridges, *composition.adapters)
    return replace(composition, components=tuple(components), adapters=adapted), descriptions


def _is_wired(imported: str, wiring: Iterable[str]) -> bool:
    """Tell whether an import is satisfied by what its component is wired to."""
    interface, _, version = imported.partition("@")
    package = interface.partition("/")[0]
    names = {imported, interface, package}
    parts = version.split(".")
    names |= {f"{package}@{'.'.join(parts[: count + 1])}" for count in range(len(parts))}
    return not names.isdisjoint(wiring)


def _track(name: str) -> tuple[tuple[str, str] | None, tuple[int, ...]]:
    """Return the interface with the part of its version that decides what is compatible, and the whole version."""
    found = _NAME.fullmatch(name)
    version = _VERSION.fullmatch(found["version"] or "") if found else None
    if found is None or version is None:
        return None, ()
    major, minor, patch = (int(version[part]) for part in ("major", "minor", "patch"))
    track = str(major) if major else f"0.{minor}" if minor else f"0.0.{patch}"
    return (found["interface"], track), (major, minor, patch)

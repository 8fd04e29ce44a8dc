"""Which bridges a composition needs: one for each component that imports interfaces which the host implements."""

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final

from whorl.engine.compositions import ComponentSource, Composition, Description, Wasm

_NAME: Final = re.compile(r"(?P<interface>[^@]+)(@(?P<version>.+))?")
_VERSION: Final = re.compile(r"(?P<major>[0-9]+)\.(?P<minor>[0-9]+)\.(?P<patch>[0-9]+)")

Describe = Callable[[Wasm], Description]
MakeBridge = Callable[[Wasm, list[str], int], tuple[bytes, str]]


def implemented(imported: str, hosted: Iterable[str]) -> str | None:
    """Return the one of `hosted` that implements an imported interface, None if there is none.

    That is the interface itself, else one that is compatible with it by semantic versioning and not older.
    """
    hosted = list(hosted)
    if imported in hosted:
        return imported
    track, wanted = _track(imported)
    fitting = [(version, each) for each in hosted for its, version in [_track(each)] if its == track and track]
    newest = max(fitting, default=None)
    return newest[1] if newest is not None and newest[0] >= wanted else None


def with_bridges(composition: Composition, describe: Describe, make: MakeBridge) -> tuple[Composition, tuple[str, ...]]:
    """Return the composition with its bridges among the adapters, and what the tools tell of each bridge.

    A component that may not have every adapter (it does not inherit what its parent is granted) gets no bridge either.

    Raises:
        ToolError: an interface cannot be bridged.
    """
    if not composition.hosted:
        return composition, ()
    components: list[ComponentSource] = []
    bridges: list[ComponentSource] = []
    descriptions: list[str] = []
    everybodys = tuple(adapter.name for adapter in composition.adapters)
    for source in composition.components:
        imports = () if source.adapters is not None else describe(source.wasm).imports
        bridged = [each for each in imports if implemented(each, composition.hosted)]
        if bridged:
            component, description = make(source.wasm, bridged, len(bridges))
            bridge = ComponentSource(f"whorl:bridge-{len(bridges)}", component)
            bridges.append(bridge)
            descriptions.append(description)
            components.append(replace(source, adapters=(bridge.name, *everybodys)))
        else:
            components.append(source if source.adapters is not None else replace(source, adapters=everybodys))
    adapters = (*bridges, *composition.adapters)
    return replace(composition, components=tuple(components), adapters=adapters), tuple(descriptions)


def _track(name: str) -> tuple[tuple[str, str] | None, tuple[int, ...]]:
    """Return the interface with the part of its version that decides what is compatible, and the whole version."""
    found = _NAME.fullmatch(name)
    version = _VERSION.fullmatch(found["version"] or "") if found else None
    if found is None or version is None:
        return None, ()
    major, minor, patch = (int(version[part]) for part in ("major", "minor", "patch"))
    track = str(major) if major else f"0.{minor}" if minor else f"0.0.{patch}"
    return (found["interface"], track), (major, minor, patch)

"""The vocabulary of the component tools: what is composed, what comes of it, and what a file is."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

Wasm = bytes | Path
"""A component or core module: its bytes, or the file that holds it."""

MEMORY_EXPORT: Final = "whorl-memory-pages"
"""The export that tells the size of the root's linear memory: `func() -> u32`, in pages of 64 KiB."""


@dataclass(frozen=True, slots=True)
class Description:
    """What a file is, by its outermost names.

    `imports` and `exports` name interfaces and functions of a component; `imports` of a core module are the names of
    modules. `asynchronous` are those of the imports that have asynchronous functions. `has_world`: it carries the world
    that it was built for, which a component always does.
    """

    kind: Literal["component", "module"]
    imports: tuple[str, ...]
    exports: tuple[str, ...]
    has_world: bool
    asynchronous: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, text: str) -> "Description":
        """Read what `describe` prints."""
        fields = json.loads(text)
        return cls(
            fields["kind"],
            tuple(fields["imports"]),
            tuple(fields["exports"]),
            fields["has_world"],
            tuple(fields["asynchronous"]),
        )


@dataclass(frozen=True, slots=True)
class ExportOf:
    """One export of a component, for an import that has another name."""

    component: str
    export: str


@dataclass(frozen=True, slots=True)
class ComponentSource:
    """A component that takes part in a composition, under a name of its own.

    `wiring` tells which component or adapter satisfies an import. Its keys name an import exactly, an interface without
    its version, or a package with or without its version (`ns:pkg@1.0`); the most precise key counts, and a key that
    names no import is an error. `adapters` are those that may satisfy the other imports, in place of all.
    `refused` are interfaces that it must not import at all, without their version; whoever loads the composition looks.
    `hosted` are those of the host's that it may import, in place of all.
    """

    name: str
    wasm: Wasm
    wiring: Mapping[str, str | ExportOf] = field(default_factory=dict)
    adapters: tuple[str, ...] | None = None
    refused: tuple[str, ...] = ()
    hosted: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Composition:
    """What is composed into one component; each source is instantiated once and shared.

    The first of `components` is the root: the driver calls it, or, without a driver, its exports are exported. An
    import is satisfied by what it is wired to, else by the first adapter that exports its name, else by the first
    adapter on its semver track, else, for the driver, by the root. Adapters that nobody needs are left out. `exports`
    are those to keep, in place of all. `measure_memory` adds the export `MEMORY_EXPORT`, if the root is a component
    with a memory at its top level; it costs every instance one more core instance. `hosted` are interfaces that the
    host implements in Python: bridges to them are made of what the components import. `lasting` are resources of these
    (`INTERFACE/NAME`) of which the host need not hear when a handle is dropped. `optional` is how the names begin of
    what a component of WASI 0.3 may import though nobody provides it: its functions trap, for SDKs import whole worlds.
    `called` are the exports of the root that Python calls, none for all: then the driver is a caller of these, which is
    made of the root.
    """

    components: tuple[ComponentSource, ...]
    adapters: tuple[ComponentSource, ...] = ()
    driver: ComponentSource | None = None
    exports: tuple[str, ...] | None = None
    measure_memory: bool = False
    hosted: tuple[str, ...] = ()
    lasting: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    called: tuple[str, ...] | None = None

    def sources(self) -> tuple[ComponentSource, ...]:
        """Return components, adapters and the driver, in this order."""
        return (*self.components, *self.adapters, *((self.driver,) if self.driver else ()))

    def to_json(self, paths: Mapping[str, str]) -> str:
        """Return the plan that `compose` reads, with the path of each source by its name."""

        def plan_of(source: ComponentSource) -> dict[str, Any]:
            wiring = {key: _target(target) for key, target in source.wiring.items()}
            plan = {"name": source.name, "path": paths[source.name], "wiring": wiring}
            return plan if source.adapters is None else {**plan, "adapters": source.adapters}

        return json.dumps(
            {
                "components": [plan_of(source) for source in self.components],
                "adapters": [plan_of(source) for source in self.adapters],
                "driver": plan_of(self.driver) if self.driver else None,
                "exports": self.exports,
                "measure_memory": self.measure_memory,
                "optional": self.optional,
            }
        )


def _target(target: str | ExportOf) -> str | dict[str, str]:
    if isinstance(target, str):
        return target
    return {"component": target.component, "export": target.export}


@dataclass(frozen=True, slots=True)
class UnresolvedImport:
    """An import that nobody in the composition satisfies, so that it is one of the composed component."""

    component: str
    name: str


@dataclass(frozen=True, slots=True)
class ComposedComponent:
    """What comes of a composition: the component, all that is left to import, and the adapters that are in it."""

    wasm: bytes
    unresolved: tuple[UnresolvedImport, ...]
    adapters: tuple[str, ...]
    exports: tuple[str, ...]

    @classmethod
    def from_json(cls, wasm: bytes, text: str) -> "ComposedComponent":
        """Read what `compose` prints about `wasm`."""
        report = json.loads(text)
        unresolved = tuple(UnresolvedImport(each["component"], each["import"]) for each in report["unresolved"])
        return cls(wasm, unresolved, tuple(report["adapters"]), tuple(report["exports"]))

"""What is composed around a component: its dependencies, the adapters of the catalogue, and the trigger's driver."""

from collections.abc import Iterable
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import NamedTuple

from whorl.app.locked import LockedComponent, LockedDependency
from whorl.capabilities.catalogue import ADAPTERS, Offer
from whorl.engine.compositions import ComponentSource, Composition, ExportOf

_OPTIONAL = ("wasi:", "spin:", "fermyon:")
"""Packages of which SDKs import more than an application uses."""


class _ForOthers(NamedTuple):
    """What components have that do not inherit what the root is granted.

    Attributes:
        refused: interfaces that they may not import.
        hosted: those of the host's that they may.
    """

    refused: tuple[str, ...]
    hosted: tuple[str, ...]


def guest_file(name: str) -> Path:
    """Return the file of a component that ships with whorl, an adapter or a driver."""
    return Path(str(resources.files("whorl"))) / "guest" / f"{name}.wasm"


def composition_of(component: LockedComponent, driver: str, offer: Offer) -> Composition:
    """Return how `component` becomes one component that the engine can run.

    Args:
        component: the component, dependencies included.
        driver: the name of the component in `whorl/guest` that calls it.
        offer: the interfaces that Python implements.
    """
    nodes: dict[str, ComponentSource] = {}
    wiring = _wire(component.dependencies, nodes, _ForOthers(tuple(_shared_grants(component)), offer.for_others))
    root = ComponentSource(component.id, component.source, wiring)
    adapters = tuple(ComponentSource(f"whorl:{name}", guest_file(name)) for name in ADAPTERS)
    return Composition(
        components=(root, *nodes.values()),
        adapters=adapters,
        driver=ComponentSource(f"whorl:{driver}", guest_file(driver)),
        measure_memory=component.settings.reuse > 1,
        hosted=offer.interfaces,
        lasting=offer.lasting,
        optional=_OPTIONAL,
    )


def _wire(
    dependencies: Iterable[LockedDependency],
    nodes: dict[str, ComponentSource],
    others: _ForOthers,
    *,
    inherits: bool = True,
) -> dict[str, str | ExportOf]:
    """Return the wiring for `dependencies`, and add the components behind them to `nodes`, each once.

    Whoever does not inherit, or stands behind one that does not, is one of the `others`.
    """
    wiring: dict[str, str | ExportOf] = {}
    for dependency in dependencies:
        is_granted = inherits and dependency.inherits_configuration
        name = _node_name(dependency, is_granted=is_granted)
        if name not in nodes:
            inner = _wire(dependency.dependencies, nodes, others, inherits=is_granted)
            source = ComponentSource(name, dependency.source, inner)
            nodes[name] = source if is_granted else replace(source, refused=others.refused, hosted=others.hosted)
        wiring[dependency.name] = name if dependency.export is None else ExportOf(name, dependency.export)
    return wiring


def _node_name(dependency: LockedDependency, *, is_granted: bool) -> str:
    name = dependency.component or str(dependency.source)
    return name if is_granted else f"{name} (denied)"


def _shared_grants(component: LockedComponent) -> Iterable[str]:
    """Yield the interfaces through which a dependency would have what `component` is granted.

    The adapter of WASI is one for the whole composition, so it cannot tell who asks. Where nothing is granted there is
    nothing to keep from anybody: the adapter answers with an empty environment and denies every request.
    """
    if component.environment:
        yield "wasi:cli/environment"
    if component.allowed_outbound_hosts:
        yield "wasi:http/outgoing-handler"
        yield "wasi:http/client"

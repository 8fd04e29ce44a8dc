"""What is composed around a component: its dependencies, the adapters of the catalogue, and the trigger's driver."""

from collections.abc import Iterable
from importlib import resources
from pathlib import Path

from whorl.app.locked import LockedComponent, LockedDependency
from whorl.capabilities.catalogue import ADAPTERS, CAPABILITIES
from whorl.engine.compositions import ComponentSource, Composition, ExportOf

_DENIED_TO_OTHERS = frozenset(each.adapter for each in CAPABILITIES if each.is_privileged)


def guest_file(name: str) -> Path:
    """Return the file of a component that ships with whorl, an adapter or a driver."""
    return Path(str(resources.files("whorl"))) / "guest" / f"{name}.wasm"


def composition_of(component: LockedComponent, driver: str, hosted: tuple[str, ...] = ()) -> Composition:
    """Return how `component` becomes one component that the engine can run.

    Args:
        component: the component, dependencies included.
        driver: the name of the component in `whorl/guest` that calls it.
        hosted: the interfaces that Python implements.
    """
    nodes: dict[str, ComponentSource] = {}
    wiring = _wire(component.dependencies, nodes, tuple(_shared_grants(component)))
    root = ComponentSource(component.id, component.source, wiring)
    adapters = tuple(ComponentSource(f"whorl:{name}", guest_file(name)) for name in ADAPTERS)
    return Composition(
        components=(root, *nodes.values()),
        adapters=adapters,
        driver=ComponentSource(f"whorl:{driver}", guest_file(driver)),
        measure_memory=component.settings.reuse > 1,
        hosted=hosted,
    )


def _wire(
    dependencies: Iterable[LockedDependency],
    nodes: dict[str, ComponentSource],
    refused: tuple[str, ...],
    *,
    inherits: bool = True,
) -> dict[str, str | ExportOf]:
    """Return the wiring for `dependencies`, and add the components behind them to `nodes`, each once.

    Whoever does not inherit, or stands behind one that does not, gets no privileged adapter, and may not import what is
    `refused`.
    """
    wiring: dict[str, str | ExportOf] = {}
    for dependency in dependencies:
        is_granted = inherits and dependency.inherits_configuration
        name = _node_name(dependency, is_granted=is_granted)
        if name not in nodes:
            adapters = None if is_granted else tuple(_unprivileged_adapters())
            inner = _wire(dependency.dependencies, nodes, refused, inherits=is_granted)
            not_for_it = () if is_granted else refused
            nodes[name] = ComponentSource(name, dependency.source, inner, adapters, not_for_it)
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


def _unprivileged_adapters() -> Iterable[str]:
    return (f"whorl:{name}" for name in ADAPTERS if name not in _DENIED_TO_OTHERS)

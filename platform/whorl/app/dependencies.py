"""The dependencies of components on other components: checked, then followed to their end."""

import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path

from whorl.app.identifiers import dependency_name
from whorl.app.locked import LockedDependency
from whorl.app.manifest.key_lines import KeyPath
from whorl.app.manifest.schema_v2 import Component, Dependency
from whorl.app.sources import find_source
from whorl.app.suggestions import did_you_mean

WrittenComponents = Mapping[str, tuple[KeyPath, Component]]
"""Components by id, each with the path in the manifest where it is written."""

Problem = tuple[KeyPath, str]
"""The path of a key, and what is wrong with it."""

_GRANTS = ("environment", "allowed_outbound_hosts", "allowed_http_hosts", "key_value_stores", "kv")


def dependency_problems(folder: Path, components: WrittenComponents) -> Iterator[Problem]:
    """Yield everything that is wrong with the dependencies of `components`, of a manifest in `folder`."""
    for component_id, (path, component) in components.items():
        yield from _configuration_problems(path, component)
        yield from _overlaps(path, component)
        for name, dependency in component.dependencies.items():
            problem = _problem(folder, components, name, dependency)
            if problem:
                yield (*path, "dependencies", name), problem
        cycle = _cycle(components, (component_id,))
        if cycle and component_id == min(cycle):
            told = " depends on ".join(f"`{member}`" for member in cycle)
            yield (*path, "dependencies"), f"go in a circle: {told}"


def resolve_dependencies(
    folder: Path, components: WrittenComponents, component_id: str
) -> tuple[LockedDependency, ...]:
    """Return what satisfies the imports of the component `component_id`; there must be no dependency problems."""
    _, component = components[component_id]
    inherits_all = bool(component.dependencies_inherit_configuration)
    return tuple(
        LockedDependency(
            name=name,
            source=_dependency_source(folder, components, dependency),
            export=dependency.export,
            component=dependency.component,
            inherits_configuration=inherits_all or bool(dependency.inherit_configuration),
            dependencies=resolve_dependencies(folder, components, dependency.component) if dependency.component else (),
        )
        for name, dependency in component.dependencies.items()
    )


def _dependency_source(folder: Path, components: WrittenComponents, dependency: Dependency) -> Path:
    if dependency.component is not None:
        _, component = components[dependency.component]
        return (folder / component.source).absolute()
    return (folder / (dependency.path or "")).absolute()


def _problem(folder: Path, components: WrittenComponents, name: str, dependency: Dependency) -> str | None:
    wanted = dependency_name(name)
    if wanted.package and not wanted.interface and dependency.export:
        return "stands for a whole package, which a single `export` cannot satisfy; name the interface in the key"
    if dependency.component is None:
        try:
            find_source(folder, dependency.path or "")
        except FileNotFoundError as error:
            return f"cannot be satisfied: {error}"
        return None
    if dependency.component not in components:
        cure = did_you_mean(dependency.component, components)
        return f"names the component `{dependency.component}`, which is not declared{cure}"
    return _grants_problem(components, dependency.component)


def _grants_problem(components: WrittenComponents, component_id: str) -> str | None:
    _, component = components[component_id]
    granted = ", ".join(f"`{grant}`" for grant in _GRANTS if getattr(component, grant))
    if not granted:
        return None
    cure = "grant that to the component that depends on it, and let it inherit the configuration"
    return f"names the component `{component_id}`, which has its own {granted}; {cure}"


def _configuration_problems(path: KeyPath, component: Component) -> Iterator[Problem]:
    if component.dependencies_inherit_configuration is None:
        return
    for name, dependency in component.dependencies.items():
        if dependency.inherit_configuration is not None:
            told = "cannot stand beside `dependencies_inherit_configuration`; remove one of them"
            yield (*path, "dependencies", name, "inherit_configuration"), told


def _overlaps(path: KeyPath, component: Component) -> Iterator[Problem]:
    for one, other in itertools.combinations(map(dependency_name, component.dependencies), 2):
        if one.overlaps(other):
            told = f"conflicts with `{one.text}`: both would satisfy the same import; remove one of them"
            yield (*path, "dependencies", other.text), told


def _cycle(components: WrittenComponents, chain: tuple[str, ...]) -> tuple[str, ...] | None:
    """Return the way from the first of `chain` back to itself, None when there is none."""
    _, component = components[chain[-1]]
    for dependency in component.dependencies.values():
        following = dependency.component
        if following is None or following not in components:
            continue
        if following == chain[0]:
            return (*chain, following)
        if following not in chain:
            found = _cycle(components, (*chain, following))
            if found:
                return found
    return None

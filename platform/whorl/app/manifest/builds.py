"""The build commands of a manifest, read even from one that is not valid yet: building is how it may become so."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Any

from pydantic import ValidationError

from whorl.app.manifest.documents import ManifestDocument
from whorl.app.manifest.schema_v2 import Build
from whorl.app.naming import inline_component_id, trigger_ids
from whorl.app.suggestions import did_you_mean
from whorl.errors import ManifestError


@dataclass(frozen=True, slots=True)
class ComponentBuild:
    """How one component is built.

    Attributes:
        component: its id.
        commands: shell commands, in order; none for a component that is not built.
        workdir: the folder, relative to the manifest's, in which they run; None for the manifest's own.
    """

    component: str
    commands: tuple[str, ...]
    workdir: str | None = None


def component_builds(document: ManifestDocument, only: Sequence[str] = ()) -> tuple[ComponentBuild, ...]:
    """Return how the components of `document` are built, each after those that it depends on.

    Args:
        document: the manifest; besides its components nothing in it needs to be valid.
        only: ids of components, to leave out the others; empty for all.

    Raises:
        ManifestError: one of `only` is not declared, or a `build` table is not valid.
    """
    written = _components(document.table)
    for component_id in only:
        if component_id not in written:
            cure = did_you_mean(component_id, written)
            raise ManifestError(f"{document.shown}: the component `{component_id}` is not declared{cure}")
    chosen = set(only or written)
    return tuple(
        _component_build(document, component_id, written[component_id])
        for component_id in _dependencies_first(written)
        if component_id in chosen
    )


def _components(table: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return the components by id, inline ones included; whatever has the wrong type is left out."""
    declared = _table(table.get("component")).items()
    written: dict[str, Mapping[str, Any]] = {key: value for key, value in declared if isinstance(value, dict)}
    for kind, triggers in _table(table.get("trigger")).items():
        listed = [trigger for trigger in triggers if isinstance(trigger, dict)] if isinstance(triggers, list) else []
        stated = [(_text(trigger.get("id")), _text(trigger.get("component"))) for trigger in listed]
        for trigger_id, trigger in zip(trigger_ids(kind, stated), listed, strict=True):
            if isinstance(trigger.get("component"), dict):
                written[inline_component_id(trigger_id, written)] = trigger["component"]
    return written


def _component_build(document: ManifestDocument, component_id: str, component: Mapping[str, Any]) -> ComponentBuild:
    if "build" not in component:
        return ComponentBuild(component_id, ())
    try:
        build = Build.model_validate(component["build"])
    except ValidationError as error:
        what = error.errors(include_url=False)[0]["msg"].lower()
        path = ("component", component_id, "build")
        raise ManifestError(document.problem(path, f"cannot be used: {what}; expected {Build.shape}")) from None
    return ComponentBuild(component_id, build.commands, build.workdir)


def _dependencies_first(written: Mapping[str, Mapping[str, Any]]) -> Iterable[str]:
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for component_id, component in written.items():
        dependencies = _table(component.get("dependencies")).values()
        named = (_text(_table(dependency).get("component")) for dependency in dependencies)
        sorter.add(component_id, *(name for name in named if name is not None and name in written))
    try:
        return tuple(sorter.static_order())
    except CycleError:
        # Building comes before checking; `whorl up` tells about the circle.
        return tuple(written)


def _table(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None

"""A locked app: what a manifest says with everything resolved and checked. The rest of the platform reads only this."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from whorl.app.settings import ComponentSettings

_DEFAULTS = ComponentSettings()


@dataclass(frozen=True, slots=True)
class LockedDependency:
    """A component that satisfies an import of another one.

    Attributes:
        name: the import: a plain name, `ns:package` or `ns:package/interface`, perhaps with `@version`.
        source: the file of the component, absolute.
        export: the export that satisfies the import, None for the one of the same name.
        component: the id of the component of this app that it is, None for a file of its own.
        inherits_configuration: whether its imports are granted what the component that depends on it is granted;
            otherwise it must not import what would give it any of that.
        dependencies: what satisfies its own imports.
    """

    name: str
    source: Path
    export: str | None = None
    component: str | None = None
    inherits_configuration: bool = False
    dependencies: tuple["LockedDependency", ...] = ()


@dataclass(frozen=True, slots=True)
class LockedComponent:
    """A component of the app and what it is granted.

    Attributes:
        id: its id.
        source: its file, absolute; a component or a core module, binary or text.
        description: what it does, shown with its routes.
        environment: the variables of its environment.
        allowed_outbound_hosts: where it may connect to; entries in the grammar of `AllowedHosts.parse`.
        key_value_stores: the labels of the stores that it may open.
        settings: how its instances are kept and limited.
        dependencies: what satisfies its imports of other components.
    """

    id: str
    source: Path
    description: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    allowed_outbound_hosts: tuple[str, ...] = ()
    key_value_stores: tuple[str, ...] = ()
    settings: ComponentSettings = _DEFAULTS
    dependencies: tuple[LockedDependency, ...] = ()


@dataclass(frozen=True, slots=True)
class LockedTrigger:
    """A trigger: what makes a component run. The only type is `http` so far.

    Attributes:
        id: its id.
        component: the id of the component that it runs.
        route: the route of its requests as written, None for a private one, which only components of the app reach.
        type: its type.
    """

    id: str
    component: str
    route: str | None
    type: str = "http"


@dataclass(frozen=True, slots=True)
class LockedApp:
    """An app that is ready to be prepared: compiled, linked and served.

    Attributes:
        name: its name.
        origin: the manifest, or the component's own file when there is none; absolute.
        triggers: its triggers as declared. Of those with the same route the last one counts.
        components: its components by id.
        version: its version, perhaps empty.
        description: what it is, perhaps empty.
        authors: who made it.
        warnings: what is deprecated or has no effect, a line each, for the operator.
        host: the interfaces that Python implements, each with its `module:Class`.
    """

    name: str
    origin: Path
    triggers: tuple[LockedTrigger, ...]
    components: Mapping[str, LockedComponent]
    version: str = ""
    description: str = ""
    authors: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    host: Mapping[str, str] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """The folder that the app's relative paths start from, `.spin` among them."""
        return self.origin.parent

    def served_components(self) -> Iterator[LockedComponent]:
        """Yield each component that some trigger runs, once, in the order of the triggers."""
        for component in dict.fromkeys(trigger.component for trigger in self.triggers):
            yield self.components[component]

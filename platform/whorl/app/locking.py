"""A valid manifest turned into a locked app: ids given, references followed, files found, quirks rewritten."""

from whorl.app.dependencies import dependency_problems, resolve_dependencies
from whorl.app.legacy_hosts import convert_allowed_http_hosts
from whorl.app.locked import LockedApp, LockedComponent, LockedTrigger
from whorl.app.manifest.documents import ManifestDocument
from whorl.app.manifest.key_lines import KeyPath
from whorl.app.manifest.schema_v2 import Component, HttpTrigger, Manifest, PrivateRoute
from whorl.app.naming import inline_component_id, trigger_ids
from whorl.app.routes import RoutePattern
from whorl.app.sources import find_source
from whorl.app.suggestions import did_you_mean
from whorl.errors import ManifestError

NO_TRIGGERS = "No triggers in app"
"""Spin's words, capital letter included: tools look for them."""

_BUILD = "make it by `whorl build`, or start with `whorl up --build`"
_CORRECT = "correct the path, or add a `build` command that makes it"


def lock(document: ManifestDocument, manifest: Manifest) -> LockedApp:
    """Resolve everything in `manifest`.

    Raises:
        ManifestError: something that it names is not there; one line for each.
    """
    if not manifest.trigger.http:
        raise ManifestError(NO_TRIGGERS)
    return _Locking(document, manifest).lock()


class _Locking:
    """One manifest on its way; collects problems and warnings as it goes."""

    def __init__(self, document: ManifestDocument, manifest: Manifest) -> None:
        self._document = document
        self._manifest = manifest
        self._problems: list[tuple[KeyPath, str]] = []
        self._warnings: list[str] = []
        self._written: dict[str, tuple[KeyPath, Component]] = {
            component_id: (("component", component_id), component)
            for component_id, component in manifest.component.items()
        }

    def lock(self) -> LockedApp:
        application = self._manifest.application
        self._warn_of_base()
        triggers = self._triggers()
        self._check_sources()
        self._problems.extend(dependency_problems(self._document.folder, self._written))
        if self._problems:
            in_order = sorted(self._problems, key=lambda problem: self._document.line(problem[0]))
            raise ManifestError("\n".join(self._document.problem(*problem) for problem in in_order))
        components = {component_id: self._component(component_id) for component_id in self._written}
        return LockedApp(
            name=application.name,
            origin=self._document.path,
            triggers=triggers,
            components=components,
            version=application.version,
            description=application.description,
            authors=tuple(application.authors),
            warnings=tuple(self._warnings),
            host=dict(application.tool.whorl.host),
        )

    def _triggers(self) -> tuple[LockedTrigger, ...]:
        triggers = self._manifest.trigger.http
        ids = trigger_ids("http", [(trigger.id, _reference(trigger)) for trigger in triggers])
        locked = [
            self._trigger(("trigger", "http", place), trigger_id, trigger)
            for place, (trigger_id, trigger) in enumerate(zip(ids, triggers, strict=True))
        ]
        self._warn_of_duplicates(locked)
        return tuple(locked)

    def _trigger(self, path: KeyPath, trigger_id: str, trigger: HttpTrigger) -> LockedTrigger:
        component = trigger.component
        if isinstance(component, Component):
            component_id = inline_component_id(trigger_id, self._written)
            self._written[component_id] = ((*path, "component"), component)
        else:
            component_id = component
            self._check_reference((*path, "component"), component_id)
        return LockedTrigger(trigger_id, component_id, self._route((*path, "route"), trigger.route))

    def _check_reference(self, path: KeyPath, component_id: str) -> None:
        if component_id not in self._written:
            cure = did_you_mean(component_id, self._manifest.component) or f"; add `[component.{component_id}]`"
            self._problem(path, f"names the component `{component_id}`, which is not declared{cure}")

    def _route(self, path: KeyPath, route: str | PrivateRoute) -> str | None:
        if isinstance(route, PrivateRoute):
            return None
        try:
            pattern = RoutePattern.parse(route)
        except ValueError as error:
            self._problem(path, f"is not a route: {error}")
            return route
        if pattern.is_well_known:
            self._warn(path, f"is never reached: the server itself answers under `{pattern.absolute}`")
        return route

    def _warn_of_duplicates(self, triggers: list[LockedTrigger]) -> None:
        last = {trigger.route: trigger for trigger in triggers}
        for place, trigger in enumerate(triggers):
            effective = last[trigger.route]
            if trigger.route is not None and trigger is not effective:
                path = ("trigger", "http", place, "route")
                told = (
                    f"is never used: the trigger `{effective.id}` declares `{trigger.route}` again and takes its place"
                )
                self._warn(path, told)

    def _check_sources(self) -> None:
        for component_id, (path, component) in self._written.items():
            try:
                find_source(self._document.folder, component.source, cure=_BUILD if component.build else _CORRECT)
            except FileNotFoundError as error:
                self._problem((*path, "source"), f"of the component `{component_id}`: {error}")

    def _component(self, component_id: str) -> LockedComponent:
        path, component = self._written[component_id]
        folder = self._document.folder
        return LockedComponent(
            id=component_id,
            source=(folder / component.source).absolute(),
            description=component.description,
            environment=dict(component.environment),
            allowed_outbound_hosts=self._outbound_hosts(path, component),
            key_value_stores=self._stores(path, component),
            settings=component.tool.whorl.settings(),
            dependencies=resolve_dependencies(folder, self._written, component_id),
        )

    def _outbound_hosts(self, path: KeyPath, component: Component) -> tuple[str, ...]:
        converted = convert_allowed_http_hosts(component.allowed_http_hosts)
        hosts = tuple(dict.fromkeys((*component.allowed_outbound_hosts, *converted)))
        if component.allowed_http_hosts:
            line = f"allowed_outbound_hosts = {_toml_array(hosts)}"
            self._warn((*path, "allowed_http_hosts"), f"is deprecated; it is read as `{line}`, write that instead")
        return hosts

    def _stores(self, path: KeyPath, component: Component) -> tuple[str, ...]:
        stores = tuple(dict.fromkeys((*component.key_value_stores, *(entry.store for entry in component.kv))))
        if component.kv:
            line = f"key_value_stores = {_toml_array(stores)}"
            self._warn((*path, "kv"), f"is no key of a manifest; it is read as `{line}`, write that instead")
        return stores

    def _warn_of_base(self) -> None:
        if self._manifest.application.trigger.http.base is not None:
            self._warn(("application", "trigger", "http", "base"), "is deprecated and says nothing; remove it")

    def _problem(self, path: KeyPath, message: str) -> None:
        self._problems.append((path, message))

    def _warn(self, path: KeyPath, message: str) -> None:
        self._warnings.append(self._document.problem(path, message))


def _reference(trigger: HttpTrigger) -> str | None:
    return trigger.component if isinstance(trigger.component, str) else None


def _toml_array(texts: tuple[str, ...]) -> str:
    return "[" + ", ".join(f'"{text}"' for text in texts) + "]"

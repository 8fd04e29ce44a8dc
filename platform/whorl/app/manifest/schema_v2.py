"""The schema of a manifest of version 2: what may be written, in Spin's words.

Spin's `crates/manifest/src/schema/v2.rs`. Keys that Spin has and whorl does not support yet are named as such.
"""

import re
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, model_validator

from whorl.app.identifiers import dependency_name, kebab_id, label
from whorl.app.legacy_hosts import convert_allowed_http_hosts
from whorl.app.manifest.settings_table import SettingsTable
from whorl.app.manifest.tables import Table, TextOrTable, TextOrTexts, problem

_IMPLEMENTATION = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*(\.[^\W\d]\w*)*")
_LATER = "whorl does not support it yet"


def _variable_name(name: str) -> str:
    if not name or "=" in name or "\0" in name:
        raise problem(f"has the name {name!r}; a name has one character at least, and neither `=` nor NUL")
    return name


def _variable_value(value: str) -> str:
    if "\0" in value:
        raise problem("has a NUL character in its value, which ends a string for most programs; leave it out")
    return value


def _outbound_host(entry: str) -> str:
    # Imported here: the schema is read by `whorl build` too, which needs no capability.
    from whorl.capabilities.outbound_http.allowed_hosts import AllowedHosts  # noqa: PLC0415

    if "{{" in entry:
        raise ValueError(f"`{entry}` is a template of variables; {_LATER}, write the host itself")
    AllowedHosts.parse([entry])
    return entry


def _legacy_host(entry: str) -> str:
    for converted in convert_allowed_http_hosts([entry]):
        _outbound_host(converted)
    return entry


def _dependency_key(text: str) -> str:
    dependency_name(text)
    return text


def _local_source(value: object) -> object:
    if isinstance(value, dict):
        kind = "a registry" if "package" in value or "registry" in value else "a URL"
        raise problem(f"fetches the component from {kind}; {_LATER}, name a local file instead")
    return value


def _local_dependency(value: object) -> object:
    if isinstance(value, str):
        raise problem(f"fetches version `{value}` from a registry; {_LATER}, use `{{ path = ... }}`")
    return value


def _whole_inheritance(value: object) -> object:
    if isinstance(value, list):
        raise problem(f"is a list; {_LATER}, write `true` to inherit everything or leave it out for nothing")
    return value


def _root_base(base: str) -> str:
    if base != "/":
        raise problem(f"is no longer in use; begin the route of each `[[trigger.http]]` with `{base}` and remove it")
    return base


def _hosted_interface(text: str) -> str:
    if dependency_name(text).interface is None:
        raise ValueError(f"`{text}` is no interface; write `namespace:package/interface`, perhaps with `@version`")
    return text


def _implementation(text: str) -> str:
    if _IMPLEMENTATION.fullmatch(text) is None:
        raise ValueError(f"`{text}` names no class; write the module, a colon and the class: `customers:Customers`")
    return text


KebabId = Annotated[str, AfterValidator(kebab_id)]
Label = Annotated[str, AfterValidator(label)]
OutboundHost = Annotated[str, AfterValidator(_outbound_host)]
VariableName = Annotated[str, AfterValidator(_variable_name)]
VariableValue = Annotated[str, AfterValidator(_variable_value)]
LegacyHost = Annotated[str, AfterValidator(_legacy_host)]
Source = Annotated[str, BeforeValidator(_local_source)]
HostedInterface = Annotated[str, AfterValidator(_hosted_interface)]
Implementation = Annotated[str, AfterValidator(_implementation)]
DependencyKey = Annotated[str, AfterValidator(_dependency_key)]


class Build(Table):
    """`[component.x.build]`: how `whorl build` makes the component."""

    shape = 'a table such as `{ command = "cargo build --target wasm32-wasip2 --release" }`'

    command: TextOrTexts = Field(examples=['"cargo build --target wasm32-wasip2 --release"'])
    workdir: str | None = Field(default=None, examples=['"shortener"'])
    watch: list[str] = Field(default=[], examples=['["src/**/*.rs"]'])

    @property
    def commands(self) -> tuple[str, ...]:
        """The shell commands, in order."""
        return (self.command,) if isinstance(self.command, str) else tuple(self.command)


class Dependency(Table):
    """An entry of `[component.x.dependencies]`: another component that satisfies an import."""

    not_yet: ClassVar = {
        "version": "use `path` or `component`",
        "registry": "use `path` or `component`",
        "package": "use `path` or `component`",
        "url": "download it and use `path`",
        "digest": "download it and use `path`",
    }
    shape = 'a table such as `{ path = "storage.wasm" }` or `{ component = "storage" }`'

    path: str | None = Field(default=None, examples=['"storage.wasm"'])
    component: KebabId | None = Field(default=None, examples=['"storage"'])
    export: str | None = Field(default=None, examples=['"url-shortener:api/kv-store"'])
    inherit_configuration: Annotated[bool | None, BeforeValidator(_whole_inheritance)] = Field(
        default=None, examples=["true"]
    )

    @model_validator(mode="after")
    def _has_one_source(self) -> "Dependency":
        if (self.path is None) == (self.component is None):
            found = "neither" if self.path is None else "both"
            raise problem(f"needs either `path` or `component`; it has {found}")
        return self


class LegacyKeyValue(Table):
    """`[[component.x.kv]]`: seen in the wild for `key_value_stores`; no key of Spin's."""

    store: Label = Field(examples=['"default"'])


class ComponentTool(Table):
    """`[component.x.tool]`: of each tool's table, whorl reads its own."""

    model_config = ConfigDict(extra="ignore")

    whorl: SettingsTable = SettingsTable()


class Component(Table):
    """`[component.x]`, or the inline table of a trigger."""

    not_yet: ClassVar = {
        "variables": "pass plain values by `environment`",
        "files": "embed the files in the component",
        "exclude_files": "leave it out",
        "sqlite_databases": "use `key_value_stores`",
        "ai_models": "leave it out",
    }
    # Targets are checked when an app is published; profiles are chosen by a flag, and the default one is what runs.
    ignored = frozenset({"targets", "profile"})
    discouraged = frozenset({"allowed_http_hosts", "kv"})
    shape = 'a table such as `{ source = "hello.wasm" }`'

    source: Source = Field(examples=['"target/wasm32-wasip2/release/hello.wasm"'])
    description: str = Field(default="", examples=['"what it does"'])
    environment: dict[VariableName, VariableValue] = Field(default={}, examples=['{ GREETING = "hello" }'])
    allowed_outbound_hosts: list[OutboundHost] = Field(default=[], examples=['["https://example.com"]'])
    allowed_http_hosts: list[LegacyHost] = Field(default=[], examples=['["example.com"]'])
    key_value_stores: list[Label] = Field(default=[], examples=['["default"]'])
    kv: list[LegacyKeyValue] = Field(default=[], examples=['[{ store = "default" }]'])
    build: Build | None = None
    tool: ComponentTool = ComponentTool()
    dependencies_inherit_configuration: bool | None = Field(default=None, examples=["true"])
    dependencies: dict[DependencyKey, Annotated[Dependency, BeforeValidator(_local_dependency)]] = Field(default={})


class PrivateRoute(Table):
    """`route = { private = true }`: reachable by other components of the app only."""

    shape = "`{ private = true }`"

    private: bool = Field(examples=["true"])

    @model_validator(mode="after")
    def _is_private(self) -> "PrivateRoute":
        if not self.private:
            raise problem("must be a string pattern or `{ private = true }`; it is `{ private = false }`")
        return self


class Executor(Table):
    """`executor` of an HTTP trigger."""

    type: Literal["http", "spin"] = Field(examples=['"http"'])

    @model_validator(mode="before")
    @classmethod
    def _is_not_wagi(cls, data: Any) -> Any:
        if isinstance(data, dict) and data.get("type") == "wagi":
            raise problem(f"is `wagi`; {_LATER}, build a `wasi:http` component and leave `executor` out")
        return data


class HttpTrigger(Table):
    """`[[trigger.http]]`: which requests go to which component."""

    not_yet: ClassVar = {
        "static_response": "answer from a component",
        "components": "leave it out",
        "dependencies": "leave it out",
    }
    shape = '`[[trigger.http]]` with `route = "/..."` and `component = "hello"`'

    id: str | None = Field(default=None, examples=['"hello-trigger"'])
    route: TextOrTable[PrivateRoute] = Field(examples=['"/..."'])
    component: TextOrTable[Component] = Field(examples=['"hello"'])
    executor: Executor | None = Field(default=None, examples=['{ type = "http" }'])


class Triggers(Table):
    """`[[trigger.T]]` by type."""

    not_yet: ClassVar = {"redis": "only `[[trigger.http]]` is"}

    http: list[HttpTrigger] = Field(default=[])


class HttpDefaults(Table):
    """`[application.trigger.http]`."""

    base: Annotated[str, AfterValidator(_root_base)] | None = Field(default=None, examples=['"/"'])


class ApplicationTriggers(Table):
    """`[application.trigger]`: settings for all triggers of a type."""

    not_yet: ClassVar = {"redis": "only `http` is"}

    http: HttpDefaults = HttpDefaults()


class ApplicationSettings(Table):
    """`[application.tool.whorl]`."""

    shape = "a table such as `{ host = { ... } }`"

    host: dict[HostedInterface, Implementation] = Field(
        default={}, examples=['{ "example:crm/customers@1.0.0" = "customers:Customers" }']
    )


class ApplicationTool(Table):
    """`[application.tool]`: of each tool's table, whorl reads its own."""

    model_config = ConfigDict(extra="ignore")

    whorl: ApplicationSettings = ApplicationSettings()


class Application(Table):
    """`[application]`: what the app is called."""

    ignored = frozenset({"targets"})

    name: str = Field(min_length=1, examples=['"hello"'])
    version: str = Field(default="", examples=['"1.0.0"'])
    description: str = Field(default="", examples=['"what it does"'])
    authors: list[str] = Field(default=[], examples=['["Ada <ada@example.com>"]'])
    trigger: ApplicationTriggers = ApplicationTriggers()
    tool: ApplicationTool = ApplicationTool()


class Manifest(Table):
    """A whole manifest of version 2, without its version key."""

    not_yet: ClassVar = {"variables": "pass plain values by `environment` of a component"}

    application: Application
    trigger: Triggers = Triggers()
    component: dict[KebabId, Component] = Field(default={})

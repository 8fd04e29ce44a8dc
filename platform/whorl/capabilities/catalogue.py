"""The platform's table of contents: every capability that a component can have, in one list.

Three scopes are never mixed. *Services* live as long as the process or the app: stores, clients, logs. *Grants* are
what the manifest gives one component. Binding a capability's service to a component's grants gives the host interfaces
that its instances may call; what belongs to one instance is kept in `Instance.state`.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from whorl.capabilities import denied
from whorl.capabilities.bridging import bind_bridges
from whorl.capabilities.host_interfaces import HostInterfaces
from whorl.capabilities.key_value import capability as key_value
from whorl.capabilities.key_value.capability import KeyValueCapability
from whorl.capabilities.outbound_http.allowed_hosts import AllowedHosts
from whorl.capabilities.outbound_http.capability import OutboundHttp
from whorl.capabilities.wasi.cli import LogSink, cli
from whorl.capabilities.wasi.clocks import clocks
from whorl.capabilities.wasi.random import random
from whorl.engine.bridges.composing import BridgeOf
from whorl.engine.host_interfaces import HostInterface


@dataclass(frozen=True, slots=True)
class Services:
    """What capabilities work with; shared by the components of an app.

    Attributes:
        calls: those of interfaces in Python that take time, also of guests that are gone.
    """

    logs: LogSink
    key_value: KeyValueCapability
    outbound_http: OutboundHttp
    host: HostInterfaces
    calls: set[asyncio.Task[None]]


@dataclass(frozen=True, slots=True)
class Grants:
    """What the manifest gives one component.

    Attributes:
        component: its id.
        environment: its environment variables.
        allowed_outbound_hosts: where it may connect to.
        key_value_stores: the labels of the stores that it may open.
    """

    component: str
    environment: Mapping[str, str]
    allowed_outbound_hosts: AllowedHosts
    key_value_stores: tuple[str, ...]


Bind = Callable[[Services, Grants], HostInterface]


@dataclass(frozen=True, slots=True)
class Capability:
    """A capability that guests reach through an adapter.

    Attributes:
        name: what it is called.
        bind: makes its host interface for one component.
    """

    name: str
    bind: Bind


CAPABILITIES = (
    Capability("clocks", lambda _services, _grants: clocks()),
    Capability("random", lambda _services, _grants: random()),
    Capability("cli", lambda services, grants: cli(grants.environment, services.logs)),
    Capability("outbound-http", lambda services, grants: services.outbound_http.bind(grants.allowed_outbound_hosts)),
)
"""Those of WASI. The HTTP server's interface is the trigger's own and not in this list."""

ADAPTERS = ("wasi",)
"""The components in `whorl/guest` that are composed around guests."""


@dataclass(frozen=True, slots=True)
class PythonCapability:
    """A capability whose interfaces are classes of Python; bridges to them are made of what a component imports.

    Attributes:
        name: what it is called.
        interfaces: what guests import.
        implement: gives the objects that implement them for one component.
        is_privileged: whether a dependency has it only if it inherits its parent's configuration.
        lasting: the resources (`INTERFACE/NAME`) of which nobody need be told that a handle is dropped.
    """

    name: str
    interfaces: tuple[str, ...]
    implement: Callable[[Services, Grants], Mapping[str, object]]
    is_privileged: bool = False
    lasting: tuple[str, ...] = ()


PYTHON_CAPABILITIES = (
    PythonCapability(
        "key-value",
        key_value.INTERFACES,
        lambda services, grants: services.key_value.implementations(grants.component, grants.key_value_stores),
        is_privileged=True,
        lasting=key_value.LASTING,
    ),
    PythonCapability("denied", tuple(denied.IMPLEMENTATIONS), lambda _services, _grants: denied.IMPLEMENTATIONS),
)
"""Those whose interfaces are classes. An app's own host interfaces come before them."""


@dataclass(frozen=True, slots=True)
class Offer:
    """The interfaces that Python implements for the components of one app.

    Attributes:
        interfaces: all of them.
        for_others: those that a dependency has which inherits nothing.
        lasting: their resources of which nobody need be told that a handle is dropped.
    """

    interfaces: tuple[str, ...]
    for_others: tuple[str, ...]
    lasting: tuple[str, ...]

    @classmethod
    def beside(cls, own: Collection[str]) -> "Offer":
        """Return what there is beside the interfaces that the app implements itself."""
        ours = [each for capability in PYTHON_CAPABILITIES for each in capability.interfaces]
        lasting = [each for capability in PYTHON_CAPABILITIES for each in capability.lasting]
        return cls(
            interfaces=tuple(sorted({*ours, *own})),
            for_others=tuple(sorted(_interfaces_for_others())),
            lasting=tuple(each for each in lasting if each.rpartition("/")[0] not in own),
        )


def bind_all(services: Services, grants: Grants, bridges: Collection[BridgeOf] = ()) -> list[HostInterface]:
    """Return every host interface, bound to what one component is granted.

    `bridges` are its own and those of its dependencies.

    Raises:
        ComponentError: an implementation lacks something that the component may call.
        ManifestError: what is granted does not exist.
    """
    adapted = [capability.bind(services, grants) for capability in CAPABILITIES]
    ours: dict[str, object] = {}
    for capability in PYTHON_CAPABILITIES:
        ours.update(capability.implement(services, grants))
    for_others = {name: ours[name] for name in _interfaces_for_others()}
    implementations = {**ours, **services.host.implementations}
    return [*adapted, *bind_bridges(grants.component, bridges, implementations, for_others, services.calls)]


def _interfaces_for_others() -> list[str]:
    return [
        each for capability in PYTHON_CAPABILITIES if not capability.is_privileged for each in capability.interfaces
    ]

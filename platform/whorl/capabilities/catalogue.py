"""The platform's table of contents: every capability that a component can have, in one list.

Three scopes are never mixed. *Services* live as long as the process or the app: stores, clients, logs. *Grants* are
what the manifest gives one component. Binding a capability's service to a component's grants gives the host interfaces
that its instances may call; what belongs to one instance is kept in `Instance.state`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from whorl.capabilities.host_interfaces import HostInterfaces
from whorl.capabilities.key_value.capability import KeyValueCapability
from whorl.capabilities.outbound_http.allowed_hosts import AllowedHosts
from whorl.capabilities.outbound_http.capability import OutboundHttp
from whorl.capabilities.wasi.cli import LogSink, cli
from whorl.capabilities.wasi.clocks import clocks
from whorl.capabilities.wasi.random import random
from whorl.engine.host_interfaces import HostInterface


@dataclass(frozen=True, slots=True)
class Services:
    """What capabilities work with; shared by the components of an app."""

    logs: LogSink
    key_value: KeyValueCapability
    outbound_http: OutboundHttp
    host: HostInterfaces


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
    """One line of the catalogue.

    Attributes:
        name: what it is called.
        adapter: the component in `whorl/guest` that guests reach it through.
        bind: makes its host interface for one component.
        is_privileged: whether a dependency has it only if it inherits its parent's configuration.
    """

    name: str
    adapter: str
    bind: Bind
    is_privileged: bool = False


CAPABILITIES = (
    Capability("clocks", "wasi", lambda _services, _grants: clocks()),
    Capability("random", "wasi", lambda _services, _grants: random()),
    Capability("cli", "wasi", lambda services, grants: cli(grants.environment, services.logs)),
    Capability(
        "outbound-http", "wasi", lambda services, grants: services.outbound_http.bind(grants.allowed_outbound_hosts)
    ),
    Capability(
        "key-value",
        "key-value",
        lambda services, grants: services.key_value.bind(grants.component, grants.key_value_stores),
        is_privileged=True,
    ),
)
"""Every capability. The HTTP server's interface is the trigger's own and not in this list."""

DENIED_ADAPTER = "spin-denied"
"""Answers those of Spin's interfaces that no capability stands behind: every call is denied, in Spin's words."""

ADAPTERS = (*dict.fromkeys(capability.adapter for capability in CAPABILITIES), DENIED_ADAPTER)
"""The adapters that are composed around guests, in the order in which they are asked for an import."""


def bind_all(services: Services, grants: Grants) -> list[HostInterface]:
    """Return every host interface, bound to what one component is granted."""
    return [capability.bind(services, grants) for capability in CAPABILITIES]

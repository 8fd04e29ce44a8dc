"""The capability behind `wasi:http/outgoing-handler`: `whorl:host/http-client@0.1.0`, with what a component may reach.

Each request goes one of three ways: over the network, to another component of the application
(`http://<component>.spin.internal`), or to the application itself (no authority, or `self.alt`). What is not permitted
is answered by `HTTP-request-denied`, as is every failure: where `start` could fail, `response` does.
"""

import logging
from dataclasses import dataclass, replace
from typing import Any, Protocol

from whorl.capabilities.outbound_http.allowed_hosts import CHAINING_SUFFIX, SELF_HOST, AllowedHosts
from whorl.capabilities.outbound_http.client import HttpClient
from whorl.capabilities.outbound_http.exchanges import Exchange
from whorl.capabilities.outbound_http.heads import StartedRequest, parse_start
from whorl.capabilities.outbound_http.messages import OutboundError, OutboundRequest
from whorl.engine.host_interfaces import HostFunction, HostInterface, ValueType
from whorl.engine.memories import Owner, memory_of
from whorl.engine.packing import MalformedError, unpack
from whorl.engine.tasks import TaskTable

INTERFACE = "whorl:host/http-client@0.1.0"

_logger = logging.getLogger(__name__)


class Caller(Owner, Protocol):
    """What this capability needs of the instance that calls."""

    @property
    def component(self) -> str:
        """The id of its component."""

    @property
    def tasks(self) -> TaskTable:
        """Its tasks."""

    @property
    def state(self) -> dict[object, Any]:
        """What capabilities keep for it."""


@dataclass(frozen=True, slots=True)
class OutboundClients:
    """Who answers the requests of guests; shared by the components of an application.

    Attributes:
        network: sends requests over the network.
        components: answers what is sent to `<component>.spin.internal` (the request's authority).
        application: answers what is sent to the application itself; authority `self.alt`.
    """

    network: HttpClient
    components: HttpClient
    application: HttpClient


@dataclass(frozen=True, slots=True)
class OutboundLimits:
    """How much one instance may have under way.

    Attributes:
        concurrent: requests whose connection is in use or whose response is not read; beyond it
            `connection-limit-reached`.
        kept: requests that the guest has not closed, finished ones included; beyond it a trap.
    """

    concurrent: int = 128
    kept: int = 1024


class OutboundHttp:
    """Lets components send requests. One for an application; `bind` gives each component its interface."""

    def __init__(self, clients: OutboundClients, limits: OutboundLimits | None = None) -> None:
        self._clients = clients
        self._limits = limits or OutboundLimits()

    def bind(self, allowed: AllowedHosts) -> HostInterface:
        """Return the interface for a component that may connect to `allowed`."""
        bound = _Bound(self._clients, self._limits, allowed)
        u32, string = ValueType.U32, ValueType.STRING
        return HostInterface(
            INTERFACE,
            (
                HostFunction("start", (string,), u32, bound.start),
                HostFunction("start-from", (string, u32, u32), u32, bound.start_from),
                HostFunction("response", (u32,), string, _response),
                HostFunction("read", (u32, u32), string, _read),
                HostFunction("read-into", (u32, u32, u32), u32, _read_into),
                HostFunction("write", (u32, string), ValueType.BOOL, _write),
                HostFunction("write-from", (u32, u32, u32), ValueType.BOOL, _write_from),
                HostFunction("finish", (u32, string), None, _finish),
                HostFunction("close", (u32,), None, _close),
            ),
        )

    @staticmethod
    def cancel_request(instance: Caller) -> None:
        """End whatever `instance` has under way and forget it: the request that it served is over."""
        exchanges: dict[int, Exchange] = instance.state.pop(INTERFACE, {})
        for exchange in exchanges.values():
            exchange.close()


class _Bound:
    """Starts the requests of one component's instances."""

    def __init__(self, clients: OutboundClients, limits: OutboundLimits, allowed: AllowedHosts) -> None:
        self._clients = clients
        self._limits = limits
        self._allowed = allowed

    def start_from(self, instance: Caller, text: bytes, address: int, size: int) -> int:
        return self.start(instance, text, memory_of(instance).read(address, size))

    def start(self, instance: Caller, text: bytes, body: bytes | None = None) -> int:
        exchanges: dict[int, Exchange] = instance.state.setdefault(INTERFACE, {})
        if len(exchanges) >= self._limits.kept:
            raise MalformedError(f"a guest keeps more than {self._limits.kept} requests open")
        exchange = Exchange(instance.tasks)
        try:
            started = parse_start(text, body)
            client, request = self._route(instance.component, started)
            if sum(other.is_busy for other in exchanges.values()) >= self._limits.concurrent:
                raise OutboundError("connection-limit-reached")  # noqa: TRY301 - answered like every other failure
            request = replace(request, depth=instance.tasks.depth + 1)
            exchange.start(client, request, continues=started.continues)
        except OutboundError as error:
            exchange.fail(error)
        exchanges[exchange.number] = exchange
        return exchange.number

    def _route(self, component: str, started: StartedRequest) -> tuple[HttpClient, OutboundRequest]:
        destination, request = started.destination, started.request
        if destination is None or destination.host == SELF_HOST:
            if not self._allowed.permits_self:
                raise _denied(component, "http://self")
            return self._clients.application, replace(request, authority=SELF_HOST)
        if destination.host.endswith(CHAINING_SUFFIX):
            if not self._allowed.permits_component(destination.host.removesuffix(CHAINING_SUFFIX)):
                raise _denied(component, f"http://{destination.host}")
            return self._clients.components, replace(request, authority=destination.host)
        if not self._allowed.permits_destination(destination):
            raise _denied(component, str(destination))
        return self._clients.network, request


def _denied(component: str, target: str) -> OutboundError:
    _logger.warning(
        'component `%s`: outbound request to `%s` is not allowed; add `allowed_outbound_hosts = ["%s"]`',
        component,
        target,
        target,
    )
    return OutboundError("HTTP-request-denied")


def _exchange(instance: Caller, task: int) -> Exchange:
    exchanges: dict[int, Exchange] = instance.state.get(INTERFACE, {})
    try:
        return exchanges[task]
    except KeyError:
        raise MalformedError(f"a guest names request {task}, which it has not started or has closed") from None


def _response(instance: Caller, task: int) -> bytes:
    return _exchange(instance, task).response()


def _read(instance: Caller, task: int, limit: int) -> bytes:
    return _exchange(instance, task).read(limit, instance)


def _read_into(instance: Caller, task: int, address: int, size: int) -> int:
    return _exchange(instance, task).read_into(memory_of(instance), address, size)


def _write(instance: Caller, task: int, data: bytes) -> bool:
    return _exchange(instance, task).write(unpack(data))


def _write_from(instance: Caller, task: int, address: int, size: int) -> bool:
    return _exchange(instance, task).write(memory_of(instance).read(address, size))


def _finish(instance: Caller, task: int, trailers: bytes) -> None:
    _exchange(instance, task).finish(trailers)


def _close(instance: Caller, task: int) -> None:
    _exchange(instance, task).close()
    del instance.state[INTERFACE][task]

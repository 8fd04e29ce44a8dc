"""From a locked app to components that can be instantiated: composed, compiled or loaded, and linked to their grants.

Components are prepared side by side on worker threads; composing and compiling release the GIL. All of it happens
before the server listens, so a component that cannot run is named at start and not at its first request.
"""

import asyncio
import logging
import os
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

from whorl.app.composing import composition_of
from whorl.app.locked import LockedApp, LockedComponent
from whorl.app.settings import ComponentSettings
from whorl.capabilities.catalogue import Grants, Offer, Services, bind_all
from whorl.capabilities.outbound_http.allowed_hosts import AllowedHosts
from whorl.engine.bridges.composing import BridgeOf
from whorl.engine.components import LinkedComponent
from whorl.engine.engines import Engine
from whorl.engine.host_interfaces import HostInterface
from whorl.engine.limits import InstanceLimits
from whorl.engine.loading import CompiledComponent, ComponentLoader
from whorl.engine.pool import PoolSettings
from whorl.errors import EngineError

logger = logging.getLogger(__name__)


class Progress(Protocol):
    """Is told which components are being prepared."""

    def begin(self, components: Sequence[str]) -> None:
        """All of `components` are about to be prepared."""

    def done(self, component: str) -> None:
        """One of them is ready."""


@dataclass(frozen=True, slots=True)
class PreparedComponent:
    """A component that is compiled, and what is told of each bridge in it."""

    code: CompiledComponent
    bridges: tuple[BridgeOf, ...]


class NoProgress:
    """Says nothing."""

    def begin(self, components: Sequence[str]) -> None:
        """Say nothing."""

    def done(self, component: str) -> None:
        """Say nothing."""


async def prepare(
    app: LockedApp,
    loader: ComponentLoader,
    driver: str,
    progress: Progress,
    offer: Offer,
) -> Mapping[str, PreparedComponent]:
    """Return each component of `app` that a trigger runs, compiled, by id.

    `offer` has the interfaces that Python implements.

    Raises:
        ComponentError: one of them cannot be composed or compiled.
        StoreError: the cache cannot be used.
    """
    served = list(app.served_components())
    progress.begin([component.id for component in served])
    loop = asyncio.get_running_loop()

    def load(component: LockedComponent) -> PreparedComponent:
        loaded = loader.load(component.id, composition_of(component, driver, offer))
        loop.call_soon_threadsafe(progress.done, component.id)
        return PreparedComponent(loaded.code, loaded.bridges)

    with ThreadPoolExecutor(max_workers=os.cpu_count(), thread_name_prefix="whorl-prepare") as pool:
        compiled = await asyncio.gather(*[loop.run_in_executor(pool, load, component) for component in served])
    return {component.id: each for component, each in zip(served, compiled, strict=True)}


def report_unused(own: Iterable[str], prepared: Mapping[str, PreparedComponent]) -> None:
    """Log which of an app's own host interfaces no component imports: a name may be misspelt."""
    bridges = [bridge for each in prepared.values() for bridge in each.bridges if bridge.is_granted]
    for name in set(own).difference(*[bridge.behind.values() for bridge in bridges]):
        logger.warning("the host interface `%s` is implemented, but no component imports it", name)


def link(
    engine: Engine,
    component: LockedComponent,
    prepared: PreparedComponent,
    services: Services,
    own: Sequence[HostInterface],
) -> LinkedComponent:
    """Return a component linked to what the manifest grants `component`, and to the trigger's `own` interfaces.

    Raises:
        ComponentError: it imports something that nobody provides, or Python provides only a part of it.
    """
    grants = Grants(
        component=component.id,
        environment=component.environment,
        allowed_outbound_hosts=allowed_hosts(component),
        key_value_stores=component.key_value_stores,
    )
    interfaces = [*bind_all(services, grants, prepared.bridges), *own]
    return LinkedComponent(engine, component.id, prepared.code, interfaces)


def check_instances(app: LockedApp, fitting: int) -> None:
    """Check that each component may have as many instances as its manifest asks for, of the `fitting` that there are.

    The default is no wish: where fewer fit, it is those that do.

    Raises:
        EngineError: a component asks for more.
    """
    for component in app.served_components():
        wanted = component.settings.max_instances
        if wanted > max(fitting, ComponentSettings().max_instances):
            raise EngineError(
                f"component `{component.id}`: `max_instances = {wanted}` is more than fits into this process, which is"
                f" {fitting}: write `max_instances = {fitting}` or less, or raise the limits of address space"
                " (`ulimit -v`), memory and mappings (`vm.max_map_count`)"
            )


def allowed_hosts(component: LockedComponent) -> AllowedHosts:
    """Return where `component` may send requests."""
    return AllowedHosts.parse(component.allowed_outbound_hosts)


def pool_settings(component: LockedComponent) -> PoolSettings:
    """Return how the instances of `component` are kept."""
    settings = component.settings
    return PoolSettings(
        warm=settings.warm,
        max_instances=settings.max_instances,
        queue=settings.queue,
        reuse=settings.reuse,
        idle=settings.idle,
        retire_memory=settings.memory // 2,
        limits=InstanceLimits(memory=settings.memory, cpu=settings.cpu),
    )

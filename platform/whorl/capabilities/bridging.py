"""From what the tools tell of a component's bridges to the interfaces that these import."""

import asyncio
from collections.abc import Iterable, Mapping

from whorl.engine.bridges.composing import BridgeOf
from whorl.engine.host_interfaces import HostInterface


def bind_bridges(
    component: str,
    bridges: Iterable[BridgeOf],
    implementations: Mapping[str, object],
    for_others: Mapping[str, object],
    calls: set[asyncio.Task[None]],
) -> list[HostInterface]:
    """Return what the bridges of a component import.

    Args:
        component: its id, for messages.
        bridges: its own, and those of its dependencies.
        implementations: by interface, bound to what the component is granted.
        for_others: the same for dependencies that inherit nothing.
        calls: keeps those that take time, until each has ended.

    Raises:
        ComponentError: an implementation lacks something that the component may call.
    """
    if not bridges:
        return []
    # Imported here: apps without bridges need no codecs.
    from whorl.engine.bridges.bridge import Bridge  # noqa: PLC0415
    from whorl.engine.bridges.descriptions import BridgeDescription  # noqa: PLC0415

    bound = []
    for each in bridges:
        objects = implementations if each.is_granted else for_others
        behind = {name: objects[host] for name, host in each.behind.items()}
        bound.append(Bridge(component, BridgeDescription.from_json(each.description), behind, calls).interface())
    return bound

"""From what the tools tell of a component's bridges to the interfaces that these import."""

from collections.abc import Iterable, Mapping

from whorl.capabilities.host_interfaces import HostInterfaces
from whorl.engine.bridges.composing import BridgeOf, implemented
from whorl.engine.host_interfaces import HostInterface


def bind_bridges(
    component: str,
    bridges: Iterable[BridgeOf],
    ours: Mapping[str, object],
    for_others: Mapping[str, object],
    host: HostInterfaces,
) -> list[HostInterface]:
    """Return what the bridges of a component import.

    Args:
        component: its id, for messages.
        bridges: its own, and those of its dependencies.
        ours: what whorl implements, by interface, bound to what the component is granted.
        for_others: the same for dependencies that inherit nothing.
        host: what the app implements, which comes first.

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
        behind = {**ours, **host.implementations} if each.is_granted else for_others
        description = BridgeDescription.from_json(each.description)
        named = {name: implemented(name, behind) for name in description.interfaces}
        found = {name: behind[by] for name, by in named.items() if by is not None}
        bound.append(Bridge(component, description, found, host.running).interface())
        if each.is_granted:
            host.imported.update(by for by in named.values() if by is not None)
    return bound

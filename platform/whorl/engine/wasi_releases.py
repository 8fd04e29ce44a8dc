"""Which release of WASI a component was built for, told by the names of its imports and exports."""

import re
from collections.abc import Iterable

_INTERFACE = re.compile(
    r"wasi:(?:cli|clocks|filesystem|http|io|random|sockets)/[a-z0-9-]+@(?P<release>0\.[23])\.[0-9]+(?P<candidate>-.+)?"
)


def refused_release(interfaces: Iterable[str]) -> str | None:
    """Return what a component with these imports or exports is built for, and the cure; None when it is for WASI 0.2.

    Refused are WASI 0.3 and the release candidates of both: `wasi:http/types@0.2.0-rc-2023-11-10`. The first interface
    that is of one is named. Proposals that no release holds (`wasi:keyvalue`, `wasi:config`) keep drafts of their own.
    """
    for name in interfaces:
        found = _INTERFACE.fullmatch(name)
        if found is None:
            continue
        if found["candidate"]:
            return (
                f"is built for a release candidate of WASI {found['release']} (`{name}`), which is not supported;"
                " rebuild it for WASI 0.2 with a current SDK"
            )
        if found["release"] == "0.3":
            return f"is built for WASI 0.3 (`{name}`), which is not supported yet; build it for 0.2"
    return None

"""Which release of WASI a component was built for, told by the names of its imports and exports."""

import re
from collections.abc import Iterable
from typing import Final

_INTERFACE = re.compile(
    r"wasi:(?:cli|clocks|filesystem|http|io|random|sockets)/[a-z0-9-]+@(?P<release>0\.[23])\.[0-9]+(?P<candidate>-.+)?"
)


ACCEPTED_CANDIDATE: Final = "@0.3.0-rc-2026-03-15"
"""The release candidate whose interfaces are those of 0.3.0."""


def refused_release(interfaces: Iterable[str]) -> str | None:
    """Return what a component with these imports or exports is built for, and the cure; None when that is served.

    Refused are release candidates of WASI 0.2 and 0.3 (`wasi:http/types@0.2.0-rc-2023-11-10`) but for the one of 0.3.0
    that published SDKs build for. The first interface that is of one is named. Proposals that no release holds
    (`wasi:keyvalue`, `wasi:config`) keep drafts of their own.
    """
    for name in interfaces:
        found = _INTERFACE.fullmatch(name)
        if found is not None and found["candidate"] and not name.endswith(ACCEPTED_CANDIDATE):
            return (
                f"is built for a release candidate of WASI {found['release']} (`{name}`), which is not supported;"
                " rebuild it with a current SDK"
            )
    return None

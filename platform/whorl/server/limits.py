"""What clients may take of the server: sizes, times and the number of connections."""

import resource
from dataclasses import dataclass, replace

from whorl.errors import ListenError

_MOST_DESCRIPTORS = 1 << 16
_RESERVED = 768
"""Descriptors that are not for clients: upstream connections (512 at most), stores, logs, the cache."""


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """What one client may take, and all of them together. Beyond each limit the request is refused, see `parsing.py`.

    Attributes:
        max_head_bytes: of a request's head, and again of its trailers with what its chunks are wrapped in; 431 or 414.
        max_fields: header fields of a request, and again trailer fields; 431.
        head_timeout: seconds that the head of a request may take; 408.
        idle_timeout: seconds in which nothing moves: between two requests (closed, in twice that time at the latest),
            within a body that is on its way (408, or cut off when the response has begun), or while a response is not
            read (cut off).
        max_connections: at once; beyond it the one that has been idle for longest goes, or the new one gets 503.
            None: as many as the limit of descriptors allows, see `fitting`.
    """

    max_head_bytes: int = 64 * 1024
    max_fields: int = 100
    head_timeout: float = 10.0
    idle_timeout: float = 60.0
    max_connections: int | None = None

    def fitting(self, descriptors: int) -> "ConnectionLimits":
        """Return these limits with a number of connections that a process with so many descriptors can serve.

        Raises:
            ListenError: `max_connections` is more than that.
        """
        most = max(descriptors - _RESERVED, descriptors // 4)
        if self.max_connections is None:
            return replace(self, max_connections=most)
        if self.max_connections > most:
            raise ListenError(
                f"{self.max_connections} connections do not fit: the process may open {descriptors} files, of which "
                f"{descriptors - most} are for other things; raise that limit (`ulimit -n`), or give "
                f"`--max-connections {most}` at most"
            )
        return self


def raise_descriptor_limit() -> int:
    """Raise this process's limit of descriptors as far as it may be, and return what it is then."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, _MOST_DESCRIPTORS)
    if soft == resource.RLIM_INFINITY:
        return _MOST_DESCRIPTORS
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        return wanted
    return soft

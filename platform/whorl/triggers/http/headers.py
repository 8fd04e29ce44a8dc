"""The `spin-*` headers that tell a guest how its request was routed, as Spin's HTTP trigger sets them.

Seven are always there, and a `spin-path-match-<name>` for each parameter of the route. A guest trusts them: it builds
links from `spin-full-url` and rate limits by `spin-client-addr`. So whatever a client sends under the prefix is taken
away, and each header arrives exactly once. (Spin leaves the client's own in place, where a guest that reads the first
of two values can be deceived.)
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from whorl.app.routes import RoutePattern
from whorl.types import Header

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
# Underscores as well: gateways such as WSGI map `spin_path_info` and `spin-path-info` to the same name.
RESERVED = (b"spin-", b"spin_")
CHAINED_CLIENT = b"0.0.0.0:0"
"""What `spin-client-addr` says of a request that came from another component of the app."""


@dataclass(frozen=True, slots=True)
class RouteHeaders:
    """What is known of the headers before a request comes.

    Attributes:
        template: field lines of the host interface (name, line feed, value, carriage return), with a gap for each of
            path info, scheme, host, target, client, and the route's parameters in order.
    """

    template: bytes

    @classmethod
    def of(cls, pattern: RoutePattern) -> "RouteHeaders":
        """Return the headers for requests that match `pattern`."""
        constant = {
            "spin-matched-route": pattern.absolute,
            "spin-base-path": "/",
            "spin-raw-component-route": pattern.text,
            "spin-component-route": pattern.text.removesuffix("/..."),
        }
        lines = "".join(f"{name}\n{value}\r" for name, value in constant.items()).replace("%", "%%")
        gaps = "spin-path-info\n%b\rspin-full-url\n%b://%b%b\rspin-client-addr\n%b\r"
        return cls((lines + gaps + _parameter_gaps(pattern.parameters)).encode())


class _MatchedRoute(Protocol):
    @property
    def headers(self) -> RouteHeaders: ...


class Match(Protocol):
    """What is known of a request once it is routed; a `RouteMatch` is one."""

    @property
    def route(self) -> _MatchedRoute:
        """The route."""

    @property
    def path_info(self) -> bytes:
        """What the route's wildcard stands for."""

    @property
    def parameters(self) -> tuple[bytes, ...]:
        """What the route's parameters stand for."""


def spin_field_lines(match: Match, scheme: bytes, host: bytes, target: bytes, client: bytes) -> bytes:
    """Return the `spin-*` headers of a request as field lines of the host interface.

    None of the arguments may hold CR, LF or NUL; nothing that came through an HTTP parser does.

    Args:
        match: the route that the request matched.
        scheme: `http` or `https`, what the client spoke.
        host: the `Host` header, empty when there is none.
        target: path and query as the client sent them.
        client: address and port of the peer, see `client_address`.
    """
    gaps = (match.path_info, scheme, host or b"localhost", target, client, *match.parameters)
    return match.route.headers.template % gaps


def spin_headers(match: Match, scheme: bytes, host: bytes, target: bytes, client: bytes) -> list[Header]:
    """Return what `spin_field_lines` gives, as pairs of name and value."""
    lines = spin_field_lines(match, scheme, host, target, client).split(b"\r")[:-1]
    return [(name, value) for name, _, value in (line.partition(b"\n") for line in lines)]


def without_spin_headers(headers: Iterable[Header]) -> list[Header]:
    """Return the client's `headers` (names in lower case) without those that only the platform may set."""
    return [header for header in headers if not header[0].startswith(RESERVED)]


def client_address(host: str, port: int) -> bytes:
    """Return `host` and `port` as one text, an IPv6 address in brackets."""
    return f"[{host}]:{port}".encode() if ":" in host else f"{host}:{port}".encode()


def _parameter_gaps(parameters: tuple[str, ...]) -> str:
    names = [f"spin-path-match-{parameter.lower().replace('_', '-')}" for parameter in parameters]
    gaps = ""
    for place, name in enumerate(names):
        # A header that two parameters would name holds what the last stands for; a parameter whose name cannot be that
        # of a header has none. Their gaps are filled with nothing.
        is_told = _TOKEN.fullmatch(name) and name not in names[place + 1 :]
        gaps += name.replace("%", "%%") + "\n%b\r" if is_told else "%.0b"
    return gaps

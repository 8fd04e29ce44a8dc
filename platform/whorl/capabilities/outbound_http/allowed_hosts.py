"""What a component may connect to: the manifest's `allowed_outbound_hosts`, with Spin's grammar and matching.

    entry := scheme "://" host [":" port] ["/"]
    scheme := "*" | letters
    host := "*" | "self" | "self.alt" | CIDR block | "*." domain | domain | IPv4 | "[" IPv6 "]"
    port := "*" | number | number ".." number      (the end of a range is not part of it)

Nothing is permitted that no entry permits. Names are compared as they are written, never through DNS.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from ipaddress import IPv4Network, IPv6Network, ip_network

from whorl.capabilities.outbound_http.destinations import (
    DEFAULT_PORTS,
    Destination,
    canonical_host,
    host_address,
    parse_port,
)

CHAINING_SUFFIX = ".spin.internal"
"""`http://<component>.spin.internal` is another component of the same application."""

SELF_HOST = "self.alt"
"""The host that stands for the application itself."""

_DOCUMENTATION = "Learn more: https://spinframework.dev/v3/http-outbound#granting-http-permissions-to-components"
_HTTP_SCHEMES = ("http", "https")
_SWITCHED_OFF = ("", "http://", "https://")


class AnyHost(Enum):
    """A host that is not spelled out."""

    EVERY = "*"
    SELF = "self"


@dataclass(frozen=True, slots=True)
class Subdomains:
    """Every name below a domain; not the domain itself. `suffix` begins with a dot."""

    suffix: str


AllowedHost = AnyHost | Subdomains | IPv4Network | IPv6Network | str


@dataclass(frozen=True, slots=True)
class AllowedEntry:
    """One entry of `allowed_outbound_hosts`.

    Attributes:
        scheme: as written, `None` for any.
        host: what the host may be; a `str` is a canonical host.
        ports: the port numbers, `None` for any.
    """

    scheme: str | None
    host: AllowedHost
    ports: range | None

    @classmethod
    def parse(cls, entry: str) -> "AllowedEntry":
        """Return the entry that `entry` spells, templates already expanded.

        Raises:
            ValueError: the entry does not follow the grammar; the message is the one that Spin gives.
        """
        url = entry.strip()
        scheme, separator, rest = url.partition("://")
        if not separator:
            raise ValueError(_no_scheme(url))
        host, port = _split_port(url, rest)
        return cls(_parse_scheme(scheme), _parse_host(host), _parse_ports(port, scheme))

    def permits(self, destination: Destination) -> bool:
        """Tell whether this entry covers `destination`."""
        if self.scheme is not None and self.scheme != destination.scheme:
            return False
        if self.ports is not None and destination.effective_port not in self.ports:
            return False
        return _host_matches(self.host, destination.host)

    @property
    def admits_http(self) -> bool:
        """Whether the scheme admits http or https."""
        return self.scheme is None or self.scheme in _HTTP_SCHEMES


@dataclass(frozen=True, slots=True)
class AllowedHosts:
    """Everything that one component may connect to; nothing by default."""

    entries: tuple[AllowedEntry, ...] = ()

    @classmethod
    def parse(cls, entries: Sequence[str]) -> "AllowedHosts":
        """Return what `entries` permit; those that a template switched off (empty, or `http://` alone) are skipped.

        Raises:
            ValueError: an entry does not follow the grammar; the message is the one that Spin gives.
        """
        if [*entries] == ["insecure:allow-all"]:
            raise ValueError(
                "'insecure:allow-all' is not allowed - use '*://*:*' instead "
                "if you really want to allow all outbound traffic'"
            )
        return cls(tuple(AllowedEntry.parse(entry) for entry in entries if entry.strip() not in _SWITCHED_OFF))

    def permits_destination(self, destination: Destination) -> bool:
        """Tell whether a connection to `destination` is permitted."""
        return any(entry.permits(destination) for entry in self.entries)

    def permits(self, scheme: str, host: str, port: int | None = None) -> bool:
        """Tell whether a connection is permitted; what is not a host is not. `port` may be left to the scheme."""
        try:
            return self.permits_destination(Destination(scheme, canonical_host(host), port))
        except ValueError:
            return False

    def permits_url(self, url: str, default_scheme: str) -> bool:
        """Tell whether a connection to a URL, or to `host[:port]` with `default_scheme`, is permitted."""
        try:
            return self.permits_destination(Destination.parse(url, default_scheme))
        except ValueError:
            return False

    def permits_component(self, component: str) -> bool:
        """Tell whether `http://<component>.spin.internal` is permitted, whatever the port: none is used."""
        host = component.lower() + CHAINING_SUFFIX
        return any(entry.admits_http and _host_matches(entry.host, host) for entry in self.entries)

    @property
    def permits_self(self) -> bool:
        """Whether requests to the application itself (relative, or to `self.alt`) are permitted."""
        return any(entry.admits_http and isinstance(entry.host, AnyHost) for entry in self.entries)

    @property
    def permits_network(self) -> bool:
        """Whether any request over the network is permitted: one that does not stay within the application."""
        return any(entry.admits_http and not _stays_inside(entry.host) for entry in self.entries)


def _stays_inside(host: AllowedHost) -> bool:
    name = host.suffix if isinstance(host, Subdomains) else host
    return host is AnyHost.SELF or (isinstance(name, str) and name.endswith(CHAINING_SUFFIX))


def _no_scheme(url: str) -> str:
    if url in ("*", ":", "", "?"):
        return (
            f'"{url}" is not an allowed outbound host format.\n'
            "Hosts must be in the form <scheme>://<host>[:<port>], with '*' wildcards allowed for each.\n"
            "If you intended to allow all outbound networking, you can use '*://*:*' - "
            f"this will obviate all network sandboxing.\n{_DOCUMENTATION}"
        )
    return f"\"{url}\" does not contain a scheme (e.g., 'http://' or '*://')\n{_DOCUMENTATION}"


def _split_port(url: str, rest: str) -> tuple[str, str]:
    whole = rest.removesuffix("/")
    host, colon, port = rest.rpartition(":")
    if not colon or _is_host(whole):
        return whole, ""
    port, _, path = port.partition("/")
    if path:
        raise ValueError(f'"{url}" has a path but is not allowed to')
    return host, port


def _is_host(text: str) -> bool:
    try:
        _parse_host(text)
    except ValueError:
        return False
    return True


def _parse_scheme(scheme: str) -> str | None:
    if scheme == "*":
        return None
    context = f'Invalid allowed host scheme "{scheme}"'
    if scheme.startswith("{"):
        raise ValueError(f"{context}: scheme lists are not supported")
    if not scheme.isalpha():
        raise ValueError(f"{context}: only alphabetic characters are allowed")
    return scheme


def _parse_host(text: str) -> AllowedHost:
    host = text.strip()
    if host == "*":
        return AnyHost.EVERY
    if host in ("self", SELF_HOST):
        return AnyHost.SELF
    context = f'Invalid allowed host "{host}"'
    if host.startswith("{"):
        raise ValueError(f"{context}: host lists are not yet supported")
    if "/" in host:
        try:
            return ip_network(host, strict=False)
        except ValueError:
            raise ValueError(f"{context}: must not include a path") from None
    wildcard = host.startswith("*.")
    domain = host[2:] if wildcard else host
    if "*" in domain:
        reason = "wildcards are allowed only as prefixes" if wildcard else "wildcards are allowed only as subdomains"
        raise ValueError(f"{context}: {reason}")
    try:
        canonical = canonical_host(domain)
    except ValueError as error:
        raise ValueError(f"{context}: {error}") from None
    if not wildcard:
        return canonical
    if host_address(canonical) is not None:
        raise ValueError(f"{context}: wildcards are allowed only as subdomains")
    return Subdomains("." + canonical)


def _parse_ports(text: str, scheme: str) -> range | None:
    if text == "*":
        return None
    context = f'Invalid allowed host port "{text}"'
    if not text:
        if scheme not in DEFAULT_PORTS:
            raise ValueError(
                f'{context}: no port was provided and the scheme "{scheme}" does not have a known default port number'
            )
        return range(DEFAULT_PORTS[scheme], DEFAULT_PORTS[scheme] + 1)
    if text.startswith("{"):
        raise ValueError(f"{context}: port lists are not yet supported")
    start, dots, end = text.partition("..")
    try:
        first = parse_port(start)
        return range(first, parse_port(end) if dots else first + 1)
    except ValueError as error:
        reason = f'port range "{text}" contains non-number' if dots else str(error)
        raise ValueError(f"{context}: {reason}") from None


def _host_matches(allowed: AllowedHost, host: str) -> bool:
    if isinstance(allowed, str):
        return allowed == host
    if isinstance(allowed, AnyHost):
        return allowed is AnyHost.EVERY
    if isinstance(allowed, Subdomains):
        return host.endswith(allowed.suffix)
    address = host_address(host)
    return address is not None and address.version == allowed.version and address in allowed

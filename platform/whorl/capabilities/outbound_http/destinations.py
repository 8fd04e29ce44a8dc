"""Where an outgoing connection goes, in one canonical spelling, so that what is checked is what is connected to.

Hosts follow the WHATWG URL standard's host parser: lower case, IDNA, numeric hosts (`0x7f.1`) as dotted IPv4, IPv6
compressed and in brackets. Percent-encoded hosts and user information are refused.
"""

import re
import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

DEFAULT_PORTS = {"http": 80, "https": 443, "redis": 6379, "mysql": 3306, "postgres": 5432, "mqtt": 1883}
"""The port of each scheme that may be written without one."""

_DOMAIN = re.compile(r"[a-z0-9_~!$&'()*+,;=-]+(\.[a-z0-9_~!$&'()*+,;=-]+)*\.?", re.ASCII)
_NUMBER = re.compile(r"0x[0-9a-f]*|[0-9]+", re.ASCII)
_AFTER_AUTHORITY = re.compile(r"[/?#\\]")
_PORT = re.compile(r"[0-9]{1,5}", re.ASCII)


def canonical_host(text: str) -> str:
    """Return the one spelling of a host: a domain, a dotted IPv4 address, or an IPv6 address in brackets.

    Raises:
        ValueError: `text` is not a host.
    """
    if text.startswith("[") and text.endswith("]") and "%" not in text:
        return f"[{IPv6Address(text[1:-1]).compressed}]"
    host = text.lower() if text.isascii() else _to_ascii(text)
    if len(host) > 253 or _DOMAIN.fullmatch(host) is None:
        raise ValueError(f'"{text}" is not a host')
    return _dotted_address(host) if _NUMBER.fullmatch(host.rstrip(".").rpartition(".")[2]) else host


def host_address(host: str) -> IPv4Address | IPv6Address | None:
    """Return the address that a canonical host is, `None` when it is a domain."""
    if host.startswith("["):
        return IPv6Address(host[1:-1])
    try:
        return IPv4Address(host)
    except ValueError:
        return None


def parse_port(text: str) -> int:
    """Return a port number.

    Raises:
        ValueError: `text` is not a number from 0 to 65535.
    """
    if _PORT.fullmatch(text) is None or int(text) > 0xFFFF:
        raise ValueError(f'port "{text}" is not a number')
    return int(text)


@dataclass(frozen=True, slots=True)
class Destination:
    """What an outgoing connection is asked for; `host` is canonical, `port` is `None` when it was left out."""

    scheme: str
    host: str
    port: int | None = None

    @classmethod
    def parse_authority(cls, scheme: str, authority: str) -> "Destination":
        """Return the destination of `host[:port]`.

        Raises:
            ValueError: the authority is not a host with an optional port.
        """
        host, colon, port = authority.rpartition(":")
        if not colon or authority.endswith("]"):
            host, port = authority, ""
        return cls(scheme, canonical_host(host), parse_port(port) if port else None)

    @classmethod
    def parse(cls, url: str, default_scheme: str) -> "Destination":
        """Return the destination of a URL, or of `host[:port]` with `default_scheme`; user information is passed over.

        Raises:
            ValueError: `url` names no host.
        """
        scheme, separator, rest = url.partition("://")
        if not separator:
            scheme, rest = default_scheme, url
        authority, slash, path = rest.partition("/")
        host = _AFTER_AUTHORITY.split(authority.rpartition("@")[2] + slash + path, maxsplit=1)[0]
        return cls.parse_authority(scheme.lower(), host)

    @property
    def effective_port(self) -> int | None:
        """The port, or the scheme's own; `None` when neither is known."""
        return self.port if self.port is not None else DEFAULT_PORTS.get(self.scheme)

    @property
    def authority(self) -> str:
        """`host`, or `host:port` where a port was given."""
        return self.host if self.port is None else f"{self.host}:{self.port}"

    def __str__(self) -> str:
        port = self.effective_port
        return f"{self.scheme}://{self.host}" + ("" if port is None else f":{port}")


def _to_ascii(text: str) -> str:
    try:
        return text.encode("idna").decode("ascii").lower()
    except UnicodeError as error:
        raise ValueError(f'"{text}" is not a host') from error


def _dotted_address(host: str) -> str:
    try:
        return str(IPv4Address(socket.inet_aton(host.removesuffix("."))))
    except OSError as error:
        raise ValueError(f'"{host}" is not an IPv4 address') from error

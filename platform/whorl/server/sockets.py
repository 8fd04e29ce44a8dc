"""Listening sockets: address syntax, `SO_REUSEPORT` for workers, and looking for a free port."""

import errno
import socket
from dataclasses import dataclass

from whorl.errors import ListenError

_TRIES = 10
_LAST_PORT = 0xFFFF


@dataclass(frozen=True, slots=True)
class ListenAddress:
    """Where to listen: a host (name or address) and a port, 0 for one that the system chooses."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> "ListenAddress":
        """Return the address that `text` (`127.0.0.1:3000`, `[::1]:3000`, `localhost:3000`) stands for.

        Raises:
            ListenError: it has no port, or not a number from 0 to 65535.
        """
        host, separator, port = text.rpartition(":")
        if not separator or not host or not (port.isascii() and port.isdigit()) or int(port) > _LAST_PORT:
            raise ListenError(f"`{text}` is not an address to listen on; write host and port, as in `127.0.0.1:3000`")
        return cls(host.removeprefix("[").removesuffix("]"), int(port))

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def bind(address: ListenAddress, *, find_free_port: bool = False, shared: bool = False) -> socket.socket:
    """Return a socket bound to `address`, not listening yet.

    Args:
        address: where; of the addresses of a name, IPv4 is preferred.
        find_free_port: try up to ten ports, beginning with the one given.
        shared: other processes may bind the same port and share its connections.

    Raises:
        ListenError: the port is in use, or the address cannot be bound.
    """
    tries = _TRIES if find_free_port and address.port else 1
    ports = range(address.port, min(address.port + tries, _LAST_PORT + 1))
    for port in ports:
        try:
            return _bind(ListenAddress(address.host, port), shared=shared)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise ListenError(f"cannot listen on `{address}`: {error.strerror or error}") from error
        except UnicodeError as error:
            # A label that is empty or too long.
            raise ListenError(f"cannot listen on `{address}`: `{address.host}` is not the name of a host") from error
    if find_free_port:
        raise ListenError(
            f"no free port from {ports[0]} to {ports[-1]} on `{address.host}`; name another with `--listen`"
        )
    raise ListenError(f"`{address}` is already in use; choose another with `--listen`, or add `--find-free-port`")


def _bind(address: ListenAddress, *, shared: bool) -> socket.socket:
    found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, kind, protocol, _, where = min(found, key=lambda entry: entry[0] != socket.AF_INET)
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind(where)
    except BaseException:
        listener.close()
        raise
    return listener


def bound_address(listener: socket.socket) -> ListenAddress:
    """Return where `listener` is bound, with the port that the system chose."""
    host, port = listener.getsockname()[:2]
    return ListenAddress(host, port)

"""What a process holds, seen from outside: its memory, and its descriptors by what they are for."""

import os
from dataclasses import dataclass
from pathlib import Path

_PAGE = os.sysconf("SC_PAGE_SIZE")
_SOCKET = "socket:["
_LISTENING = "0A"


@dataclass(frozen=True, slots=True)
class Descriptors:
    """Open descriptors of a server.

    Attributes:
        incoming: connections of clients, closed ones included that the server has not given up.
        upstream: connections to the upstream, likewise.
        other: everything else, the listening socket too.
    """

    incoming: int
    upstream: int
    other: int


def descriptors(pid: int, port: int, upstream_port: int) -> Descriptors:
    """Return what the process `pid`, which listens on `port`, has open."""
    ports = _ports(pid)
    incoming = upstream = other = 0
    for inode in _inodes(pid):
        local, remote = ports.get(inode, (0, 0))
        if local == port:
            incoming += 1
        elif remote == upstream_port:
            upstream += 1
        else:
            other += 1
    return Descriptors(incoming, upstream, other)


def resident_memory(pid: int) -> int:
    """Return the bytes of memory that are resident for the process `pid`."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE


def _inodes(pid: int) -> list[str]:
    """Return the inode of each descriptor that is a socket, and "" for every other."""
    found = []
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = os.readlink(entry)  # noqa: PTH115 - not a path
        except FileNotFoundError:
            continue
        found.append(target.removeprefix(_SOCKET).rstrip("]") if target.startswith(_SOCKET) else "")
    return found


def _ports(pid: int) -> dict[str, tuple[int, int]]:
    """Return the local and the remote port of each TCP connection of the network that `pid` is in, by inode."""
    ports = {}
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] != _LISTENING:
                ports[fields[9]] = (_port(fields[1]), _port(fields[2]))
    return ports


def _port(address: str) -> int:
    return int(address.rpartition(":")[2], 16)

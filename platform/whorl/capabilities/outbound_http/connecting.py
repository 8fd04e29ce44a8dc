"""Connecting: a host's addresses, tried as in Happy Eyeballs (RFC 8305), then TLS where it is asked for.

Whoever is cancelled here leaves nothing open: a socket that is not handed on is closed, and what is already known to
the connection is ended by its `abort`.
"""

import asyncio
import socket
import ssl
from collections.abc import Sequence
from functools import partial

from aiohappyeyeballs import AddrInfoType, start_connection

from whorl.capabilities.outbound_http.connections import Connection
from whorl.capabilities.outbound_http.destinations import Destination, host_address

_ATTEMPT_DELAY = 0.25
_BEYOND = 1.0


async def connect(
    connection: Connection, destination: Destination, tls: ssl.SSLContext | None, patience: float | None
) -> None:
    """Connect `connection` to `destination`, within `patience` seconds; `tls` verifies the peer of https.

    Raises:
        TimeoutError: it took too long.
        OSError: there is no such host, it refuses, or TLS failed.
    """
    async with asyncio.timeout(patience):
        await _connect(connection, destination)
        if tls is not None:
            await _secure(connection, destination, tls, patience)
    if connection.has_ended:
        raise ConnectionAbortedError("the client was closed")


async def _connect(connection: Connection, destination: Destination) -> None:
    addresses = await _addresses(destination)
    opened = await start_connection(addresses, happy_eyeballs_delay=_ATTEMPT_DELAY)
    loop = asyncio.get_running_loop()
    # The loop takes a socket over within a turn. Cancelled in it, uvloop would close it and leave a socket object with
    # the number of a descriptor that is another's by then; so this is brought to its end in any case.
    handing_over = loop.create_task(loop.create_connection(lambda: connection, sock=opened))
    handing_over.add_done_callback(partial(_handed_over, connection, opened))
    await asyncio.shield(handing_over)


def _handed_over(
    connection: Connection, opened: socket.socket, task: asyncio.Task[tuple[asyncio.Transport, Connection]]
) -> None:
    if task.cancelled():
        return
    if task.exception() is None:
        connection.opened(task.result()[0], opened)
    else:
        opened.close()


async def _addresses(destination: Destination) -> Sequence[AddrInfoType]:
    port = destination.effective_port or 0
    address = host_address(destination.host)
    if address is None:
        # As bytes, for they are names already: text would be encoded once more, and may not be.
        name = destination.host.encode("ascii")
        return await asyncio.get_running_loop().getaddrinfo(name, port, type=socket.SOCK_STREAM)
    if address.version == 6:
        return [(socket.AF_INET6, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (str(address), port, 0, 0))]
    return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (str(address), port))]


async def _secure(
    connection: Connection, destination: Destination, tls: ssl.SSLContext, patience: float | None
) -> None:
    carrier = connection.carrier
    if carrier is None:
        raise ConnectionAbortedError("the client was closed")
    name = destination.host.strip("[]").removesuffix(".")
    # A limit of the loop's own would be told as a broken connection, so it is to come later than ours.
    limit = None if patience is None else patience + _BEYOND
    transport = await asyncio.get_running_loop().start_tls(
        carrier, connection, tls, server_hostname=name, ssl_handshake_timeout=limit
    )
    if transport is None:
        raise ConnectionAbortedError("the connection ended during the handshake")
    connection.secured(transport)

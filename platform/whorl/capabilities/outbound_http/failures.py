"""Which error code of wasi:http a failure is: of the operating system, of TLS, or of the peer's HTTP."""

import errno
import socket
import ssl
from collections.abc import Iterator

import h11

from whorl.capabilities.outbound_http.messages import OutboundError

_BY_ERRNO = {
    errno.ECONNREFUSED: "connection-refused",
    errno.ECONNRESET: "connection-terminated",
    errno.ECONNABORTED: "connection-terminated",
    errno.EPIPE: "connection-terminated",
    errno.ETIMEDOUT: "connection-timeout",
    errno.ENETUNREACH: "destination-IP-unroutable",
    errno.EADDRNOTAVAIL: "destination-IP-unroutable",
    errno.EACCES: "destination-IP-prohibited",
    errno.EPERM: "destination-IP-prohibited",
    errno.EHOSTUNREACH: "destination-unavailable",
    errno.EMFILE: "connection-limit-reached",
    errno.ENFILE: "connection-limit-reached",
}
_FIELDS_TOO_LARGE = 431


def connect_failure(error: Exception) -> OutboundError:
    """Return the error code for `error`, which came while connecting."""
    failure = system_failure(error)
    if failure is not None:
        return failure
    if isinstance(error, TimeoutError):
        return OutboundError("connection-timeout")
    if isinstance(error, ConnectionError):
        return OutboundError("connection-terminated")
    if isinstance(error, OSError):
        return OutboundError("destination-unavailable")
    return _unforeseen(error)


def http_failure(error: Exception, broken: str, too_large: str) -> OutboundError:
    """Return the error code for `error`, which came in the course of a request.

    Args:
        error: what was raised.
        broken: the code for a peer that went away.
        too_large: the code for fields that are too large altogether.
    """
    if isinstance(error, OutboundError):
        return error
    failure = system_failure(error)
    if failure is not None:
        return failure
    if isinstance(error, TimeoutError):
        return OutboundError("connection-read-timeout")
    if isinstance(error, OSError):
        return OutboundError(broken)
    if isinstance(error, h11.ProtocolError):
        return OutboundError(too_large if error.error_status_hint == _FIELDS_TOO_LARGE else "HTTP-protocol-error")
    return _unforeseen(error)


def _unforeseen(error: Exception) -> OutboundError:
    return OutboundError("internal-error", f"{type(error).__name__}: {error}")


def system_failure(error: BaseException) -> OutboundError | None:
    """Return the error code for the failure of name resolution, TLS or a socket that is behind `error`, if one is."""
    for cause in _causes(error):
        if isinstance(cause, socket.gaierror):
            return OutboundError("DNS-error", "address not available", "0")
        if isinstance(cause, ssl.SSLError):
            return _tls_failure(cause)
        if isinstance(cause, OSError) and cause.errno in _BY_ERRNO:
            return OutboundError(_BY_ERRNO[cause.errno])
    return None


def _tls_failure(error: ssl.SSLError) -> OutboundError:
    if isinstance(error, ssl.SSLCertVerificationError):
        return OutboundError("TLS-certificate-error")
    if "_ALERT_" in (error.reason or ""):
        return OutboundError("TLS-alert-received", "", error.reason.lower().replace("_", " "))
    return OutboundError("TLS-protocol-error")


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    pending: list[BaseException | None] = [error]
    while pending:
        cause = pending.pop()
        if cause is None or id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        pending.extend((cause.__context__, cause.__cause__))
        if isinstance(cause, BaseExceptionGroup):
            pending.extend(cause.exceptions)

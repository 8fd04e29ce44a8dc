"""Which error code of wasi:http an operating system's failure is."""

import errno
import socket
import ssl
from collections.abc import Iterator

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

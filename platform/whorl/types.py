"""Leaf aliases that every layer may use."""

from collections.abc import Sequence

Header = tuple[bytes, bytes]
"""Name (lower case) and value of a header or trailer field, raw bytes."""

Headers = Sequence[Header]

HOP_BY_HOP = frozenset(
    (
        b"connection",
        b"host",
        b"http2-settings",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"transfer-encoding",
        b"upgrade",
    )
)
"""Fields that belong to the connection: guests can neither set nor see them."""

"""The deprecated `allowed_http_hosts`, rewritten as `allowed_outbound_hosts`.

Spin's `crates/manifest/src/compat.rs`: hosts without a scheme, each allowed over both `http` and `https`.
"""

from collections.abc import Iterable
from urllib.parse import urlsplit

_ALLOW_ALL = "insecure:allow-all"


def convert_allowed_http_hosts(entries: Iterable[str]) -> tuple[str, ...]:
    """Return the entries of `allowed_outbound_hosts` that grant what `entries` of `allowed_http_hosts` grant.

    Raises:
        ValueError: an entry is not a host; the message names it.
    """
    converted: list[str] = []
    for entry in entries:
        converted.extend(_convert(entry.strip()))
    return tuple(dict.fromkeys(converted))


def _convert(entry: str) -> tuple[str, ...]:
    if entry == _ALLOW_ALL:
        return ("http://*:*", "https://*:*", "http://self")
    if entry == "self":
        return ("http://self",)
    authority = _authority(entry)
    return (f"http://{authority}", f"https://{authority}")


def _authority(entry: str) -> str:
    url = urlsplit(entry if "//" in entry else f"http://{entry}")
    if not url.hostname or url.username is not None:
        raise ValueError(f"`{entry}` is not a host; expected a host such as `example.com` or `example.com:8080`")
    if url.path.strip("/") or url.query or url.fragment:
        raise ValueError(f"`{entry}` contains a path; hosts are allowed as a whole")
    return url.netloc

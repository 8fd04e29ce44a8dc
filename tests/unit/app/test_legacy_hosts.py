"""`allowed_http_hosts` rewritten as `allowed_outbound_hosts`."""

import pytest

from whorl.app.legacy_hosts import convert_allowed_http_hosts


@pytest.mark.parametrize(
    ("entry", "converted"),
    [
        ("insecure:allow-all", ("http://*:*", "https://*:*", "http://self")),
        ("self", ("http://self",)),
        ("self.alt", ("http://self.alt", "https://self.alt")),
        ("example.com", ("http://example.com", "https://example.com")),
        ("localhost:3001", ("http://localhost:3001", "https://localhost:3001")),
        ("https://example.com/", ("http://example.com", "https://example.com")),
        ("[::1]:80", ("http://[::1]:80", "https://[::1]:80")),
    ],
)
def test_a_host_is_allowed_over_both_schemes(entry: str, converted: tuple[str, ...]) -> None:
    assert convert_allowed_http_hosts([entry]) == converted


@pytest.mark.parametrize("entry", ["", "example.com/path", "https://example.com?x", "http://", "me@example.com"])
def test_what_is_more_or_less_than_a_host_is_refused(entry: str) -> None:
    with pytest.raises(ValueError, match=r"is not a host|contains a path"):
        convert_allowed_http_hosts([entry])


def test_entries_that_come_to_the_same_are_kept_once() -> None:
    assert convert_allowed_http_hosts(["a.com", "http://a.com"]) == ("http://a.com", "https://a.com")

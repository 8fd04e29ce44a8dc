"""Spin's `allowed_outbound_hosts`: what each entry permits, and what is said of an entry that is wrong."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whorl.capabilities.outbound_http.allowed_hosts import AllowedEntry, AllowedHosts


@pytest.mark.parametrize(
    ("entry", "url"),
    [
        ("http://example.com", "http://example.com"),
        ("http://example.com", "http://EXAMPLE.com:80/path?q"),
        ("https://example.com/", "https://example.com:443"),
        (" https://example.com ", "https://example.com"),
        ("http://Example.COM:8080/", "http://example.com:8080"),
        ("http://example.com:*", "http://example.com:1"),
        ("http://example.com:3000..3002", "http://example.com:3001"),
        ("*://example.com:9", "ftp://example.com:9"),
        ("*://*:*", "anything://anywhere:1"),
        ("*://*:*", "anything://anywhere"),
        ("http://*", "http://example.com"),
        ("redis://cache", "redis://cache:6379"),
        ("mysql://cache", "mysql://user:p#ss@cache/db"),
        ("postgres://cache", "postgres://cache"),
        ("mqtt://cache", "mqtt://cache:1883"),
        ("tcp://127.0.0.1:5432", "tcp://127.0.0.1:5432"),
        ("http://*.example.com", "http://a.b.example.com"),
        ("http://127.0.0.0/24", "http://127.0.0.99"),
        ("http://127.0.0.77/24:8080", "http://127.0.0.1:8080"),
        ("http://127.0.0.1", "http://0x7f.1"),
        ("http://127.0.0.1", "http://2130706433"),
        ("http://0x7f000001", "http://127.0.0.1"),
        ("http://[::1]", "http://[0:0:0:0:0:0:0:1]"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("http://fd00::/8", "http://[fd12::1]"),
        ("http://::/0", "http://[fd12::1]"),
        ("http://b\u00fccher.example", "http://xn--bcher-kva.example"),
        ("http://xn--bcher-kva.example", "http://B\u00dcCHER.example"),
        ("http://*.spin.internal", "http://stock.spin.internal"),
    ],
)
def test_an_entry_permits(entry: str, url: str) -> None:
    assert AllowedHosts.parse([entry]).permits_url(url, "http")


@pytest.mark.parametrize(
    ("entry", "url"),
    [
        ("http://example.com", "https://example.com"),
        ("http://example.com", "http://example.com:8080"),
        ("http://example.com", "http://sub.example.com"),
        ("http://example.com", "http://example.com.evil.test"),
        ("http://example.com", "http://example.com@evil.test"),
        ("http://example.com", "http://evil.test/@example.com"),
        ("http://*.example.com", "http://example.com"),
        ("http://*.example.com", "http://badexample.com"),
        ("http://*.0.0.1.test", "http://127.0.0.1"),
        ("http://example.com:3000..3002", "http://example.com:3002"),
        ("http://*", "http://example.com:8080"),
        ("HTTP://example.com:80", "http://example.com"),
        ("*://example.com:80", "ftp://example.com"),
        ("http://127.0.0.0/24", "http://127.0.1.1"),
        ("http://127.0.0.0/24", "http://localhost"),
        ("http://127.0.0.0/24", "http://127.0.0.1.nip.test"),
        ("http://0.0.0.0/0", "http://[::1]"),
        ("http://self", "http://self"),
        ("http://self.alt", "http://self.alt"),
        ("http://*:*", "http://bad host"),
        ("http://*:*", "http://"),
        ("http://*:*", "http://exa%6dple.com"),
        ("http://*:*", "http://example.com:99999"),
    ],
)
def test_an_entry_does_not_permit(entry: str, url: str) -> None:
    assert not AllowedHosts.parse([entry]).permits_url(url, "http")


def test_nothing_is_permitted_by_default() -> None:
    nothing = AllowedHosts()
    assert not nothing.permits("http", "example.com", 80)
    assert not nothing.permits_self
    assert not nothing.permits_network
    assert not nothing.permits_component("shop")


def test_a_host_and_port_without_a_scheme_get_the_default_one() -> None:
    assert AllowedHosts.parse(["redis://cache:1"]).permits_url("cache:1", "redis")
    assert AllowedHosts.parse(["https://1.2.3.4:80"]).permits_url("1.2.3.4:80", "https")


def test_entries_that_a_template_switched_off_are_skipped() -> None:
    assert AllowedHosts.parse(["", "http://", "https://", "http://a"]) == AllowedHosts.parse(["http://a"])


@pytest.mark.parametrize("entry", ["http://self", "https://self.alt", "http://*", "*://*:*", "*://self:*"])
def test_the_application_itself_is_permitted_by(entry: str) -> None:
    assert AllowedHosts.parse([entry]).permits_self


@pytest.mark.parametrize("entry", ["http://localhost:*", "redis://self:1", "redis://*"])
def test_the_application_itself_is_not_permitted_by(entry: str) -> None:
    assert not AllowedHosts.parse([entry]).permits_self


@pytest.mark.parametrize("entry", ["http://a", "https://*.a", "*://*:*", "http://10.0.0.0/8:*", "http://spin.internal"])
def test_the_network_is_permitted_by(entry: str) -> None:
    assert AllowedHosts.parse(["http://self", entry]).permits_network


@pytest.mark.parametrize(
    "entry", ["http://self", "http://self.alt", "http://a.spin.internal", "*://*.spin.internal:*", "redis://a:1"]
)
def test_the_network_is_not_permitted_by(entry: str) -> None:
    assert not AllowedHosts.parse([entry]).permits_network


@pytest.mark.parametrize("entry", ["http://shop.spin.internal", "https://*.spin.internal", "*://*:*"])
def test_another_component_is_permitted_by(entry: str) -> None:
    assert AllowedHosts.parse([entry]).permits_component("shop")


@pytest.mark.parametrize("entry", ["http://cart.spin.internal", "redis://shop.spin.internal", "http://self"])
def test_another_component_is_not_permitted_by(entry: str) -> None:
    assert not AllowedHosts.parse([entry]).permits_component("shop")


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("example.com", "\"example.com\" does not contain a scheme (e.g., 'http://' or '*://')\nLearn more: "),
        ("*", '"*" is not an allowed outbound host format.\n'),
        ("?", "'*://*:*' - this will obviate all network sandboxing"),
        ("{http,https}://a", "scheme lists are not supported"),
        ("h2c://a:1", 'Invalid allowed host scheme "h2c": only alphabetic characters are allowed'),
        ("://a:1", "only alphabetic characters are allowed"),
        ("http://{a,b}", "host lists are not yet supported"),
        ("http://a/path", "must not include a path"),
        ("http://a:80/path", '"http://a:80/path" has a path but is not allowed to'),
        ("http://*.*.a", "wildcards are allowed only as prefixes"),
        ("http://a.*", "wildcards are allowed only as subdomains"),
        ("http://*.127.0.0.1", "wildcards are allowed only as subdomains"),
        ("http://a b", 'Invalid allowed host "a b"'),
        ("http://999.1.1.1", 'Invalid allowed host "999.1.1.1"'),
        ("http://::1", "Invalid allowed host"),
        ("tcp://a", 'no port was provided and the scheme "tcp" does not have a known default port number'),
        ("*://a", 'no port was provided and the scheme "*" does not have a known default port number'),
        ("http://a:x", 'Invalid allowed host port "x": port "x" is not a number'),
        ("http://a:70000", "is not a number"),
        ("http://a:1..x", 'port range "1..x" contains non-number'),
        ("http://a:{1,2}", "port lists are not yet supported"),
        ("insecure:allow-all", "'insecure:allow-all' is not allowed - use '*://*:*' instead"),
    ],
)
def test_a_wrong_entry_is_refused(entry: str, message: str) -> None:
    with pytest.raises(ValueError, match=r"^(?s:.*)$") as refusal:
        AllowedHosts.parse([entry])
    assert message in str(refusal.value)


labels = st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=8).map("a".__add__)
domains = st.lists(labels, min_size=1, max_size=4).map(".".join)
ports = st.integers(0, 65535)


@given(domains, domains, ports, ports)
def test_a_literal_permits_exactly_itself(allowed: str, host: str, port: int, other: int) -> None:
    hosts = AllowedHosts.parse([f"http://{allowed}:{port}"])
    assert hosts.permits("http", host, other) == ((allowed, port) == (host, other))


@given(domains, domains, ports)
def test_a_wildcard_permits_whatever_lies_below(domain: str, host: str, port: int) -> None:
    hosts = AllowedHosts.parse([f"http://*.{domain}:*"])
    assert hosts.permits("http", f"{host}.{domain}", port)
    assert hosts.permits("http", host, port) == host.endswith("." + domain)


@given(ports, ports, ports)
def test_a_range_permits_its_ports_but_not_its_end(start: int, end: int, port: int) -> None:
    assert AllowedHosts.parse([f"http://a:{start}..{end}"]).permits("http", "a", port) == (start <= port < end)


@given(st.ip_addresses(v=4), st.integers(0, 32), st.ip_addresses(v=4))
def test_a_block_permits_the_addresses_that_share_its_prefix(base: object, bits: int, address: object) -> None:
    shift = 32 - bits
    shared = int(base) >> shift == int(address) >> shift  # type: ignore[call-overload]
    assert AllowedHosts.parse([f"http://{base}/{bits}:*"]).permits("http", str(address), 1) == shared


@given(st.text(max_size=40))
def test_any_text_is_an_entry_or_a_value_error(text: str) -> None:
    try:
        AllowedEntry.parse(text)
    except ValueError:
        return


@given(st.text(max_size=40), st.text(max_size=20))
def test_nothing_but_the_literal_is_reached_by_any_url(text: str, scheme: str) -> None:
    """What is permitted is connected to: the destination's canonical host is the one that the entry names."""
    assert not AllowedHosts.parse(["http://only.example:81"]).permits_url(scheme + "://" + text + "/", "http")

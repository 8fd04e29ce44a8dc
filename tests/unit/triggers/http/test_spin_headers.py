"""The `spin-*` headers: their values, each exactly once, and none from a client."""

import pytest

from whorl.triggers.http.headers import client_address, spin_field_lines, spin_headers, without_spin_headers
from whorl.triggers.http.router import Route, RouteMatch, Router

CLIENT = b"127.0.0.1:54321"


def headers(route: str, path: str, query: str = "") -> dict[str, str]:
    """Return the headers of a request for `path` that matches `route`."""
    match = Router([(route, None)]).match(path)
    assert match is not None
    pairs = spin_headers(match, b"http", b"example.com", (path + query).encode(), CLIENT)
    assert len(dict(pairs)) == len(pairs)
    return {name.decode(): value.decode() for name, value in pairs}


def test_all_headers_of_a_request_with_parameters_and_a_wildcard() -> None:
    assert headers("/base/:path_segment/:path_end/...", "/base/path/end/rest", "?key=value") == {
        "spin-path-info": "/rest",
        "spin-full-url": "http://example.com/base/path/end/rest?key=value",
        "spin-matched-route": "/base/:path_segment/:path_end/...",
        "spin-base-path": "/",
        "spin-raw-component-route": "/base/:path_segment/:path_end/...",
        "spin-component-route": "/base/:path_segment/:path_end",
        "spin-client-addr": "127.0.0.1:54321",
        "spin-path-match-path-segment": "path",
        "spin-path-match-path-end": "end",
    }


@pytest.mark.parametrize(
    ("route", "matched", "raw", "component"),
    [
        ("/", "", "/", "/"),
        ("/...", "/...", "/...", ""),
        ("/foo/", "/foo", "/foo/", "/foo/"),
        ("foo", "/foo", "foo", "foo"),
        ("/foo/...", "/foo/...", "/foo/...", "/foo"),
    ],
)
def test_routes_are_told_as_spin_spells_them(route: str, matched: str, raw: str, component: str) -> None:
    told = headers(route, "/" if route in {"/", "/..."} else "/foo")
    assert told["spin-matched-route"] == matched
    assert told["spin-raw-component-route"] == raw
    assert told["spin-component-route"] == component


def test_without_a_host_the_full_url_names_localhost() -> None:
    match = Router([("/...", None)]).match("/x")
    assert match is not None
    assert (b"spin-full-url", b"https://localhost/x") in spin_headers(match, b"https", b"", b"/x", CLIENT)


def test_parameter_names_are_lower_case_with_hyphens() -> None:
    assert headers("/:User_Id", "/7")["spin-path-match-user-id"] == "7"


def test_parameters_that_would_name_the_same_header_give_one() -> None:
    assert headers("/:a_b/:a-b/:A_B", "/1/2/3")["spin-path-match-a-b"] == "3"


def test_a_parameter_that_cannot_name_a_header_gives_none() -> None:
    told = headers("/:a b/:c", "/1/2")
    assert {name for name in told if "match-" in name} == {"spin-path-match-c"}


def test_percent_signs_are_told_as_they_are() -> None:
    told = headers("/100%/:p%b/...", "/100%/%20/%41")
    assert told["spin-matched-route"] == "/100%/:p%b/..."
    assert told["spin-path-match-p%b"] == "%20"
    assert told["spin-path-info"] == "/%41"


def test_field_lines_are_the_headers_in_the_form_of_the_host_interface() -> None:
    match = Router([("/:x", None)]).match("/1")
    assert match is not None
    lines = spin_field_lines(match, b"http", b"h", b"/1", CLIENT)
    pairs = spin_headers(match, b"http", b"h", b"/1", CLIENT)
    assert lines == b"".join(name + b"\n" + value + b"\r" for name, value in pairs)


def test_a_chained_request_has_the_whole_path_as_path_info() -> None:
    match = RouteMatch(Route.chained(None), b"/api/x")
    told = dict(spin_headers(match, b"http", b"", b"/api/x?q", b"0.0.0.0:0"))
    assert told[b"spin-path-info"] == b"/api/x"
    assert told[b"spin-component-route"] == b""
    assert told[b"spin-full-url"] == b"http://localhost/api/x?q"


def test_a_client_cannot_set_spin_headers() -> None:
    sent = [(b"spin-client-addr", b"1.1.1.1:1"), (b"accept", b"*/*"), (b"spin_path_info", b"/x"), (b"spinner", b"1")]
    assert without_spin_headers(sent) == [(b"accept", b"*/*"), (b"spinner", b"1")]


@pytest.mark.parametrize(("host", "text"), [("127.0.0.1", b"127.0.0.1:80"), ("::1", b"[::1]:80")])
def test_a_client_address_is_address_and_port(host: str, text: bytes) -> None:
    assert client_address(host, 80) == text

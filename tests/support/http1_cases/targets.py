"""Whom a request is for (RFC 9112, sections 3.2 and 3.3): `Host`, and the forms of a target."""

from raw_http import request

from http1_cases.cases import BAD, BAD_OR_UNKNOWN, NEVER, Case, refused, served

_NO_HOSTS = {
    "empty": b"",
    "with a space": b"a b",
    "with a tab": b"a\tb",
    "with a slash": b"a/b",
    "with a path": b"localhost/",
    "with a query": b"a?b",
    "with a fragment": b"a#b",
    "with a backslash": b"a\\b",
    "with an at sign": b"u@h",
    "with a password": b"u:p@h",
    "with a scheme": b"http://h",
    "with a port that is a word": b"h:port",
    "with a port that is too great": b"h:99999",
    "with a port that is just too great": b"h:65536",
    "with a negative port": b"h:-1",
    "with two ports": b"h:80:80",
    "of nothing but a port": b":80",
    "a list": b"a, b",
    "a list without spaces": b"a,b",
    "in angle brackets": b"<h>",
    "in quotes": b'"h"',
    "with braces": b"{h}",
    "that is not ASCII": b"h\xc3\xa9",
    "with NUL": b"h\0",
    "IPv6 without brackets": b"::1",
    "IPv6 with one bracket": b"[::1",
    "IPv6 with something behind it": b"[::1]x",
    "brackets with nothing between": b"[]",
}

_HOSTS = (
    b"example.com",
    b"EXAMPLE.com",
    b"example.com:8080",
    b"h:65535",
    b"127.0.0.1:80",
    b"[::1]",
    b"[::1]:80",
    b"a_b",
)


def _to_head(host: bytes | None, *lines: bytes, version: bytes = b"HTTP/1.1") -> bytes:
    return request(b"/head", *lines, host=host, version=version)


HOSTS = [
    refused("no Host", _to_head(None)),
    refused("Host twice", _to_head(b"localhost", b"Host: localhost")),
    refused("two Hosts", _to_head(b"localhost", b"Host: other")),
    refused("two Hosts in different cases", _to_head(b"localhost", b"HOST: other")),
    refused("two Hosts in HTTP/1.0", _to_head(b"localhost", b"Host: other", version=b"HTTP/1.0")),
    refused("a Host with a slash in HTTP/1.0", _to_head(b"a/b", version=b"HTTP/1.0")),
    served("no Host in HTTP/1.0", _to_head(None, version=b"HTTP/1.0"), b"Method::Get", closes=True),
    *(refused(f"a Host {what}", _to_head(host)) for what, host in _NO_HOSTS.items()),
    *(served(f"Host {host.decode()}", _to_head(host), b'Some("%b")' % host) for host in _HOSTS),
]

_TO_OTHER = b'Some(Scheme::Http) Some("other.example%b") Some("%b")'

ABSOLUTE = [
    served("an absolute target", request(b"http://other.example/head"), _TO_OTHER % (b"", b"/head")),
    served("an absolute target with a port", request(b"http://other.example:81/head"), _TO_OTHER % (b":81", b"/head")),
    served(
        "an absolute target with a query", request(b"http://other.example/head?a=/b"), _TO_OTHER % (b"", b"/head?a=/b")
    ),
    served("an absolute target in upper case", request(b"HTTP://other.example/head"), _TO_OTHER % (b"", b"/head")),
    served(
        "an absolute target in HTTP/1.0 without Host",
        request(b"http://other.example/head", host=None, version=b"HTTP/1.0"),
        _TO_OTHER % (b"", b"/head"),
        closes=True,
    ),
    served(
        "an absolute target in the address of Spin",
        request(b"http://other.example/headers"),
        b"http://other.example/headers",
    ),
    refused("an absolute target without Host", request(b"http://other.example/head", host=None)),
    refused("an absolute target and two Hosts", request(b"http://other.example/head", b"Host: other.example")),
    refused("an absolute target and a bad Host", request(b"http://other.example/head", host=b"a b")),
    refused("an absolute target with a user", request(b"http://u@other.example/head")),
    refused("an absolute target with a password", request(b"http://u:p@other.example/head")),
    refused("an absolute target without a host", request(b"http:///head")),
    refused("an absolute target of nothing but a port", request(b"http://:80/head")),
    refused("an absolute target with a bad port", request(b"http://other.example:99999/head")),
    refused("an absolute target with a fragment", request(b"http://other.example/head#x")),
    refused("an absolute target with one slash", request(b"http:/other.example/head")),
    Case("an absolute target inside the app", request(b"http://lab.spin.internal/head"), BAD, closes=False, runs=NEVER),
    refused("FTP", request(b"ftp://other.example/head")),
    refused("a web socket's target", request(b"ws://other.example/head")),
    refused("a file", request(b"file:///head")),
    refused("a mail address", request(b"mailto:someone@other.example")),
]

FORMS = [
    refused("CONNECT", request(b"h:443", method=b"CONNECT", host=b"h:443"), (501,)),
    refused("CONNECT of a path", request(b"/hello", method=b"CONNECT"), BAD_OR_UNKNOWN),
    refused("an authority", request(b"h:443")),
    Case("OPTIONS of all", request(b"*", method=b"OPTIONS"), (204,), closes=False, runs=NEVER, method=b"OPTIONS"),
    refused("GET of all", request(b"*")),
    refused("OPTIONS of more than all", request(b"*/hello", method=b"OPTIONS")),
    refused("a target without its slash", request(b"hello")),
    refused("a query alone", request(b"?a=b")),
    refused("a fragment", request(b"/hello#x")),
    refused("a fragment behind a query", request(b"/head?a=b#x")),
    refused("an empty fragment", request(b"/hello#")),
]

_RAW_QUERIES = (b"//", b"%00", b"%2e%2e", b"%zz", b"%", b"a=b?c=d", b'[]|{}^`"<>\\', b"http://other.example/")

TARGETS: list[Case] = [
    *HOSTS,
    *ABSOLUTE,
    *FORMS,
    *(
        served(f"query {query.decode()}", request(b"/headers?" + query), b"/headers?%b\n" % query)
        for query in _RAW_QUERIES
    ),
]

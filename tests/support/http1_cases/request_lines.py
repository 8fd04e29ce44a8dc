"""Request lines (RFC 9112, section 3): methods, versions, and what stands between; what may stand before."""

from raw_http import request

from http1_cases.cases import BAD_OR_UNKNOWN, BAD_OR_VERSION, Case, refused, served

_HOST = b"Host: localhost\r\n\r\n"


def _line(line: bytes) -> bytes:
    return line + b"\r\n" + _HOST


SYNTAX = [
    refused("no version", _line(b"GET /hello"), BAD_OR_VERSION),
    refused("no version and no fields", b"GET /hello\r\n\r\n", BAD_OR_VERSION),
    refused("no target", _line(b"GET HTTP/1.1")),
    refused("an empty target", _line(b"GET  HTTP/1.1")),
    refused("a method alone", _line(b"GET")),
    # RFC 9112, section 3: a server may read the line by its words. No two servers see another request in it.
    served("two spaces before the target", _line(b"GET  /hello HTTP/1.1")),
    served("two spaces before the version", _line(b"GET /hello  HTTP/1.1")),
    refused("a space at the end", _line(b"GET /hello HTTP/1.1 ")),
    refused("a space at the beginning", _line(b" GET /hello HTTP/1.1")),
    refused("a tab before the target", _line(b"GET\t/hello HTTP/1.1")),
    refused("a tab before the version", _line(b"GET /hello\tHTTP/1.1")),
    refused("a vertical tab before the version", _line(b"GET /hello\x0bHTTP/1.1")),
    refused("a space in the target", _line(b"GET /hello world HTTP/1.1")),
    refused("a second version", _line(b"GET /hello HTTP/1.1 HTTP/1.1")),
    refused("a line feed for its end", b"GET /hello HTTP/1.1\n" + _HOST),
    refused("a carriage return for its end", b"GET /hello HTTP/1.1\r" + _HOST),
    refused("two carriage returns at its end", b"GET /hello HTTP/1.1\r\r\n" + _HOST),
    refused("line feeds for all ends", b"GET /hello HTTP/1.1\nHost: localhost\n\n"),
    refused("a carriage return in the target", _line(b"GET /hel\rlo HTTP/1.1")),
    refused("a line feed in the target", _line(b"GET /hel\nlo HTTP/1.1")),
    refused("NUL in the target", _line(b"GET /hel\0lo HTTP/1.1")),
    refused("a control character in the target", _line(b"GET /hel\x01lo HTTP/1.1")),
    refused("a delete character in the target", _line(b"GET /hel\x7flo HTTP/1.1")),
    refused("a header where the request line should be", _HOST),
    refused("a response", b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"),
    refused("a TLS hello", b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03" + bytes(range(32)) + b"\r\n\r\n"),
    refused("a PROXY line", b"PROXY TCP4 192.0.2.1 192.0.2.2 1 80\r\n" + request()),
]

METHODS = [
    refused("an empty method", _line(b" /hello HTTP/1.1")),
    refused("a method with an at sign", request(method=b"G@T")),
    refused("a method with a colon", request(method=b"GET:")),
    refused("a method with NUL", request(method=b"G\0T")),
    refused("a method with a control character", request(method=b"G\x01T")),
    refused("a method that is not ASCII", request(method=b"G\xc3\x89T")),
    refused("a method in quotes", request(method=b'"GET"')),
    refused("a method that nobody knows", request(method=b"FOO"), BAD_OR_UNKNOWN),
    refused("a method in lower case", request(method=b"get"), BAD_OR_UNKNOWN),
    refused("a method with something behind it", request(method=b"GETX"), BAD_OR_UNKNOWN),
    served("DELETE", request(b"/head", method=b"DELETE"), b"Method::Delete "),
    served("PATCH", request(b"/head", b"Content-Length: 0", method=b"PATCH"), b"Method::Patch "),
    served("PUT", request(b"/head", b"Content-Length: 0", method=b"PUT"), b"Method::Put "),
    served("a POST without a body", request(b"/head", method=b"POST"), b"Method::Post "),
    served("OPTIONS of a path", request(b"/head", method=b"OPTIONS"), b"Method::Options "),
    served("PROPFIND", request(b"/head", method=b"PROPFIND"), b'Method::Other("PROPFIND") '),
]

_OTHER_VERSIONS = (b"HTTP/2.0", b"HTTP/3.0", b"HTTP/0.9")
_NO_VERSIONS = (
    b"HTTP/1.2",
    b"HTTP/11.1",
    b"http/1.1",
    b"Http/1.1",
    b"HTTP/1.10",
    b"HTTP/1",
    b"HTTP/2",
    b"HTTP/1.",
    b"HTTP/.1",
    b"HTTP/01.1",
    b"HTTP/1,1",
    b"HTTP/+1.1",
    b"HTTP/-1.1",
    b"HTTP/1.1x",
    b"HTTP/x.y",
    b"HTTP 1.1",
    b"HTTP1.1",
    b"HTPP/1.1",
    b"ICY/1.1",
    b"ICE/1.0",
    b"1.1",
    b"HTTP/1.1\0",
)

VERSIONS = [
    *(refused(f"version {version.decode()}", request(version=version), (505,)) for version in _OTHER_VERSIONS),
    *(refused(f"version {version.decode()!r}", request(version=version), BAD_OR_VERSION) for version in _NO_VERSIONS),
    refused("the preface of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", BAD_OR_VERSION),
    refused(
        "the preface of HTTP/2 with its frames",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\x06\x04\0\0\0\0\0\0\x03\0\0\0\x64",
        BAD_OR_VERSION,
    ),
    served("version HTTP/1.0", request(version=b"HTTP/1.0"), b"hello", closes=True),
    # llhttp takes RTSP for HTTP of the same version, and does not say which it was.
    served("version RTSP/1.0", request(version=b"RTSP/1.0"), b"hello", closes=True),
]

BEFORE = [
    served("an empty line before it", b"\r\n" + request()),
    served("two empty lines before it", b"\r\n\r\n" + request()),
    served("a line feed before it", b"\n" + request()),
    served("a carriage return before it", b"\r" + request()),
    refused("NUL before it", b"\0" + request()),
    refused("a byte order mark before it", b"\xef\xbb\xbf" + request()),
    refused("a line of spaces before it", b"  \r\n" + request()),
]

REQUEST_LINES: list[Case] = [*SYNTAX, *METHODS, *VERSIONS, *BEFORE]

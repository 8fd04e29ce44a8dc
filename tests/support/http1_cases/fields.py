"""Header fields (RFC 9112, section 5; RFC 9110, section 5): names, values, and where lines end."""

from raw_http import request

from http1_cases.cases import Case, refused, served


def _with(*lines: bytes) -> bytes:
    return request(b"/headers", *lines)


_NO_NAMES = {
    "empty": b"",
    "with a space": b"x a",
    "with a space behind it": b"x-a ",
    "with a tab behind it": b"x-a\t",
    "with NUL": b"x\0a",
    "with a control character": b"x\x01a",
    "with a delete character": b"x\x7fa",
    "with a carriage return": b"x\ra",
    "with a line feed": b"x\na",
    "with a slash": b"x/a",
    "with an at sign": b"x@a",
    "in parentheses": b"(x)",
    "in brackets": b"[x]",
    "in quotes": b'"x"',
    "with a comma": b"x,a",
    "that is not ASCII": b"x-\xc3\xa9",
    "with a vertical tab before it": b"\x0bx-a",
}

_NO_VALUES = {
    "with NUL": b"a\0b",
    "that is NUL": b"\0",
    "with a carriage return": b"a\rb",
    "with a carriage return before what looks like a field": b"a\rx-b: 1",
    "with a line feed": b"a\nx-b: 1",
    "with a carriage return at its end": b"a\r",
    "with a control character": b"a\x01b",
    "with a backspace": b"a\x08b",
    "with a vertical tab": b"a\x0bb",
    "with a form feed": b"a\x0cb",
    "with an escape": b"a\x1b[31m",
    "with a unit separator": b"a\x1fb",
    "with a delete character": b"a\x7fb",
}

NAMES = [
    *(refused(f"a name {what}", _with(name + b": 1")) for what, name in _NO_NAMES.items()),
    refused("Host with a space behind it", request(b"/headers", b"Host : localhost", host=None)),
    refused("no colon", _with(b"x-a")),
    refused("no colon in the last line", _with(b"x-b: 1", b"x-a 1")),
    refused("no colon in the first line", request(b"/headers", b"x-a", b"Host: localhost", host=None)),
    served("a name of every character that names may have", _with(b"!#$%&'*+-.^_`|~0aZ: 1"), b"!#$%&'*+-.^_`|~0az: 1"),
    served("an upper-case name", _with(b"X-A: b"), b"x-a: b\n"),
    served("Host in upper case", request(b"/hello", b"HOST: localhost", host=None), b"hello"),
    served("an underscore is no dash", request(b"/late", b"Content_Length: 5", method=b"POST"), b"0 bytes"),
]

VALUES = [
    *(refused(f"a value {what}", _with(b"x-a: " + value)) for what, value in _NO_VALUES.items()),
    served("an empty value", _with(b"x-a:", b"x-b: 1"), b"x-a: \nx-b: 1"),
    served("no space before a value", _with(b"x-a:b", b"x-b: 1"), b"x-a: b\nx-b: 1"),
    served("space around a value", _with(b"x-a: \t b \t", b"x-b: 1"), b"x-a: b\nx-b: 1"),
    served("a tab in a value", _with(b"x-a: b\tc", b"x-b: 1"), b"x-a: b\tc\nx-b: 1"),
    served("a colon in a value", _with(b"x-a: b:c", b"x-b: 1"), b"x-a: b:c\nx-b: 1"),
    served("a value that is not ASCII", _with("x-a: \N{SNOWMAN}".encode()), "x-a: \N{SNOWMAN}".encode()),
    served("a field that comes twice", _with(b"x-a: 1", b"x-a: 2"), b"x-a: 1\nx-a: 2"),
]

LINES = [
    refused("a field that is folded with a space", _with(b"x-a: b", b" c")),
    refused("a field that is folded with a tab", _with(b"x-a: b", b"\tc")),
    refused("a field that is folded before its value", _with(b"x-a:", b" b")),
    refused("a field that is folded with an empty line", _with(b"x-a: b", b" ")),
    refused("a space before the first field", request(b"/headers", b" Host: localhost", host=None)),
    refused("a tab before the first field", request(b"/headers", b"\tx-a: b", b"Host: localhost", host=None)),
    refused("a line feed behind a field", b"GET /hello HTTP/1.1\r\nHost: localhost\nx-a: b\r\n\r\n"),
    refused("a line feed behind the last field", b"GET /hello HTTP/1.1\r\nHost: localhost\n\r\n"),
    refused("a line feed for the empty line", b"GET /hello HTTP/1.1\r\nHost: localhost\r\n\n"),
    refused("two line feeds behind the fields", b"GET /hello HTTP/1.1\r\nHost: localhost\n\n"),
    refused("a carriage return behind a field", b"GET /hello HTTP/1.1\r\nHost: localhost\rx-a: b\r\n\r\n"),
    refused("a carriage return for the empty line", b"GET /hello HTTP/1.1\r\nHost: localhost\r\n\rX"),
    refused("two carriage returns behind a field", b"GET /hello HTTP/1.1\r\nHost: localhost\r\r\n\r\n"),
    refused("two carriage returns for the empty line", b"GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\r\n"),
]

FIELDS: list[Case] = [*NAMES, *VALUES, *LINES]

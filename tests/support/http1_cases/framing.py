"""How long a body is (RFC 9112, section 6): `Content-Length`, `Transfer-Encoding`, and both."""

from raw_http import LAST_CHUNK, chunk, post, request

from http1_cases.cases import BAD, BAD_OR_UNKNOWN, Case, refused, served, served_or_refused

_HIDDEN = request(b"/hello?hidden")
"""What a server that takes the body for shorter than it is would run."""


def _echo(*lines: bytes, body: bytes = b"hello", version: bytes = b"HTTP/1.1") -> bytes:
    return request(b"/echo", *lines, method=b"POST", body=body, version=version)


_CODED = chunk(b"hello") + LAST_CHUNK

_NO_LENGTHS = {
    "negative": b"-5",
    "with a plus sign": b"+5",
    "hexadecimal": b"0x5",
    "of hexadecimal digits": b"a",
    "empty": b"",
    "a word": b"five",
    "two numbers": b"5 5",
    "a list": b"5, 5",
    "a list of different ones": b"5, 6",
    "a list with an empty element": b"5,",
    "with a semicolon": b"5;",
    "a fraction": b"5.0",
    "with an exponent": b"1e1",
    "with an underscore": b"5_0",
    "in quotes": b'"5"',
    "of digits that are not ASCII": "\N{ARABIC-INDIC DIGIT FIVE}".encode(),
    "a superscript": b"\xb2",
    "with a vertical tab": b"5\x0b",
    "with NUL": b"5\0",
    "2 to the 63rd": b"%d" % (1 << 63),
    "2 to the 64th": b"%d" % (1 << 64),
    "2 to the 64th and five": b"%d" % ((1 << 64) + 5),
    "of a hundred digits": b"9" * 100,
    "of five thousand digits": b"9" * 5000,
}

LENGTHS = [
    *(refused(f"a length {what}", _echo(b"Content-Length: " + value)) for what, value in _NO_LENGTHS.items()),
    refused("the same length twice", _echo(b"Content-Length: 5", b"Content-Length: 5")),
    refused("two lengths", _echo(b"Content-Length: 5", b"Content-Length: 6")),
    refused("two lengths, one of them none", _echo(b"Content-Length: 5", b"Content-Length:")),
    refused("two lengths in different cases", _echo(b"content-length: 0", b"CONTENT-LENGTH: 5")),
    refused("a length with a space before the colon", _echo(b"Content-Length : 5")),
    served("a length", _echo(b"Content-Length: 5"), b"hello"),
    served("a length with space around it", _echo(b"Content-Length: \t5 \t"), b"hello"),
    served("a length with zeros before it", _echo(b"Content-Length: 005"), b"hello"),
    served("a length of nothing", _echo(b"Content-Length: 0", body=b"")),
    served("a length in HTTP/1.0", _echo(b"Content-Length: 5", version=b"HTTP/1.0"), b"hello", closes=True),
    served("a request for a body", post(b"/echo", _HIDDEN), _HIDDEN),
    served("a GET with a body", request(b"/echo", b"Content-Length: %d" % len(_HIDDEN), body=_HIDDEN), _HIDDEN),
]

_CODINGS = {
    "gzip before the chunks": (b"gzip, chunked", (501,)),
    "deflate before the chunks": (b"deflate, chunked", (501,)),
    "gzip alone": (b"gzip", BAD_OR_UNKNOWN),
    "identity": (b"identity", BAD_OR_UNKNOWN),
    "a coding that nobody knows": (b"cow", BAD_OR_UNKNOWN),
    "a coding that begins like chunked": (b"chunkedx", BAD_OR_UNKNOWN),
    "a coding that ends like chunked": (b"xchunked", BAD_OR_UNKNOWN),
    "chunked with a space in it": (b"chun ked", BAD_OR_UNKNOWN),
    "chunked in quotes": (b'"chunked"', BAD_OR_UNKNOWN),
    "chunked with a parameter": (b"chunked;q=1", BAD_OR_UNKNOWN),
    "no coding": (b"", BAD_OR_UNKNOWN),
    "gzip behind the chunks": (b"chunked, gzip", BAD),
    "identity behind the chunks": (b"chunked, identity", BAD),
    "chunks of chunks": (b"chunked, chunked", BAD),
    "chunked behind a vertical tab": (b"\x0bchunked", BAD),
    "chunked with NUL": (b"chunked\0", BAD),
}

CODINGS = [
    *(
        refused(what, _echo(b"Transfer-Encoding: " + value, body=_CODED), statuses)
        for what, (value, statuses) in _CODINGS.items()
    ),
    refused("chunked twice", _echo(*[b"Transfer-Encoding: chunked"] * 2, body=_CODED)),
    refused(
        "codings in two fields",
        _echo(b"Transfer-Encoding: gzip", b"Transfer-Encoding: chunked", body=_CODED),
        BAD_OR_UNKNOWN,
    ),
    refused(
        "chunked, then identity",
        _echo(b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity", body=_CODED),
    ),
    refused("chunked with a space before the colon", _echo(b"Transfer-Encoding : chunked", body=_CODED)),
    refused("chunked in a folded line", _echo(b"Transfer-Encoding:", b" chunked", body=_CODED)),
    refused("chunked in HTTP/1.0", _echo(b"Transfer-Encoding: chunked", body=_CODED, version=b"HTTP/1.0")),
    served("chunked", _echo(b"Transfer-Encoding: chunked", body=_CODED), b"hello"),
    served("chunked in upper case", _echo(b"TRANSFER-ENCODING: CHUNKED", body=_CODED), b"hello"),
    served("chunked with space around it", _echo(b"Transfer-Encoding: \t chunked  ", body=_CODED), b"hello"),
    served_or_refused("chunked with a tab behind it", _echo(b"Transfer-Encoding: chunked\t", body=_CODED)),
    served("a GET in chunks", request(b"/echo", b"Transfer-Encoding: chunked", body=_CODED), b"hello"),
]

_CHUNKED = b"Transfer-Encoding: chunked"

BOTH = [
    refused("a length before chunked", _echo(b"Content-Length: 6", _CHUNKED, body=LAST_CHUNK + b"G")),
    refused("a length behind chunked", _echo(_CHUNKED, b"Content-Length: 4", body=b"5c\r\n" + _HIDDEN)),
    refused("a length of nothing, and chunked", _echo(b"Content-Length: 0", _CHUNKED, body=_CODED + _HIDDEN)),
    refused("a length, and chunked in HTTP/1.0", _echo(b"Content-Length: 5", _CHUNKED, version=b"HTTP/1.0")),
    refused("a length, and identity", _echo(b"Content-Length: 5", b"Transfer-Encoding: identity"), BAD_OR_UNKNOWN),
]

FRAMING: list[Case] = [*LENGTHS, *CODINGS, *BOTH]

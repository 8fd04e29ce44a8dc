"""The chunked transfer coding (RFC 9112, section 7.1): sizes, extensions, data, trailers."""

from raw_http import LAST_CHUNK, chunk, chunked, request

from http1_cases.cases import PERHAPS, Case, refused, served, served_or_refused

_HIDDEN = request(b"/hello?hidden")


def _bad(name: str, coded: bytes) -> Case:
    return refused(name, chunked(b"/late", coded), runs=PERHAPS)


def _odd(name: str, coded: bytes) -> Case:
    return served_or_refused(name, chunked(b"/late", coded))


def _good(name: str, coded: bytes, body: bytes = b"hello") -> Case:
    return served(name, chunked(b"/echo", coded), body)


_NO_SIZES = {
    "no number": b"g",
    "negative": b"-5",
    "with a plus sign": b"+5",
    "with a prefix": b"0x5",
    "behind a space": b" 5",
    "behind a tab": b"\t5",
    "empty": b"",
    "a fraction": b"5.0",
    "with an underscore": b"0_5",
    "two numbers": b"5 5",
    "in quotes": b'"5"',
    "a list": b"5,5",
    "with NUL": b"5\0",
    "of digits that are not ASCII": "\N{FULLWIDTH DIGIT FIVE}".encode(),
    "2 to the 64th and five": b"10000000000000005",
    "2 to the 64th": b"1" + b"0" * 16,
    "of forty digits": b"f" * 40,
    "of a thousand digits": b"a" * 1000,
}

SIZES = [
    *(_bad(f"a size {what}", value + b"\r\nhello\r\n" + LAST_CHUNK) for what, value in _NO_SIZES.items()),
    _bad("a size that is negative, of nothing", b"-0\r\n\r\n"),
    _good("a size with zeros before it", b"0005\r\nhello\r\n" + LAST_CHUNK),
    _good("a size in upper case", b"A\r\nhellohello\r\n" + LAST_CHUNK, b"hellohello"),
    _good("a size in lower case", b"a\r\nhellohello\r\n" + LAST_CHUNK, b"hellohello"),
    _good("a last chunk of many zeros", chunk(b"hello") + b"0000\r\n\r\n"),
    _good("several chunks", chunk(b"he") + chunk(b"l") + chunk(b"lo") + LAST_CHUNK),
    _good("no chunk but the last", LAST_CHUNK, b""),
    _good("data that looks like chunks", chunk(LAST_CHUNK + _HIDDEN) + LAST_CHUNK, LAST_CHUNK + _HIDDEN),
]

ENDS = [
    _bad("a line feed behind the size", b"5\nhello\r\n" + LAST_CHUNK),
    _bad("a carriage return behind the size", b"5\rXhello\r\n" + LAST_CHUNK),
    _bad("two carriage returns behind the size", b"5\r\r\nhello\r\n" + LAST_CHUNK),
    _bad("a line feed behind the data", b"5\r\nhello\n" + LAST_CHUNK),
    _bad("a carriage return behind the data", b"5\r\nhello\r0\r\n\r\n"),
    _bad("nothing behind the data", b"5\r\nhello" + LAST_CHUNK),
    _bad("data that is too long", b"5\r\nhello!\r\n" + LAST_CHUNK),
    _bad("data that is too long by a line", b"5\r\nhello\r\n\r\n" + LAST_CHUNK),
    _bad("two characters in place of the end of the data", b"5\r\nhelloXX" + LAST_CHUNK),
    _bad("a line feed behind the size of the last chunk", b"5\r\nhello\r\n0\n\r\n"),
    _bad("a line feed at the end of all", b"5\r\nhello\r\n0\r\n\n"),
    _bad("a carriage return and more at the end of all", b"5\r\nhello\r\n0\r\n\rX"),
]

EXTENSIONS = [
    _good("an extension", b"5;a=b\r\nhello\r\n" + LAST_CHUNK),
    _good("an extension without a value", b"5;a\r\nhello\r\n" + LAST_CHUNK),
    _good("an extension in quotes", b'5;a="b c;d"\r\nhello\r\n' + LAST_CHUNK),
    _good("several extensions", b"5;a=b;c;d=e\r\nhello\r\n" + LAST_CHUNK),
    _good("an extension of the last chunk", chunk(b"hello") + b"0;a=b\r\n\r\n"),
    _bad("an extension with a line feed", b"5;a\nb\r\nhello\r\n" + LAST_CHUNK),
    _bad("an extension that ends with a line feed", b"5;a\nhello\r\n" + LAST_CHUNK),
    _bad("an extension with a carriage return", b"5;a\rb\r\nhello\r\n" + LAST_CHUNK),
    _bad("an extension with NUL", b"5;a\0b\r\nhello\r\n" + LAST_CHUNK),
    _bad("an extension with a control character", b"5;a\x01b\r\nhello\r\n" + LAST_CHUNK),
    _bad("an extension of the last chunk with a line feed", chunk(b"hello") + b"0;a\n\r\n"),
]


def _trailed(*lines: bytes) -> bytes:
    return chunk(b"hello") + b"0\r\n" + b"".join(line + b"\r\n" for line in lines) + b"\r\n"


TRAILERS = [
    _good("a trailer", _trailed(b"x-sum: 1")),
    _good("several trailers", _trailed(b"x-sum: 1", b"x-sum: 2", b"x-other:")),
    _bad("a trailer that is a length", _trailed(b"content-length: 100")),
    _bad("a trailer that is a coding", _trailed(b"transfer-encoding: gzip")),
    _bad("a trailer that ends the connection", _trailed(b"connection: close")),
    _bad("a trailer that offers an upgrade", _trailed(b"upgrade: h2c")),
    _good("trailers that mean something in a head", _trailed(b"host: a b", b"expect: x", b"te: gzip")),
    _bad("a trailer without a colon", _trailed(b"x-sum")),
    _bad("a trailer without a name", _trailed(b": 1")),
    _bad("a trailer with a space before the colon", _trailed(b"x-sum : 1")),
    _bad("a trailer that is folded", _trailed(b"x-sum: 1", b" 2")),
    _bad("a trailer that begins with a space", _trailed(b" x-sum: 1")),
    _bad("a trailer with NUL", _trailed(b"x-sum: a\0b")),
    _bad("a trailer with a control character", _trailed(b"x-sum: a\x01b")),
    _bad("a trailer with a carriage return", _trailed(b"x-sum: a\rb")),
    _bad("a trailer that ends with a line feed", chunk(b"hello") + b"0\r\nx-sum: 1\n\r\n"),
    _bad("trailers that end with a line feed", chunk(b"hello") + b"0\r\nx-sum: 1\r\n\n"),
    _bad("a request where trailers may be", chunk(b"hello") + b"0\r\n" + _HIDDEN),
]

CHUNKS: list[Case] = [*SIZES, *ENDS, *EXTENSIONS, *TRAILERS]

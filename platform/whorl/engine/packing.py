"""How bytes cross between sandbox and host: packed bytes, head text and field lines of `whorl:host`.

Strings are the cheapest thing that crosses the component boundary, so bytes travel as strings: as they are when they
are valid UTF-8, else as base64. Everything here works on `bytes` that hold UTF-8, which is what the engine hands out.
Whatever comes from a guest is untrusted: each decoder raises `MalformedError`, which the engine turns into a trap.
"""

from binascii import Error as Base64Error
from binascii import a2b_base64, b2a_base64
from collections.abc import Iterable
from typing import Self

Fields = list[tuple[bytes, bytes]]
"""Header or trailer fields in order: name, value."""


class MalformedError(ValueError):
    """What a guest or adapter sent does not follow the conventions of `whorl:host`."""


class Text(bytes):
    """Bytes that are known to be UTF-8, so that nobody has to look again: they are looked at when it is made.

    Only for what is large and not ASCII, which is where looking costs something.

    Raises:
        UnicodeDecodeError: they are not.
    """

    __slots__ = ()

    def __new__(cls, data: bytes) -> Self:
        """Return `data` as text, if it is."""
        data.decode()
        return super().__new__(cls, data)


def text_of_bytes(data: bytes) -> bytes:
    """Return bytes as a string that has a character of latin1 for each."""
    return data if data.isascii() else bytes.__new__(Text, data.decode("latin-1").encode())


def bytes_of_text(text: bytes) -> bytes:
    """Return the bytes that a string of latin1 stands for.

    Raises:
        UnicodeEncodeError: it has characters that are no bytes.
    """
    return text if text.isascii() else text.decode().encode("latin-1")


def is_utf8(data: bytes) -> bool:
    """Tell whether `data` can cross as a string without being encoded."""
    if data.isascii():
        return True
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def pack(data: bytes) -> bytes:
    """Return `data` as packed bytes: a flag, then the bytes or their base64."""
    if data.isascii():
        return b"r" + data
    try:
        return Text(b"r" + data)
    except UnicodeDecodeError:
        return b"b" + b2a_base64(data, newline=False)


def unpack(packed: bytes) -> bytes:
    """Return the bytes that were packed.

    Raises:
        MalformedError: the flag is unknown or the base64 is not valid.
    """
    flag = packed[:1]
    if flag == b"r":
        return packed[1:]
    if flag == b"b":
        return decode_base64(packed[1:])
    raise MalformedError(f"packed bytes begin with {flag!r}, not with `r` or `b`")


def decode_base64(text: bytes) -> bytes:
    """Return the bytes that `text` stands for.

    Raises:
        MalformedError: `text` is not padded base64.
    """
    try:
        return a2b_base64(text, strict_mode=True)
    except Base64Error as error:
        raise MalformedError(f"bad base64: {error}") from error


def encode_head(head: bytes) -> bytes:
    """Return head text (UTF-8 of latin-1 code points) for the raw bytes of a head."""
    return head if head.isascii() else head.decode("latin-1").encode()


def decode_head(text: bytes) -> bytes:
    """Return the raw bytes that head text stands for.

    Raises:
        MalformedError: a character does not stand for a byte.
    """
    if text.isascii():
        return text
    try:
        return text.decode().encode("latin-1")
    except UnicodeError as error:
        raise MalformedError("head text holds a character above U+00FF") from error


def encode_fields(fields: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Return field lines (raw bytes, not yet head text) for `fields`."""
    return b"".join([b"%b\n%b\r" % field for field in fields])


def decode_fields(lines: bytes) -> Fields:
    """Return the fields of `lines` (raw bytes).

    Raises:
        MalformedError: a line has no value, or does not end.
    """
    if not lines:
        return []
    fields = []
    *whole, rest = lines.split(b"\r")
    if rest:
        raise MalformedError("the last field line does not end")
    for line in whole:
        name, separator, value = line.partition(b"\n")
        if not separator:
            raise MalformedError("a field line has no value")
        fields.append((name, value))
    return fields

"""Bytes cross unharmed whatever they are, and what does not follow the conventions is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whorl.engine.packing import (
    MalformedError,
    decode_fields,
    decode_head,
    encode_fields,
    encode_head,
    pack,
    unpack,
)

NAMES = st.binary(min_size=1).filter(lambda name: not set(name) & set(b"\r\n\0"))
VALUES = st.binary().filter(lambda value: not set(value) & set(b"\r\n\0"))


@given(st.binary())
def test_any_bytes_survive_packing(data: bytes) -> None:
    packed = pack(data)
    packed.decode()
    assert unpack(packed) == data


@given(st.text())
def test_text_is_packed_as_it_is(text: str) -> None:
    assert pack(text.encode()) == b"r" + text.encode()


@given(st.binary())
def test_any_bytes_survive_as_head_text(data: bytes) -> None:
    text = encode_head(data)
    text.decode()
    assert decode_head(text) == data


@given(st.lists(st.tuples(NAMES, VALUES)))
def test_fields_survive_as_lines(fields: list[tuple[bytes, bytes]]) -> None:
    assert decode_fields(encode_fields(fields)) == fields


@given(st.binary())
def test_decoders_give_bytes_or_say_that_the_input_is_malformed(data: bytes) -> None:
    for decode in (unpack, decode_head, decode_fields):
        try:
            decode(data)
        except MalformedError:
            continue


@pytest.mark.parametrize("data", [b"", b"x", b"b*", b"bQQ", b"bQQ=", b"bQ==Q"])
def test_what_was_not_packed_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedError):
        unpack(data)


@pytest.mark.parametrize("data", ["\u0100".encode(), b"\xff"])
def test_head_text_beyond_latin_1_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedError):
        decode_head(data)

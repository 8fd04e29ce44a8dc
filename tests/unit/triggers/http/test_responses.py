"""Heads of responses: what is read, and what is remembered."""

import pytest

from whorl.engine.packing import MalformedError
from whorl.triggers.http.responses import ResponseHead, ResponseHeads, UnservableError


def test_a_head_has_its_fields_and_their_lines() -> None:
    head = ResponseHeads().read(b"200\rX-One\n1\rcontent-length\n5\r")
    fields = ((b"x-one", b"1"), (b"content-length", b"5"))
    assert head == ResponseHead(200, fields, b"x-one: 1\r\ncontent-length: 5\r\n", length=5)


@pytest.mark.parametrize("status", [204, 304])
def test_a_response_without_a_body_has_no_length_of_one(status: int) -> None:
    head = ResponseHeads().read(b"%d\retag\n1\rcontent-length\n5\r" % status)
    assert head.lines == b"etag: 1\r\n"
    assert head.fields == ((b"etag", b"1"),)
    assert head.length is None


@pytest.mark.parametrize("status", [0, 100, 103, 199, 600, 999])
def test_a_status_that_is_no_final_one_of_http_is_named(status: int) -> None:
    for _ in range(2):
        with pytest.raises(UnservableError, match=f"status {status} is not one from 200 to 599"):
            ResponseHeads().read(b"%03d\r" % status)


@pytest.mark.parametrize("lengths", [[b"5", b"5"], [b"5", b"6"], [b"+5"], [b"5, 5"], [b""], [b"-1"], [b"9" * 19]])
def test_a_length_that_is_not_one_number_is_named(lengths: list[bytes]) -> None:
    with pytest.raises(UnservableError, match="`content-length` is not one number"):
        ResponseHead.of(200, [(b"content-length", length) for length in lengths])


def test_a_head_that_came_before_is_not_read_again() -> None:
    heads = ResponseHeads()
    text = b"200\rcontent-type\ntext/plain\r"
    assert heads.read(text) is heads.read(bytes(bytearray(text)))


def test_the_memory_of_heads_is_bounded() -> None:
    heads = ResponseHeads()
    first = heads.read(b"200\rx\n0\r")
    for number in range(1, 1000):
        heads.read(b"200\rx\n%d\r" % number)
    again = heads.read(b"200\rx\n0\r")
    assert again == first
    assert again is not first


def test_a_long_head_is_not_kept() -> None:
    heads = ResponseHeads()
    text = b"200\rx\n" + b"y" * 5000 + b"\r"
    assert heads.read(text) == heads.read(text)
    assert heads.read(text) is not heads.read(text)


def test_a_malformed_head_stays_malformed() -> None:
    heads = ResponseHeads()
    for _ in range(2):
        with pytest.raises(MalformedError, match="not allowed by HTTP"):
            heads.read(b"200\rna me\nv\r")

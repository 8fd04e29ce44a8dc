"""Requests whose body does not come with their head: its length is held against `content-length` all the same."""

import pytest

from whorl.capabilities.outbound_http.heads import parse_start
from whorl.capabilities.outbound_http.messages import OutboundError
from whorl.engine.packing import MalformedError

HEAD = b"POST\rhttp\rexample.com\r/\r%b\r\r\r\rcontent-length\n%d\r"


def text(length: int, flags: bytes = b"", body: bytes = b"") -> bytes:
    head = HEAD % (flags, length)
    return b"%d\r%b%b" % (len(head), head, body)


def test_the_body_is_taken_from_where_it_is() -> None:
    assert parse_start(text(5000), b"x" * 5000).request.body == b"x" * 5000
    assert parse_start(text(5, body=b"hello")).request.body == b"hello"
    assert parse_start(text(9000, b"s"), b"x" * 5000).continues


@pytest.mark.parametrize("length", [0, 4999, 5001])
def test_a_length_that_is_another_is_an_error(length: int) -> None:
    with pytest.raises(OutboundError):
        parse_start(text(length), b"x" * 5000)


@pytest.mark.parametrize("message", [text(5, body=b"hello"), text(5, b"b")])
def test_a_body_in_two_places_is_malformed(message: bytes) -> None:
    with pytest.raises(MalformedError, match="two places"):
        parse_start(message, b"hello")

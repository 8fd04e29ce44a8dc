"""The load generator's reader of responses."""

import pytest
from bench.responses import Answer, ResponseReader, WrongAnswerError

WHOLE = b"HTTP/1.1 200 OK\r\ndate: now\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"


@pytest.mark.parametrize("response", [WHOLE, CHUNKED])
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_a_right_answer_is_complete_with_its_last_byte(response: bytes, size: int) -> None:
    reader = ResponseReader(Answer(200, b"hello"))
    pieces = [response[at : at + size] for at in range(0, len(response), size)]
    for _ in range(3):
        assert [reader.feed(piece) for piece in pieces] == [False] * (len(pieces) - 1) + [True]


@pytest.mark.parametrize(
    "response",
    [
        WHOLE.replace(b"200", b"500"),
        WHOLE.replace(b"hello", b"hallo"),
        WHOLE + b"!",
        WHOLE.replace(b"Content-Length: 5", b"x-length: 5"),
        CHUNKED.replace(b"llo", b"llu"),
    ],
)
def test_a_wrong_answer_is_refused_even_after_right_ones(response: bytes) -> None:
    reader = ResponseReader(Answer(200, b"hello"))
    assert reader.feed(WHOLE)
    with pytest.raises(WrongAnswerError):
        reader.feed(response)

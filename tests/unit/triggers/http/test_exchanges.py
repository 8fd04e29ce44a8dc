"""What the guest's side of an exchange is given, and what it may not send."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from whorl.engine.packing import MalformedError
from whorl.engine.tasks import REQUEST_BODY, RESPONSE_SINK, TaskTable
from whorl.triggers.http.exchanges import REQUEST_BUFFER, RESPONSE_BUFFER, Exchange
from whorl.triggers.http.messages import IncomingRequest
from whorl.triggers.http.responses import Reply, ResponseHead, ResponseHeads

pytestmark = pytest.mark.anyio

LINE = b"POST\rhttp\rlocalhost\r/\r"


async def nothing() -> bytes:
    return b""


def exchange(body: bytes = b"", *, more: bool = False, fields: bytes = b"") -> tuple[Exchange, TaskTable]:
    tasks = TaskTable()
    instance = cast(
        "Any", SimpleNamespace(is_memory_hidden=True, memory=None, tasks=tasks, loop=asyncio.get_running_loop())
    )
    request = IncomingRequest(b"POST", b"http", b"localhost", b"/", [], body, nothing if more else None)
    return Exchange(instance, request, fields, ResponseHeads()), tasks


async def test_a_request_without_a_body_is_its_head() -> None:
    given, _ = exchange(fields=b"a\n1\r")
    head = LINE + b"\ra\n1\r"
    assert given.request() == b"%d\r%b" % (len(head), head)


async def test_a_body_that_is_no_text_is_base64_and_says_so() -> None:
    given, _ = exchange(b"\xff\xfe")
    assert given.request().endswith(b"\rb\r" + b"//4=")


async def test_head_and_body_are_measured_in_bytes_of_utf8() -> None:
    given, _ = exchange("é".encode(), fields=b"x\n\xe9\r")
    length, _, rest = given.request().partition(b"\r")
    assert rest[int(length) :] == "é".encode()
    assert rest[: int(length)].endswith("x\né\r".encode())


async def test_a_large_body_is_given_in_pieces_even_if_all_of_it_is_there() -> None:
    body = b"x" * (REQUEST_BUFFER + 10)
    given, _ = exchange(body)
    assert b"/\rs\r" in given.request()[:80]
    assert given.read(1 << 20) == b"r" + b"x" * 10
    assert given.read(1 << 20) == b"e"


async def test_a_body_that_comes_later_is_waited_for() -> None:
    given, tasks = exchange(more=True)
    given.request()
    assert given.read(10) == b"p"
    assert not tasks.is_ready(REQUEST_BODY)
    given.feed(b"late")
    assert tasks.is_ready(REQUEST_BODY)
    assert given.read(2) == b"rla"
    assert given.read(2) == b"rte"
    given.end([(b"sum", b"1")])
    assert given.read(2) == b"esum\n1\r"


async def test_a_body_that_breaks_off_is_an_error_after_what_has_come() -> None:
    given, _ = exchange(more=True)
    given.feed(b"some")
    given.break_off(b"connection-terminated")
    assert given.read(10) == b"rsome"
    assert given.read(10) == b"xconnection-terminated"


async def test_the_client_is_held_back_until_the_guest_reads() -> None:
    given, _ = exchange(more=True)
    given.feed(b"x" * REQUEST_BUFFER)
    waiting = asyncio.create_task(given.room())
    await asyncio.sleep(0)
    assert not waiting.done()
    given.read(10)
    await waiting


async def test_a_whole_response_is_taken_apart() -> None:
    given, _ = exchange()
    given.respond(b"r201\rContent-Type\ntext/plain\rx-empty\n\r\rbody\r\rmore")
    fields = ((b"content-type", b"text/plain"), (b"x-empty", b""))
    head = ResponseHead(201, fields, b"content-type: text/plain\r\nx-empty: \r\n")
    assert (given.response, given.whole, given.complete) == (head, Reply(head, b"body\r\rmore"), True)


async def test_a_guest_is_held_back_while_the_client_is_slow() -> None:
    given, tasks = exchange()
    given.respond_head(b"200\r")
    assert given.respond_chunk(b"r" + b"x" * (RESPONSE_BUFFER - 1)) is False
    assert given.respond_chunk(b"rx") is True
    assert not tasks.is_ready(RESPONSE_SINK)
    given.sent(len(given.take_output()))
    assert tasks.is_ready(RESPONSE_SINK)


async def test_what_a_slow_client_takes_after_the_guest_has_ended_is_of_no_interest_to_the_next() -> None:
    given, tasks = exchange()
    given.respond_head(b"200\r")
    given.respond_chunk(b"r" + b"x" * RESPONSE_BUFFER)
    given.conclude(500)
    given.sent(len(given.take_output()))
    assert not tasks.is_ready(RESPONSE_SINK)


@pytest.mark.parametrize(
    ("response", "why"),
    [
        (b"r099\r\r", b"status 99 is not one from 200 to 599"),
        (b"r101\r\r", b"status 101 is not one from 200 to 599"),
        (b"r700\r\rhello", b"status 700 is not one from 200 to 599"),
        (b"r200\rcontent-length\n5\r\rhell", b"its body has 4 bytes where `content-length` says 5"),
    ],
)
async def test_a_response_that_cannot_be_sent_is_none_and_the_guest_goes_on(response: bytes, why: bytes) -> None:
    given, _ = exchange()
    given.respond(response)
    assert (given.failure, given.response, given.whole) == (why, None, None)
    given.respond_end(b"")


async def test_a_streamed_response_that_cannot_be_sent_is_none_and_the_guest_goes_on() -> None:
    given, _ = exchange()
    given.respond_head(b"700\r")
    assert not given.respond_chunk(b"rhello")
    given.respond_end(b"")
    assert (given.failure, given.response) == (b"status 700 is not one from 200 to 599", None)
    assert given.take_output() == b""


@pytest.mark.parametrize("pieces", [[b"r123456"], [b"r123", b"r456"], [b"r1234"]])
async def test_a_stream_that_does_not_keep_its_length_breaks_off(pieces: list[bytes]) -> None:
    given, _ = exchange()
    given.respond_head(b"200\rcontent-length\n5\r")
    for piece in pieces:
        given.respond_chunk(piece)
    given.respond_end(b"")
    assert not given.complete
    assert given.failure is not None
    assert b"`content-length`" in given.failure


@pytest.mark.parametrize(
    "response",
    [
        b"",
        b"r200",
        b"x200\r\r",
        b"r2000\r\r",
        b"r+20\r\r",
        b"r200\rname\r\r",
        b"r200\rna me\nv\r\r",
        b"r200\r\nv\r\r",
        b"r200\rname\nv\0\r\r",
        b"r200\rTransfer-Encoding\nchunked\r\r",
        b"r200\rconnection\nclose\r\r",
        b"b200\r\rnot base64",
        "r200\rname\n\u0100\r\r".encode(),
    ],
)
async def test_a_response_that_is_not_http_is_refused(response: bytes) -> None:
    given, _ = exchange()
    with pytest.raises(MalformedError):
        given.respond(response)


async def test_there_is_one_response() -> None:
    given, _ = exchange()
    given.respond(b"r200\r\r")
    with pytest.raises(MalformedError, match="second response"):
        given.respond(b"r200\r\r")
    with pytest.raises(MalformedError, match="second response"):
        given.respond_head(b"200\r")
    with pytest.raises(MalformedError, match="outside of a response"):
        given.respond_chunk(b"rx")
    with pytest.raises(MalformedError, match="outside of a response"):
        given.respond_end(b"")
    given.respond_fail(b"internal-error")
    assert given.failure is None


async def test_what_is_left_of_a_large_first_piece_need_not_be_waited_for() -> None:
    given, tasks = exchange(b"x" * (REQUEST_BUFFER + 10), more=True)
    given.request()
    assert tasks.is_ready(REQUEST_BODY)
    given.read(100)
    assert not tasks.is_ready(REQUEST_BODY)

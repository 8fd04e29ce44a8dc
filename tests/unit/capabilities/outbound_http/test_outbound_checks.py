"""What is checked of a guest's calls: error codes for what cannot be sent, traps for what breaks the form, limits."""

from typing import Any

import pytest
from http_client_calls import FakeInstance, Guest, nobody, started

from whorl.capabilities.outbound_http.capability import OutboundLimits
from whorl.engine.packing import MalformedError

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"method": "GE T"}, "HTTP-request-method-invalid"),
        ({"method": ""}, "HTTP-request-method-invalid"),
        ({"method": "CONNECT"}, "HTTP-request-method-invalid"),
        ({"scheme": "ftp"}, "HTTP-protocol-error"),
        ({"authority": "user@peer.test"}, "HTTP-request-URI-invalid"),
        ({"authority": "peer.test:99999"}, "HTTP-request-URI-invalid"),
        ({"authority": "peer test"}, "HTTP-request-URI-invalid"),
        ({"authority": "pe\xe9r.test"}, "HTTP-request-URI-invalid"),
        ({"authority": "peer.test/x"}, "HTTP-request-URI-invalid"),
        ({"target": "/a b"}, "HTTP-request-URI-invalid"),
        ({"target": "a"}, "HTTP-request-URI-invalid"),
        ({"target": "/" + "a" * 70_000}, "HTTP-request-URI-too-long"),
        ({"fields": "x\n" + "y" * 140_000 + "\r"}, "HTTP-request-header-section-size\n140001"),
        ({"fields": "content-length\n5\r", "body": b"four"}, "HTTP-request-body-size\n4"),
        ({"fields": "content-length\nfour\r", "body": b"four"}, "HTTP-protocol-error"),
    ],
)
async def test_what_cannot_be_sent_is_an_error_code(
    instance: FakeInstance, changes: dict[str, Any], error: str
) -> None:
    guest = Guest(instance, nobody)
    assert await guest.response(guest.start(started(**changes))) == b"x" + error.encode()


@pytest.mark.parametrize(
    "request_text",
    [
        b"",
        b"5",
        b"x\rhead",
        b"999\rhead",
        b"4\rhead",
        started(flags="z"),
        started(flags="b", body=b"?"),
        started(timeouts="soon\r\r"),
        started(fields="x"),
        started(fields="x\r"),
        started(fields="x y\nz\r"),
        started(fields="x\n\0\r"),
        started(fields="host\nelse.where\r"),
        started(fields="Transfer-Encoding\nchunked\r"),
    ],
)
async def test_what_breaks_the_form_is_a_trap(instance: FakeInstance, request_text: bytes) -> None:
    with pytest.raises(MalformedError):
        Guest(instance, nobody).start(request_text)


async def test_unknown_and_closed_tasks_are_a_trap(instance: FakeInstance) -> None:
    guest = Guest(instance)
    task = guest.start(started())
    guest.call("close", task)
    for name, arguments in {"response": (), "read": (1,), "write": (b"r",), "finish": (b"",), "close": ()}.items():
        with pytest.raises(MalformedError, match="has not started"):
            guest.call(name, task, *arguments)


async def test_reading_nothing_and_adding_to_a_complete_body_are_traps(instance: FakeInstance) -> None:
    guest = Guest(instance)
    task = guest.start(started(method="POST", body=b"all"))
    with pytest.raises(MalformedError, match="0 bytes"):
        guest.call("read", task, 0)
    with pytest.raises(MalformedError, match="complete"):
        guest.call("write", task, b"rmore")
    with pytest.raises(MalformedError, match="complete"):
        guest.call("finish", task, b"")


async def test_more_requests_than_permitted_at_once_are_an_error_code(instance: FakeInstance) -> None:
    guest = Guest(instance, limits=OutboundLimits(concurrent=2))
    first, second, third = (guest.start(started(method="POST", flags="s")) for _ in range(3))
    assert await guest.response(third) == b"xconnection-limit-reached"
    guest.call("close", first)
    assert (await guest.response(guest.start(started()))).startswith(b"o")
    guest.call("close", second)


async def test_keeping_requests_open_without_end_is_a_trap(instance: FakeInstance) -> None:
    guest = Guest(instance, allowed="", limits=OutboundLimits(kept=3))
    for _ in range(3):
        guest.start(started())
    with pytest.raises(MalformedError, match="more than 3"):
        guest.start(started())

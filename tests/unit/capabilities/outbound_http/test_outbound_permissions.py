"""Where the requests of a component may go: hosts, other components, the app itself."""

import logging

import pytest
from http_client_calls import FakeInstance, Guest, echo, nobody, started

pytestmark = pytest.mark.anyio


async def test_what_is_not_permitted_is_denied_and_logged(
    instance: FakeInstance, caplog: pytest.LogCaptureFixture
) -> None:
    guest = Guest(instance, nobody, allowed="https://peer.test http://other.test")
    with caplog.at_level(logging.WARNING):
        assert await guest.response(guest.start(started())) == b"xHTTP-request-denied"
    (message,) = caplog.messages
    assert message == (
        "component `shop`: outbound request to `http://peer.test:80` is not allowed; "
        'add `allowed_outbound_hosts = ["http://peer.test:80"]`'
    )


async def test_a_denied_request_may_still_be_written_to(instance: FakeInstance) -> None:
    guest = Guest(instance, nobody, allowed="")
    task = guest.start(started(method="POST", flags="s"))
    assert guest.call("write", task, b"rlost") is False
    guest.call("finish", task, b"")
    assert await guest.response(task) == b"xHTTP-request-denied"


@pytest.mark.parametrize("authority", ["stock.spin.internal", "STOCK.spin.internal:8080"])
async def test_another_component_is_asked_in_the_process(instance: FakeInstance, authority: str) -> None:
    guest = Guest(instance, nobody, allowed="http://stock.spin.internal", components=echo)
    task = guest.start(started(scheme="https", authority=authority))
    assert await guest.response(task) == b"o200\rx-host\nstock.spin.internal\r"


async def test_another_component_that_is_not_permitted_is_denied(instance: FakeInstance) -> None:
    guest = Guest(instance, nobody, allowed="http://stock.spin.internal http://example.com", components=echo)
    task = guest.start(started(authority="cellar.spin.internal"))
    assert await guest.response(task) == b"xHTTP-request-denied"


@pytest.mark.parametrize("authority", ["", "self.alt", "self.alt:81"])
async def test_the_application_asks_itself(instance: FakeInstance, authority: str) -> None:
    guest = Guest(instance, nobody, allowed="http://self", application=echo)
    assert await guest.response(guest.start(started(authority=authority))) == b"o200\rx-host\nself.alt\r"


async def test_the_application_may_not_ask_itself_unless_permitted(
    instance: FakeInstance, caplog: pytest.LogCaptureFixture
) -> None:
    guest = Guest(instance, nobody, allowed="http://example.com", application=echo)
    assert await guest.response(guest.start(started(authority=""))) == b"xHTTP-request-denied"
    assert 'add `allowed_outbound_hosts = ["http://self"]`' in caplog.text

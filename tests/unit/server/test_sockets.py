"""Addresses to listen on: what is one, what is in use, what is free."""

import socket
from collections.abc import Iterator

import pytest

from whorl.errors import ListenError
from whorl.server.sockets import ListenAddress, bind, bound_address


@pytest.fixture
def taken() -> Iterator[int]:
    """Give a port that is in use."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port: int = listener.getsockname()[1]
        yield port


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:3000", ListenAddress("127.0.0.1", 3000)),
        ("localhost:0", ListenAddress("localhost", 0)),
        ("[::1]:80", ListenAddress("::1", 80)),
    ],
)
def test_an_address_is_read_and_written(text: str, address: ListenAddress) -> None:
    assert ListenAddress.parse(text) == address
    assert str(address) == text


@pytest.mark.parametrize(
    "text", ["", "3000", ":3000", "localhost", "localhost:", "localhost:x", "a:65536", "a:-1", "a:²"]
)
def test_what_is_no_address_is_named(text: str) -> None:
    with pytest.raises(ListenError, match="is not an address to listen on; write host and port"):
        ListenAddress.parse(text)


def test_a_port_of_zero_is_any_free_one() -> None:
    with bind(ListenAddress("127.0.0.1", 0)) as listener:
        assert bound_address(listener).port > 0


def test_a_port_in_use_is_refused_or_passed_by(taken: int) -> None:
    with pytest.raises(ListenError, match=f"`127.0.0.1:{taken}` is already in use.*--find-free-port"):
        bind(ListenAddress("127.0.0.1", taken))
    with bind(ListenAddress("127.0.0.1", taken), find_free_port=True) as listener:
        assert bound_address(listener).port > taken


def test_looking_for_a_free_port_ends_at_the_last_one() -> None:
    with socket.socket() as last:
        last.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        last.bind(("127.0.0.1", 65535))
        last.listen()
        with pytest.raises(ListenError, match="no free port from 65535 to 65535"):
            bind(ListenAddress("127.0.0.1", 65535), find_free_port=True)


def test_a_host_that_does_not_exist_is_named() -> None:
    with pytest.raises(ListenError, match="cannot listen on `nowhere.invalid:80`"):
        bind(ListenAddress("nowhere.invalid", 80))

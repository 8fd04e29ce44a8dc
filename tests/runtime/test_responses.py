"""What clients see of what guests answer: whole, streamed, early, late, and broken."""

import asyncio
import contextlib
import socket
import time

import httpx
import pytest
from live_server import Live

pytestmark = pytest.mark.anyio

EAT = pytest.param("/eat", marks=pytest.mark.holds_the_loop("1 GiB is given back to the system in one call"))


def raw(live: Live, request: bytes) -> bytes:
    """Send `request` and return everything that comes until the server closes."""
    with socket.create_connection((live.address.host, live.address.port), timeout=20) as connection:
        connection.sendall(request)
        received = b""
        while data := connection.recv(65536):
            received += data
    return received


async def exchange(live: Live, path: str, method: str = "GET", head: str = "", body: bytes = b"") -> bytes:
    request = f"{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{head}\r\n".encode() + body
    return await asyncio.to_thread(raw, live, request)


async def test_a_hello_has_no_header_that_the_guest_did_not_set(lab: Live) -> None:
    head, _, body = (await exchange(lab, "/hello")).partition(b"\r\n\r\n")
    names = {line.split(b":")[0] for line in head.split(b"\r\n")[1:]}
    assert head.startswith(b"HTTP/1.1 200 ")
    assert names == {b"date", b"content-type", b"content-length", b"connection"}
    assert body == b"hello"


async def test_a_hello_makes_two_host_calls(lab: Live) -> None:
    pool = lab.trigger.pools["lab"]
    instance = pool.take()
    assert instance is not None
    pool._ready.append(instance)
    pool.in_use -= 1
    assert (await lab.client.get("/hello")).text == "hello"
    assert instance.host_calls == 2


@pytest.mark.parametrize("path", ["/hello", "/hello-sdk"])
async def test_a_small_answer_is_sent_whole(lab: Live, path: str) -> None:
    response = await lab.client.get(path)
    assert response.headers["content-length"] == "5"
    assert response.text == "hello"


@pytest.mark.parametrize("size", [0, 16, 65536, 1 << 20, 5 << 20])
async def test_text_of_any_size_arrives(lab: Live, size: int) -> None:
    assert (await lab.client.get(f"/big?{size}")).content == b"0123456789abcdef" * (size // 16)


@pytest.mark.parametrize("size", [1, 1000, 300_000])
async def test_bytes_that_are_no_text_arrive(lab: Live, size: int) -> None:
    expected = bytes([(at * 7) & 0xFF | 0x80 for at in range(size)])
    assert (await lab.client.get(f"/bytes?{size}")).content == expected


@pytest.mark.parametrize("status", [200, 201, 204, 301, 304, 404, 418, 500, 599])
async def test_a_status_without_a_body_arrives(lab: Live, status: int) -> None:
    response = await lab.client.get(f"/status?{status}")
    assert (response.status_code, response.content) == (status, b"")


async def test_a_stream_arrives_as_it_is_written(lab: Live) -> None:
    began = time.monotonic()
    async with lab.client.stream("GET", "/stream?4") as response:
        assert response.headers["transfer-encoding"] == "chunked"
        seen = [(time.monotonic() - began, chunk) async for chunk in response.aiter_raw()]
    assert b"".join(chunk for _, chunk in seen) == b"chunk 0\nchunk 1\nchunk 2\nchunk 3\n"
    assert seen[-1][0] - seen[0][0] >= 0.04


async def test_flushed_chunks_arrive(lab: Live) -> None:
    assert (await lab.client.get("/flush?3")).text == "chunk 0\nchunk 1\nchunk 2\n"


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/early-finish", "finished before it was set"),
        ("/early-write?5000", "x" * 5000),
        ("/no-body", ""),
        ("/zeroes", "\0" * 8),
        ("/trailers", "with trailers"),
    ],
)
async def test_an_unusual_order_of_calls_gives_an_ordinary_answer(lab: Live, path: str, text: str) -> None:
    response = await lab.client.get(path)
    assert (response.status_code, response.text) == (200, text)


async def test_work_after_the_response_costs_the_client_nothing(lab: Live) -> None:
    began = time.monotonic()
    assert (await lab.client.get("/after?300")).text == "answered"
    assert time.monotonic() - began < 0.25
    assert "worked" not in lab.logs.text("stderr")
    await asyncio.sleep(0.5)
    assert lab.logs.text("stderr") == "worked after the response\n"


async def test_a_client_that_leaves_after_its_response_does_not_end_the_work(lab: Live) -> None:
    await exchange(lab, "/after?100")
    await asyncio.sleep(0.3)
    assert "worked after the response" in lab.logs.text("stderr")


async def test_a_guest_that_gave_up_may_go_on_working(lab: Live) -> None:
    assert (await lab.client.get("/error-after?50")).status_code == 500
    await asyncio.sleep(0.3)
    assert lab.logs.text("stderr") == "worked after the error\n"


@pytest.mark.parametrize("path", ["/trap", "/none", "/drop-outparam", "/error", "/exit?3", EAT, "/over-permit"])
async def test_a_guest_that_gives_no_response_is_a_500_and_the_next_is_served(lab: Live, path: str) -> None:
    response = await lab.client.get(path)
    assert (response.status_code, response.content) == (500, b"")
    assert (await lab.client.get("/hello")).text == "hello"


@pytest.mark.parametrize("path", ["/poll-nothing", "/poll-empty", "/too-many-headers"])
async def test_a_guest_that_cannot_go_on_is_a_500(lab: Live, path: str) -> None:
    assert (await lab.client.get(path)).status_code == 500


@pytest.mark.parametrize("path", ["/unfinished-late"])
async def test_a_body_that_breaks_off_is_noticed_by_the_client(lab: Live, path: str) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        await lab.client.get(path)
    assert (await lab.client.get("/hello")).text == "hello"


@pytest.mark.parametrize("path", ["/unfinished", "/leak", "/short", "/long"])
async def test_a_body_that_is_not_finished_is_never_taken_for_complete(lab: Live, path: str) -> None:
    try:
        response = await lab.client.get(path)
    except httpx.RemoteProtocolError:
        return
    assert response.status_code == 500


async def test_a_length_that_is_not_kept_is_an_error_for_the_guest(lab: Live) -> None:
    for path, expected in (("/short", "HttpResponseBodySize(Some(5))"), ("/long", "HttpResponseBodySize")):
        lab.logs.lines.clear()
        with contextlib.suppress(httpx.RemoteProtocolError):
            await lab.client.get(path)
        assert expected in lab.logs.text("stderr")


async def test_a_head_request_has_no_body(lab: Live) -> None:
    received = await exchange(lab, "/hello", method="HEAD")
    head, _, body = received.partition(b"\r\n\r\n")
    assert b"content-length: 5" in head
    assert body == b""


async def test_a_large_head_arrives(lab: Live) -> None:
    response = await lab.client.get("/big-head?50000")
    assert len([name for name in response.headers if name.startswith("x-")]) == 50


async def test_an_instance_that_is_reused_makes_two_host_calls_each_time(reused_lab: Live) -> None:
    for _ in range(5):
        await reused_lab.client.get("/hello")
    (instance,) = reused_lab.trigger.pools["lab"]._ready
    assert (instance.served, instance.host_calls) == (5, 10)

"""Guests of WASI 0.3, behind the real server: what each of their asynchronous functions comes to."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from live_server import GUESTS, Live, manifest, serving
from scripted_peers import playing, read_request

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(120)]

HOSTS = 'allowed_outbound_hosts = ["http://127.0.0.1:*"]'
REUSED = "reuse = 1000\nmax_instances = 1"


@pytest.fixture(params=["", REUSED], ids=["fresh", "reused"])
async def lab(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Live]:
    """Serve the guest, by a fresh instance for each request or by one for all."""
    lines = f'{HOSTS}\nenvironment = {{ A = "1" }}'
    async with serving(manifest(tmp_path, GUESTS / "lab_async.wasm", lines, request.param)) as live:
        yield live


@pytest.fixture
async def one(tmp_path: Path) -> AsyncIterator[Live]:
    """Serve the guest by one instance."""
    async with serving(manifest(tmp_path, GUESTS / "lab_async.wasm", HOSTS, REUSED)) as live:
        yield live


async def test_a_hello_makes_two_host_calls(one: Live) -> None:
    pool = one.trigger.pools["lab"]
    for _ in range(3):
        instance = pool.take()
        assert instance is not None
        before = instance.host_calls
        pool._ready.append(instance)
        pool.in_use -= 1
        response = await one.client.get("/hello")
        assert (response.status_code, response.text) == (200, "Hello, world")
        assert response.headers["content-length"] == "12"
        assert instance.host_calls - before == 2


async def test_a_guest_sees_the_request(lab: Live) -> None:
    lines = (await lab.client.get("/head?a=b", headers={"x-of-mine": "1"})).text.split("\n")
    assert lines[:4] == ["GET", "http", str(lab.address), "/head?a=b"]
    assert "x-of-mine: 1" in lines
    lines = (await lab.client.request("PROPFIND", "/head")).text.split("\n")
    assert lines[0] == "PROPFIND"


async def test_fields_keep_their_rules(lab: Live) -> None:
    assert (await lab.client.get("/fields")).text.split("\n") == [
        "Ok(())",
        "Ok(())",
        "Err(HeaderError::InvalidSyntax)",
        "Err(HeaderError::InvalidSyntax)",
        "Ok(())",
        "2",
        "Ok(2)",
        "false",
        "Ok(())",
        "Err(HeaderError::InvalidSyntax)",
        "1",
        "Err(HeaderError::Immutable)",
    ]


@pytest.mark.parametrize("path", ["/echo", "/whole", "/pass"])
@pytest.mark.parametrize("size", [0, 1, 5_000, 300_000, 3_000_000])
async def test_a_body_comes_back(lab: Live, path: str, size: int) -> None:
    body = bytes(number % 251 for number in range(1000)) * (size // 1000) + b"x" * (size % 1000)
    for content in (body, pieces(body)):
        response = await lab.client.post(path, content=content)
        assert response.status_code == 200
        assert response.content == body


async def pieces(body: bytes) -> AsyncIterator[bytes]:
    """Give a body in pieces, so that the guest waits between them."""
    size = max(1, len(body) // 5)
    for start in range(0, len(body), size):
        yield body[start : start + size]
        await asyncio.sleep(0.005)


async def test_an_echo_begins_before_the_request_ends(lab: Live) -> None:
    reader, writer = await asyncio.open_connection(lab.address.host, lab.address.port)
    writer.write(b"POST /echo HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n5\r\nfirst\r\n")
    await asyncio.wait_for(reader.readuntil(b"first\r\n"), 10)
    writer.write(b"7\r\n second\r\n0\r\n\r\n")
    await asyncio.wait_for(reader.readuntil(b" second\r\n0\r\n\r\n"), 10)
    writer.close()


async def test_ten_megabytes_stream_in_constant_memory(one: Live) -> None:
    piece = bytes(range(256)) * 256
    size = 160 * len(piece)
    reader, writer = await asyncio.open_connection(one.address.host, one.address.port)

    async def send() -> None:
        head = f"POST /echo HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: {size}\r\n\r\n"
        writer.write(head.encode())
        for _ in range(160):
            writer.write(piece)
            await writer.drain()

    sending = asyncio.create_task(send())
    received = 0
    while part := await asyncio.wait_for(reader.read(1 << 16), 10):
        received += len(part)
    await sending
    writer.close()
    assert received > size
    pages = one.trigger.pools["lab"]._ready[0].memory_pages()
    assert pages is not None
    assert pages * 64 < 4096


async def test_a_body_that_nobody_reads_is_no_obstacle(lab: Live) -> None:
    for _ in range(3):
        assert (await lab.client.post("/ignore", content=b"x" * 100_000)).text == "ignored"


async def test_the_length_of_a_body_is_known_when_it_has_ended(lab: Live) -> None:
    assert (await lab.client.post("/count", content=b"x" * 123_456)).text == "123456 whole"


@pytest.mark.parametrize("size", [0, 1, 4_096, 65_536, 5_000_000])
async def test_a_long_response_is_whole(lab: Live, size: int) -> None:
    assert (await lab.client.get(f"/long?{size}")).content == b"x" * size


async def test_trailers_go_both_ways(lab: Live) -> None:
    request = (
        b"POST /request-trailers HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n"
        b"3\r\nabc\r\n0\r\nx-end: yes\r\n\r\n"
    )
    assert (await raw(lab, request)).endswith(b"abc\nx-end: yes")
    answer = await raw(lab, b"GET /trailers HTTP/1.1\r\nhost: a\r\nte: trailers\r\nconnection: close\r\n\r\n")
    assert answer.endswith(b"6\r\nbefore\r\n0\r\nx-end: 1\r\n\r\n")


async def raw(live: Live, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(live.address.host, live.address.port)
    writer.write(request)
    try:
        return await asyncio.wait_for(reader.read(), 10)
    finally:
        writer.close()


async def test_who_sends_is_told_when_it_has_been_sent(one: Live) -> None:
    assert (await one.client.get("/sent?100000")).text == "x" * 100_000
    await eventually(lambda: one.logs.text("stdout") == "left 0, sent Ok(())\n")


async def test_who_sends_is_told_why_it_has_not_been_sent(one: Live) -> None:
    """An error of HTTP has another layout than one of the standard streams, which the guest has futures of too."""
    assert (await one.client.get("/sent-wrong")).status_code == 500
    await eventually(lambda: one.logs.text("stdout").startswith("sent Err(ErrorCode::HttpResponseBodySize("))
    assert (await one.client.get("/unsent?example.com")).text.startswith("Err(ErrorCode::HttpRequestDenied) ")
    assert (await one.client.post("/receipt", content=b"x" * 10_000)).text == "10000 true"


async def eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/sleep?20", "slept"),
        ("/sleep?0", "slept"),
        ("/drip?5", "0\n1\n2\n3\n4\n"),
        ("/together?30", "together"),
        ("/first", "1"),
        ("/own", "to and fro 6"),
        ("/yield?1000", "yielded"),
        ("/block?20", "blocked"),
        ("/after?20", "answered"),
    ],
)
async def test_waiting(lab: Live, target: str, expected: str) -> None:
    for _ in range(3):
        assert (await lab.client.get(target)).text == expected


async def test_a_guest_may_work_on_when_it_has_answered(one: Live) -> None:
    assert (await one.client.get("/after?30")).text == "answered"
    await eventually(lambda: one.logs.text("stdout") == "worked on\n")


async def test_many_requests_that_sleep_are_served_side_by_side(tmp_path: Path) -> None:
    settings = "max_instances = 50"
    async with serving(manifest(tmp_path, GUESTS / "lab_async.wasm", settings=settings)) as live:
        begun = time.monotonic()
        answers = await asyncio.gather(*[live.client.get("/sleep?300") for _ in range(50)])
        assert {answer.text for answer in answers} == {"slept"}
        assert time.monotonic() - begun < 50 * 0.3 / 2


async def test_requests_that_guests_send(lab: Live) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert b"\r\nx-lab: 1\r\n" in await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 201 Created\r\ncontent-length: 4\r\nconnection: close\r\n\r\nhere")

    async with playing(answer) as authority:
        assert (await lab.client.get(f"/send?http://{authority}/a")).text == "201 here"
        assert (await lab.client.get(f"/several?http://{authority}/a")).text == "201 here\n" * 4


async def test_a_request_that_is_not_allowed_is_an_error_value(lab: Live) -> None:
    assert (await lab.client.get("/send?http://example.com/")).text == "ErrorCode::HttpRequestDenied"


async def test_a_request_that_nobody_answers_is_an_error_value(lab: Live) -> None:
    assert (await lab.client.get("/send?http://127.0.0.1:1/")).text == "ErrorCode::ConnectionRefused"


async def test_a_request_whose_response_nobody_awaits_is_given_up(lab: Live) -> None:
    gone = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await read_request(reader)
        await reader.read()
        gone.set()

    async with playing(silent) as authority:
        assert (await lab.client.get(f"/hidden?http://{authority}/")).text == "dropped"
        await asyncio.wait_for(gone.wait(), 10)


@pytest.mark.parametrize("size", [0, 10, 200_000, 2_000_000])
async def test_bodies_are_relayed_both_ways(tmp_path: Path, size: int) -> None:
    settings = "max_instances = 4"
    async with serving(manifest(tmp_path, GUESTS / "lab_async.wasm", HOSTS, settings)) as live:
        body = b"0123456789" * (size // 10)
        response = await live.client.post(f"/relay?http://{live.address}/echo", content=pieces(body))
        assert (response.status_code, response.content) == (200, body)


async def test_the_system(lab: Live) -> None:
    lines = (await lab.client.get("/system")).text.split("\n")
    assert lines == ['[("A", "1")]', "0", "0 Ok(())", "16", "true", "true", "true", "0"]


async def test_what_is_printed_is_logged(one: Live) -> None:
    assert (await one.client.get("/log?hello")).text == "logged"
    assert one.logs.text("stdout") == "hello\n"


@pytest.mark.parametrize("target", ["/fail", "/short", "/long-length", "/trap"])
async def test_a_failure_is_an_answer_and_the_next_request_is_served(lab: Live, target: str) -> None:
    assert (await lab.client.get(target)).status_code == 500
    assert (await lab.client.get("/hello")).text == "Hello, world"


@pytest.mark.parametrize(
    ("target", "rule"),
    [
        ("/forged?set", "handle"),
        ("/forged?join", "handle"),
        ("/forged?drop", "handle"),
        ("/forged?cancel", "handle"),
        ("/leak?70000", "at most 65,536 streams"),
        ("/own-future", "read and written by the same component"),
        ("/forever", "all tasks wait for what nobody will ever do"),
    ],
)
async def test_a_breach_of_the_canonical_abi_is_a_trap_that_names_the_rule(lab: Live, target: str, rule: str) -> None:
    assert (await lab.client.get(target)).status_code == 500
    assert rule in lab.logs.text("stderr")
    assert (await lab.client.get("/hello")).text == "Hello, world"


@pytest.mark.parametrize("target", ["/sleep?60000", "/drip?60000", "/long?1000000000"])
async def test_who_leaves_ends_the_guest(lab: Live, target: str) -> None:
    pool = lab.trigger.pools["lab"]
    _, writer = await asyncio.open_connection(lab.address.host, lab.address.port)
    writer.write(f"GET {target} HTTP/1.1\r\nhost: a\r\n\r\n".encode())
    await eventually(lambda: pool.in_use == 1)
    await asyncio.sleep(0.05)
    writer.close()
    await eventually(lambda: pool.in_use == 0)
    assert (await lab.client.get("/hello")).text == "Hello, world"


async def test_a_guest_that_spins_is_stopped(tmp_path: Path) -> None:
    settings = 'cpu = "0.1s"\nmax_instances = 2'
    async with serving(manifest(tmp_path, GUESTS / "lab_async.wasm", settings=settings)) as live:
        spinning = asyncio.create_task(live.client.get("/spin"))
        assert (await live.client.get("/hello")).text == "Hello, world"
        assert (await spinning).status_code == 504

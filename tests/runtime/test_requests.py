"""What guests see of requests: heads, bodies of any size and speed, and what belongs to the platform alone."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from live_server import GUESTS, Live, manifest, serving

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("size", [0, 1, 1024, 65536, 65537, 1 << 20, 8 << 20])
@pytest.mark.parametrize("kind", ["text", "random"])
@pytest.mark.parametrize("path", ["/echo", "/splice"])
async def test_a_body_comes_back_as_it_was_sent(lab: Live, size: int, kind: str, path: str) -> None:
    body = b"\xc3\xa9" * (size // 2) if kind == "text" else os.urandom(size)
    response = await lab.client.post(path, content=body)
    assert response.content == body


async def test_a_body_that_comes_slowly_is_read_as_it_comes(lab: Live) -> None:
    async def slowly() -> AsyncIterator[bytes]:
        for _ in range(4):
            yield b"x" * 1000
            await asyncio.sleep(0.03)

    text = (await lab.client.post("/late", content=slowly())).text
    assert text.startswith("4000 bytes in ")
    assert 2 <= int(text.split()[3]) <= 5


async def connect(live: Live, path: str, length: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Send the head of a POST and return both ends of its connection; httpx would send the whole body first."""
    reader, writer = await asyncio.open_connection(live.address.host, live.address.port, limit=1 << 16)
    head = f"POST {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n"
    writer.write(head.encode())
    return reader, writer


async def test_an_echo_starts_before_its_request_has_ended(lab: Live) -> None:
    reader, writer = await connect(lab, "/echo", 70_001)
    writer.write(b"a" * 70_000)
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
    assert head.startswith(b"HTTP/1.1 200 ")
    await asyncio.wait_for(reader.readuntil(b"aaaa"), 5)
    writer.write(b"b")
    assert (await reader.read(-1)).endswith(b"b\r\n0\r\n\r\n")
    writer.close()
    await writer.wait_closed()


async def test_a_slow_reader_holds_the_guest_back(lab: Live) -> None:
    """While the client reads nothing, no more is taken in than the buffers of both sides hold."""
    reader, writer = await connect(lab, "/echo", 64 << 20)
    sent = 0
    with contextlib.suppress(TimeoutError):
        while sent < 64 << 20:
            writer.write(b"x" * 65536)
            await asyncio.wait_for(writer.drain(), 1)
            sent += 65536
    assert sent < 32 << 20
    writer.transport.abort()
    del reader


async def test_bytes_are_skipped(lab: Live) -> None:
    assert (await lab.client.post("/skip?5", content=b"0123456789")).text == "56789"


async def test_a_body_that_is_ignored_does_no_harm(lab: Live) -> None:
    response = await lab.client.post("/ignore-body", content=b"y" * (4 << 20))
    assert response.text == "y"


async def test_the_head_reaches_the_guest(lab: Live) -> None:
    response = await lab.client.request("PATCH", "/head?a=%20b", headers={"host": "example.com:8080"})
    assert response.text == 'Method::Patch Some(Scheme::Http) Some("example.com:8080") Some("/head?a=%20b")'


async def test_a_method_of_its_own_reaches_the_guest(lab: Live) -> None:
    response = await lab.client.request("PROPFIND", "/head")
    assert response.text.startswith('Method::Other("PROPFIND") ')


async def test_fields_of_the_connection_do_not_reach_the_guest(lab: Live) -> None:
    lines = (await lab.client.get("/headers", headers={"x-one": "1", "keep-alive": "5"})).text.splitlines()
    names = [line.partition(":")[0] for line in lines]
    assert "x-one" in names
    assert not {"host", "connection", "keep-alive", "transfer-encoding"} & set(names)


async def test_a_value_that_is_no_text_reaches_the_guest(lab: Live) -> None:
    lines = (await lab.client.get("/headers", headers=[(b"x-latin", b"caf\xe9")])).content.splitlines()
    assert "x-latin: caf\N{REPLACEMENT CHARACTER}".encode() in lines


async def test_each_of_spins_headers_comes_once_and_is_the_platforms_own(tmp_path: Path) -> None:
    path = manifest(tmp_path, GUESTS / "lab.wasm", route="/:name/...")
    async with serving(path) as live:
        headers = {"host": "example.com", "spin-client-addr": "6.6.6.6:6", "Spin_Full_Url": "x"}
        lines = (await live.client.get("/headers?q=1", headers=headers)).text.splitlines()
    fields = [tuple(line.split(": ", 1)) for line in lines if line.startswith("spin")]
    found = dict(field if len(field) == 2 else (field[0].rstrip(":"), "") for field in fields)
    assert len(fields) == len(found) == 8
    assert found.pop("spin-client-addr").startswith("127.0.0.1:")
    assert found == {
        "spin-path-info": "",
        "spin-full-url": "http://example.com/headers?q=1",
        "spin-matched-route": "/:name/...",
        "spin-base-path": "/",
        "spin-raw-component-route": "/:name/...",
        "spin-component-route": "/:name",
        "spin-path-match-name": "headers",
    }


@pytest.mark.parametrize("path", ["/immutable", "/forbidden-header", "/fields"])
async def test_fields_keep_the_rules_of_wasi_http(lab: Live, path: str) -> None:
    expected = {
        "/immutable": (
            "[Err(HeaderError::Immutable), Err(HeaderError::Immutable), Err(HeaderError::Immutable),"
            " Err(HeaderError::InvalidSyntax), Ok(()), Err(HeaderError::Immutable)]"
        ),
        "/forbidden-header": "true true",
    }
    text = (await lab.client.get(path)).text
    assert text == expected.get(path, text)
    assert "HeaderError" in text or text == "true true"


async def test_a_request_without_a_host_is_refused(lab: Live) -> None:
    reader, writer = await asyncio.open_connection(lab.address.host, lab.address.port)
    writer.write(b"GET /hello HTTP/1.1\r\nconnection: close\r\n\r\n")
    assert (await reader.read()).startswith(b"HTTP/1.1 400 ")
    writer.close()
    await writer.wait_closed()


@pytest.mark.parametrize(
    "host", ["lab.spin.internal", "LAB.Spin.Internal", "lab.spin.internal.", "lab.spin.internal:80"]
)
@pytest.mark.parametrize("body", [b"", b"x" * 200_000])
async def test_a_request_cannot_pretend_to_be_chained(lab: Live, host: str, body: bytes) -> None:
    assert (await lab.client.post("/hello", headers={"host": host}, content=body)).status_code == 400


async def test_a_path_without_a_route_is_an_empty_404(tmp_path: Path) -> None:
    async with serving(manifest(tmp_path, GUESTS / "lab.wasm", route="/only")) as live:
        response = await live.client.get("/other")
        assert (response.status_code, response.content) == (404, b"")


async def test_the_well_known_pages_are_the_platforms(lab: Live) -> None:
    health = await lab.client.get("/.well-known/spin/health")
    info = await lab.client.get("/.well-known/spin/info")
    assert (health.status_code, health.text) == (200, "OK")
    assert info.json() == {"name": "lab"}
    assert (await lab.client.get("/.well-known/spin/other")).status_code == 404

"""Guests as the toolchains of several languages make them, served as they are."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from guest_builds import async_python_guest, built, javascript_guest, python_guest
from live_server import GUESTS, Live, manifest, serving

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(400)]

REUSED = "reuse = 1000\nmax_instances = 1"


@pytest.mark.parametrize(("name", "version"), [("hello", "0.2.12"), ("hello_0_2_0", "0.2.0")])
@pytest.mark.parametrize("settings", ["", REUSED], ids=["fresh", "reused"])
async def test_rust_guests_of_any_0_2_are_served(tmp_path: Path, name: str, version: str, settings: str) -> None:
    source = GUESTS / f"{name}.wasm"
    assert f"wasi:http/types@{version}".encode() in source.read_bytes()
    async with serving(manifest(tmp_path, source, settings=settings)) as live:
        for _ in range(3):
            response = await live.client.get("/any")
            assert (response.status_code, response.headers["content-type"]) == (200, "text/plain")
            assert response.text.startswith("hello")


@pytest.mark.parametrize("settings", ["", REUSED], ids=["fresh", "reused"])
async def test_the_hello_of_the_spin_python_sdk_is_served(tmp_path: Path, settings: str) -> None:
    source = built(python_guest, "python_hello")
    async with serving(manifest(tmp_path, source, settings=settings)) as live:
        for _ in range(3):
            response = await live.client.get("/any")
            assert (response.status_code, response.text) == (200, "hello")
            assert response.headers["content-type"] == "text/plain"


@asynccontextmanager
async def python_lab(folder: Path, lines: str = "", settings: str = REUSED) -> AsyncIterator[Live]:
    """Serve the Python guest that uses the SDK's capabilities."""
    async with serving(manifest(folder, built(python_guest, "python_lab"), lines, settings)) as live:
        yield live


async def test_a_python_guest_uses_the_store_that_it_is_granted(tmp_path: Path) -> None:
    async with python_lab(tmp_path, 'key_value_stores = ["default"]') as live:
        for _ in range(2):
            assert (await live.client.get("/key-value?default")).text == "b'hello' ['greeting'] False"


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/key-value?default", "error: Error_AccessDenied"),
        ("/key-value?unknown", "error: Error_AccessDenied"),
        ("/sqlite?default", "error: Error_AccessDenied"),
        ("/redis?redis://localhost:6379", "error: Error_InvalidAddress"),
        ("/variables?name", "error: Error_Undefined"),
    ],
)
async def test_what_a_python_guest_may_not_use_is_an_error_value(tmp_path: Path, target: str, expected: str) -> None:
    async with python_lab(tmp_path) as live:
        response = await live.client.get(target)
        assert (response.status_code, response.text) == (200, expected)


async def test_a_python_guest_fetches_what_it_may(tmp_path: Path) -> None:
    """It fetches from another instance of itself, over the network."""
    async with python_lab(tmp_path, 'allowed_outbound_hosts = ["http://127.0.0.1:*"]', "max_instances = 2") as live:
        url = f"http://{live.address}/variables?name"
        assert (await live.client.get(f"/fetch?{url}")).text == "200 error: Error_Undefined"


async def test_a_python_guest_does_not_fetch_what_it_may_not(tmp_path: Path) -> None:
    async with python_lab(tmp_path) as live:
        assert (await live.client.get(f"/fetch?http://{live.address}/")).text == "error: ErrorCode_HttpRequestDenied"


@pytest.mark.parametrize("settings", ["", REUSED], ids=["fresh", "reused"])
async def test_the_hello_of_the_spin_python_sdk_of_wasi_0_3_is_served(tmp_path: Path, settings: str) -> None:
    source = built(async_python_guest, "python_hello_async")
    async with serving(manifest(tmp_path, source, settings=settings)) as live:
        for _ in range(3):
            response = await live.client.get("/any")
            assert (response.status_code, response.text) == (200, "hello")
            assert response.headers["content-type"] == "text/plain"


async def test_a_python_guest_of_wasi_0_3_waits_and_fetches_and_prints(tmp_path: Path) -> None:
    lines = 'allowed_outbound_hosts = ["http://127.0.0.1:*"]\nenvironment = { NAME = "value" }'
    source = built(async_python_guest, "python_lab_async")
    async with serving(manifest(tmp_path, source, lines, "reuse = 1000\nmax_instances = 6")) as live:
        for _ in range(2):
            assert (await live.client.get("/sleep?20")).text == "slept"
            assert (await live.client.get("/environment?NAME")).text == "value"
            assert (await live.client.get("/log?hello")).text == "logged"
            assert (await live.client.post("/echo", content=b"x" * 200_000)).text == "x" * 200_000
            url = f"http://{live.address}/environment?NAME"
            assert (await live.client.get(f"/fetch?{url}")).text == "200 value"
            assert (await live.client.get(f"/several?{url}")).text == "\n".join(["200 value"] * 4)
        assert (await live.client.get("/fetch?http://example.com/")).text == "error: ErrorCode_HttpRequestDenied"
        assert live.logs.text("stdout") == "hello\nhello\n"


async def test_a_javascript_guest_made_by_jco_is_served(tmp_path: Path) -> None:
    """Fresh for each request: its runtime does not answer a second one."""
    async with serving(manifest(tmp_path, built(javascript_guest, "javascript_hello"))) as live:
        for _ in range(3):
            response = await live.client.get("/any")
            assert (response.status_code, response.text) == (200, "hello from JavaScript")
        assert (await live.client.post("/any", content=b"x" * 200_000)).text == "x" * 200_000
        for size in (0, 1, 5000, 200_000):
            body = bytes(number % 251 for number in range(size))
            assert (await live.client.put("/any", content=body)).content == body, size
            assert (await live.client.put("/any", content=pieces(body))).content == body, size


async def pieces(body: bytes) -> AsyncIterator[bytes]:
    """Give a body in pieces, so that the guest waits between them."""
    for start in range(0, len(body), 50_000):
        yield body[start : start + 50_000]
        await asyncio.sleep(0.01)

"""What guests may send: over the network, to one another and to their own app; and how it ends when somebody leaves."""

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from live_server import GUESTS, Live, manifest, serving
from open_files import open_descriptors

pytestmark = pytest.mark.anyio

Answer = Callable[["Request", asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Request:
    """The head of a request, as it came over the wire; `lines` are its fields."""

    method: str
    target: str
    lines: list[str]

    def value(self, name: str) -> str | None:
        """Return the value of a field."""
        values = [line.partition(":")[2].strip() for line in self.lines if line.lower().startswith(f"{name}:")]
        return values[0] if values else None

    async def body(self, reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
        """Give the pieces of the body as they come."""
        length = self.value("content-length")
        if length is not None:
            yield await reader.readexactly(int(length))
        elif self.value("transfer-encoding") == "chunked":
            while size := int(await reader.readline(), 16):
                yield await reader.readexactly(size)
                await reader.readline()
            while (await reader.readline()).strip():
                pass


@dataclass
class Peer:
    """A server of raw HTTP/1.1 on the loopback interface, and what it was asked."""

    port: int
    requests: list[Request] = field(default_factory=list)
    broken: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@asynccontextmanager
async def peer(answer: Answer) -> AsyncIterator[Peer]:
    """Serve one request for each connection."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            method, target, _ = (await reader.readline()).decode().split(" ")
            lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")[:-2]
            request = Request(method, target, lines)
            served.requests.append(request)
            await answer(request, reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            served.broken += 1
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    served = Peer(server.sockets[0].getsockname()[1])
    async with server:
        yield served


async def plain(request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer with what was asked."""
    body = b"".join([piece async for piece in request.body(reader)])
    text = f"{request.method} {request.target} ".encode() + body
    head = f"HTTP/1.1 418 Teapot\r\nx-one: 1\r\nconnection: close\r\ncontent-length: {len(text)}\r\n\r\n"
    writer.write(head.encode() + text)
    await writer.drain()


async def echo(request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send the body back as it comes."""
    writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n")
    async for piece in request.body(reader):
        writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        await writer.drain()
    writer.write(b"0\r\n\r\n")


def allowing(folder: Path, *hosts: str, settings: str = "") -> Path:
    """Write a manifest whose lab may send requests to `hosts`."""
    listed = ", ".join(f'"{host}"' for host in hosts)
    return manifest(folder, GUESTS / "lab.wasm", f"allowed_outbound_hosts = [{listed}]", settings)


@pytest.fixture
async def free(tmp_path: Path) -> AsyncIterator[Live]:
    """Serve a lab guest that may send requests to any place over HTTP."""
    async with serving(allowing(tmp_path, "http://*:*")) as live:
        yield live


async def test_status_headers_and_body_of_a_response_come_back(free: Live) -> None:
    async with peer(plain) as there:
        response = await free.client.get(f"/out?{there.url}/path?a=1")
    assert (response.status_code, response.headers["x-one"]) == (418, "1")
    assert response.text == "GET /path?a=1 "
    assert there.requests[0].value("host") == f"127.0.0.1:{there.port}"
    assert there.requests[0].value("x-lab") == "1"


@pytest.mark.parametrize("size", [0, 1, 70_000, 5 << 20])
@pytest.mark.parametrize("path", ["/out-post", "/out-stream"])
async def test_bodies_of_any_size_go_there_and_back(free: Live, path: str, size: int) -> None:
    """The peer answers when it has everything: the guest reads nothing before it has written everything."""
    body = os.urandom(size)
    async with peer(plain) as there:
        response = await free.client.post(f"{path}?{there.url}/", content=body)
    assert response.content == b"POST / " + body


async def test_a_body_streams_both_ways_at_once(free: Live) -> None:
    """The first piece has come back before the second is sent."""
    async with peer(echo) as there:
        reader, writer = await asyncio.open_connection(free.address.host, free.address.port)
        fields = "host: a\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n"
        head = f"POST /out-stream?{there.url}/ HTTP/1.1\r\n{fields}"
        writer.write(head.encode() + b"11170\r\n" + b"a" * 70_000 + b"\r\n")
        await until(lambda: bool(there.requests))
        writer.write(b"5\r\nbbbbb\r\n0\r\n\r\n")
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
        answer = await reader.read()
        assert (answer.count(b"a"), answer.count(b"bbbbb")) == (70_000, 1)
        writer.close()
        await writer.wait_closed()


async def test_a_body_that_is_finished_before_its_request_is_sent_arrives(free: Live) -> None:
    async with peer(plain) as there:
        assert (await free.client.get(f"/out-early?{there.url}/")).text == "PUT / early"


async def test_a_response_that_is_dropped_half_read_is_let_go(free: Live) -> None:
    async with peer(plain) as there:
        assert (await free.client.get(f"/out-drop?{there.url}/")).text == "dropped after Ok(1)"


async def test_a_body_that_is_dropped_unfinished_fails_its_request(free: Live) -> None:
    async with peer(plain) as there:
        text = (await free.client.get(f"/out-unfinished?{there.url}/")).text
    assert text.startswith("Err(ErrorCode::")
    assert there.broken == len(there.requests)


async def test_two_requests_wait_at_once(free: Live) -> None:
    both = asyncio.Barrier(2)

    async def together(request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await both.wait()
        await plain(request, reader, writer)

    async with peer(together) as there:
        assert (await free.client.get(f"/out-two?{there.url}/")).text == "[Ok(418), Ok(418)]"


async def test_requests_that_cannot_be_sent_are_refused(free: Live) -> None:
    text = (await free.client.get("/out-invalid")).text
    assert text.startswith("[Err(()), Err(()), Err(()), Err(()), Err(())] [")
    assert "Ok(" not in text


async def test_a_host_that_is_not_allowed_is_denied_and_the_line_to_add_is_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(allowing(tmp_path, "http://example.com")) as live, peer(plain) as there:
        response = await live.client.get(f"/out?{there.url}/")
    assert response.text == "error: ErrorCode::HttpRequestDenied"
    assert not there.requests
    (message,) = [each.getMessage() for each in caplog.records if each.levelno >= logging.WARNING]
    assert message.startswith("component `lab`: ")
    assert f'add `allowed_outbound_hosts = ["{there.url}"]`' in message


async def test_a_host_that_nobody_knows_is_a_dns_error(free: Live) -> None:
    assert (await free.client.get("/out?http://nowhere.invalid/")).text.startswith("error: ErrorCode::DnsError")


async def test_a_port_that_nobody_listens_on_refuses_the_connection(free: Live) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        text = (await free.client.get(f"/out?http://127.0.0.1:{unused.getsockname()[1]}/")).text
    assert text == "error: ErrorCode::ConnectionRefused"


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (b"", "error: ErrorCode::ConnectionTerminated"),
        (b"nonsense\r\n\r\n", "error: ErrorCode::HttpProtocolError"),
    ],
)
async def test_a_peer_that_does_not_speak_http_is_an_error(free: Live, sent: bytes, expected: str) -> None:
    async def answer(_: Request, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(sent)

    async with peer(answer) as there:
        assert (await free.client.get(f"/out?{there.url}/")).text == expected


async def test_a_response_that_breaks_off_reaches_the_guest_as_an_error(free: Live) -> None:
    async def answer(_: Request, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf")

    async with peer(answer) as there:
        with contextlib.suppress(Exception):
            await free.client.get(f"/out?{there.url}/")
    assert "response body: " in free.logs.text("stderr")


CHAINED = """spin_manifest_version = 2
[application]
name = "chained"
[[trigger.http]]
route = "/..."
component = "front"
[[trigger.http]]
route = {{ private = true }}
component = "back"
[component.front]
source = "{lab}"
allowed_outbound_hosts = [{hosts}]
[component.front.tool.whorl]
{settings}
[component.back]
source = "{lab}"
[component.back.tool.whorl]
{settings}
"""


@asynccontextmanager
async def chained(folder: Path, hosts: str = '"http://back.spin.internal"', settings: str = "") -> AsyncIterator[Live]:
    """Serve two lab guests: `front` has all routes, `back` can only be reached by it."""
    path = folder / "spin.toml"
    path.write_text(CHAINED.format(lab=GUESTS / "lab.wasm", hosts=hosts, settings=settings))
    async with serving(path) as live:
        yield live


async def test_a_component_reaches_another_that_has_no_public_route(tmp_path: Path) -> None:
    async with chained(tmp_path) as live:
        assert (await live.client.get("/out?http://back.spin.internal/hello")).text == "hello"


async def test_a_chained_request_keeps_its_status_headers_and_body(tmp_path: Path) -> None:
    small, large = os.urandom(60_000), os.urandom(3 << 20)
    async with chained(tmp_path) as live:
        assert (await live.client.get("/out?http://back.spin.internal/status?404")).status_code == 404
        assert len((await live.client.get("/out?http://back.spin.internal/bytes?3000000")).content) == 3_000_000
        for path in ("/out-post", "/out-stream"):
            assert (await live.client.post(f"{path}?http://back.spin.internal/echo", content=small)).content == small
            response = await live.client.post(f"{path}?http://back.spin.internal/late", content=large)
            assert response.text.startswith(f"{len(large)} bytes in ")


async def test_two_chained_requests_run_at_once(tmp_path: Path) -> None:
    async with chained(tmp_path) as live:
        assert (await live.client.get("/out-two?http://back.spin.internal/sleep?50")).text == "[Ok(200), Ok(200)]"


async def test_a_component_that_is_not_permitted_cannot_be_chained_to(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with chained(tmp_path, hosts='"http://other.spin.internal"') as live:
        response = await live.client.get("/out?http://back.spin.internal/hello")
    assert response.text == "error: ErrorCode::HttpRequestDenied"
    assert 'add `allowed_outbound_hosts = ["http://back.spin.internal"]`' in caplog.text


async def test_a_wildcard_for_the_network_does_not_permit_chaining(tmp_path: Path) -> None:
    async with chained(tmp_path, hosts='"http://*.example.com"') as live:
        response = await live.client.get("/out?http://back.spin.internal/hello")
    assert response.text == "error: ErrorCode::HttpRequestDenied"


async def test_a_component_that_does_not_exist_cannot_be_chained_to(tmp_path: Path) -> None:
    async with chained(tmp_path, hosts='"http://*.spin.internal"') as live:
        text = (await live.client.get("/out?http://nobody.spin.internal/hello")).text
    assert text.startswith("error: ErrorCode::InternalError")
    assert "nobody" in text


async def test_a_chained_component_sees_spins_headers(tmp_path: Path) -> None:
    async with chained(tmp_path) as live:
        lines = (await live.client.get("/out?http://back.spin.internal/headers?a=1")).text.splitlines()
    found = {name: value.lstrip() for name, _, value in (line.partition(":") for line in lines)}
    assert found["x-lab"] == "1"
    assert {name: value for name, value in found.items() if name.startswith("spin-")} == {
        "spin-path-info": "/headers",
        "spin-full-url": "http://localhost/headers?a=1",
        "spin-matched-route": "/...",
        "spin-base-path": "/",
        "spin-raw-component-route": "/...",
        "spin-component-route": "",
        "spin-client-addr": "0.0.0.0:0",
    }


async def test_a_request_to_the_app_itself_is_routed_like_any_other(tmp_path: Path) -> None:
    path = tmp_path / "spin.toml"
    path.write_text(
        CHAINED.format(lab=GUESTS / "lab.wasm", hosts='"http://self"', settings="").replace(
            "{ private = true }", '"/big"'
        )
    )
    async with serving(path) as live:
        assert (await live.client.get("/out?/status?204")).status_code == 204
        lines = (await live.client.get("/out?/headers")).text.splitlines()
        assert "spin-matched-route: /..." in lines
        assert (await live.client.get("/out?/big?5")).status_code == 200


async def test_an_app_may_not_send_requests_to_itself_unasked(tmp_path: Path) -> None:
    async with chained(tmp_path) as live:
        assert (await live.client.get("/out?/hello")).text == "error: ErrorCode::HttpRequestDenied"


async def test_a_client_that_leaves_ends_the_chained_request_too(tmp_path: Path) -> None:
    async with chained(tmp_path, settings="warm = 1") as live:
        pools = live.trigger.pools
        reader, writer = await asyncio.open_connection(live.address.host, live.address.port)
        writer.write(b"GET /out?http://back.spin.internal/sleep?60000 HTTP/1.1\r\nhost: a\r\n\r\n")
        await until(lambda: pools["front"].in_use == pools["back"].in_use == 1)
        writer.transport.abort()
        await until(lambda: pools["front"].in_use == pools["back"].in_use == 0)
        await until(lambda: all(len(pool.linked.instances) == 1 for pool in pools.values()))
        del reader


async def test_a_client_that_leaves_ends_the_request_over_the_network_too(free: Live) -> None:
    left = asyncio.Event()

    async def silent(_: Request, reader: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
        await reader.read()
        left.set()

    async with peer(silent) as there:
        reader, writer = await asyncio.open_connection(free.address.host, free.address.port)
        writer.write(f"GET /out?{there.url}/ HTTP/1.1\r\nhost: a\r\n\r\n".encode())
        await until(lambda: bool(there.requests))
        writer.transport.abort()
        await asyncio.wait_for(left.wait(), 10)
        await until(lambda: not free.trigger.pools["lab"].in_use)
        del reader


async def test_a_chained_guest_that_traps_is_a_500_for_its_caller(tmp_path: Path) -> None:
    async with chained(tmp_path) as live:
        assert (await live.client.get("/out?http://back.spin.internal/trap")).status_code == 500
        assert (await live.client.get("/out?http://back.spin.internal/hello")).text == "hello"


async def test_many_chained_requests_leave_nothing_behind(tmp_path: Path) -> None:
    paths = ["hello", "sleep?5", "big?200000", "trap", "unfinished-late", "status?500"]
    async with chained(tmp_path, settings="warm = 2\nmax_instances = 32\nqueue = 100") as live:
        pools = live.trigger.pools.values()

        async def ask(number: int) -> None:
            path = f"/out?http://back.spin.internal/{paths[number % len(paths)]}"
            reader, writer = await asyncio.open_connection(live.address.host, live.address.port)
            writer.write(f"GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n".encode())
            if number % 5:
                await reader.read()
            else:
                await asyncio.sleep(0.003)
                writer.transport.abort()
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

        async def settled() -> tuple[int, int]:
            await until(lambda: all(not pool.in_use and len(pool.linked.instances) == 2 for pool in pools))
            await asyncio.sleep(0.05)
            return len(asyncio.all_tasks()), open_descriptors()

        await ask(1)
        before = await settled()
        for start in range(0, 120, 20):
            await asyncio.gather(*[ask(number) for number in range(start, start + 20)])
        assert await settled() == before


async def until(holds: Callable[[], bool]) -> None:
    """Wait for a condition to hold; 10 s at most."""
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110 - it watches what sets no event
            await asyncio.sleep(0.01)

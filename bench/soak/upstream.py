"""The server on the loopback interface that guests send requests to: obliging and disobliging, by path.

| path | what it does |
|---|---|
| `/fast` | answers at once |
| `/big?n` | answers with n bytes |
| `/echo`, `/sink` | reads the body, gives it back in chunks or not at all |
| `/close` | answers and closes, without having announced it |
| `/early` | answers without having read the body, and closes |
| `/cut` | breaks off within the response |
| `/never` | never answers |
| `/endless` | answers without an end |

It closes connections that are idle for `IDLE` seconds, as servers do.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from bench.soak.wire import Head, read_body, read_head

IDLE = 3.0
_PIECE = b"x" * 1024

Answer = Callable[[Head, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[bool]]
"""Answers one request; true when the connection may bring another."""


@asynccontextmanager
async def upstream() -> AsyncIterator[int]:
    """Serve for the length of the block, and give the port."""
    conversations: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            conversations.add(task)
            task.add_done_callback(conversations.discard)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, TimeoutError, asyncio.CancelledError):
            while await _converse(reader, writer):
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]
        for conversation in conversations:
            conversation.cancel()


async def _converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    async with asyncio.timeout(IDLE):
        head = await read_head(reader)
    return await _ANSWERS[head.target.partition("?")[0]](head, reader, writer)


def _whole(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)


async def _fast(head: Head, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    await read_body(reader, head)
    writer.write(_whole(b"fast"))
    return True


async def _big(head: Head, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    await read_body(reader, head)
    writer.write(_whole(b"x" * int(head.target.partition("?")[2])))
    return True


async def _echo(head: Head, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    body = await read_body(reader, head)
    writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
    if body:
        writer.write(b"%x\r\n%b\r\n" % (len(body), body))
    writer.write(b"0\r\n\r\n")
    return True


async def _close(head: Head, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    await _fast(head, reader, writer)
    return False


async def _early(_head: Head, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    writer.write(_whole(b"early"))
    return False


async def _cut(head: Head, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    await read_body(reader, head)
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n" + _PIECE[:100])
    return False


async def _never(_head: Head, reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> bool:
    while await reader.read(65536):
        pass
    return False


async def _endless(_head: Head, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"%x\r\n%b\r\n" % (len(_PIECE), _PIECE))
        await writer.drain()
        await asyncio.sleep(0.02)


_ANSWERS: dict[str, Answer] = {
    "/fast": _fast,
    "/big": _big,
    "/echo": _echo,
    "/sink": _fast,
    "/close": _close,
    "/early": _early,
    "/cut": _cut,
    "/never": _never,
    "/endless": _endless,
}

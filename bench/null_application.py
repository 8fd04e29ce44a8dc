"""The floor that every figure is compared with: uvicorn with an application that does nothing.

uvicorn's settings are those that whorl serves with. Run as a process: it prints the start-up line of `whorl up`. Told
to echo, it serves another application, in a process of its own, so that for `hello` nobody looks at the request.
"""

import socket
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import uvicorn

ECHO = "echo"
BODY = b"hello"
_HEADERS = [(b"content-type", b"text/plain"), (b"content-length", b"%d" % len(BODY))]

_Message = MutableMapping[str, Any]
_Receive = Callable[[], Awaitable[_Message]]
_Send = Callable[[_Message], Awaitable[None]]


async def application(_scope: _Message, _receive: _Receive, send: _Send) -> None:
    """Answer `hello` to everything."""
    await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
    await send({"type": "http.response.body", "body": BODY})


async def echo(_scope: _Message, receive: _Receive, send: _Send) -> None:
    """Answer with the request's body, once all of it is there."""
    pieces = []
    more = True
    while more:
        message = await receive()
        pieces.append(message.get("body", b""))
        more = message.get("more_body", False)
    body = pieces[0] if len(pieces) == 1 else b"".join(pieces)
    headers = [(b"content-type", b"application/octet-stream"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def main() -> None:
    """Serve on a free port of the loopback interface until a signal says stop."""
    config = uvicorn.Config(
        echo if sys.argv[1:] == [ECHO] else application,
        http="httptools",
        loop="uvloop",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
    )
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        host, port = listener.getsockname()
        sys.stdout.write(f"\nServing http://{host}:{port}\n")
        sys.stdout.flush()
        uvicorn.Server(config).run([listener])


if __name__ == "__main__":
    main()

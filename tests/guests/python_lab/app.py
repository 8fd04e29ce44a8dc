"""A Python guest that uses each of the Spin SDK's capabilities, and answers with what came of it.

The path names the capability, the query its argument: `/key-value?default`. Errors are answered by their class's name.
"""

from collections.abc import Callable
from urllib.parse import urlsplit

from spin_sdk import key_value, redis, variables
from spin_sdk.http import IncomingHandler as BaseIncomingHandler
from spin_sdk.http import Request, Response, send
from spin_sdk.wit.imports.spin_sqlite_sqlite import Connection
from spin_sdk.wit.types import Err


def use_store(name: str) -> str:
    """Set, get and delete an entry."""
    with key_value.open(name) as store:
        store.set("greeting", b"hello")
        found = store.get("greeting")
        keys = store.get_keys()
        store.delete("greeting")
        return f"{found} {keys} {store.exists('greeting')}"


def use_database(name: str) -> str:
    """Select a number."""
    with Connection.open(name) as connection:
        return str(connection.execute("select 1", []))


def use_redis(address: str) -> str:
    """Get a key."""
    with redis.open(address) as connection:
        return str(connection.get("key"))


def fetch(url: str) -> str:
    """Send a request."""
    response = send(Request("GET", url, {}, None))
    return f"{response.status} {bytes(response.body or b'').decode()}"


USES: dict[str, Callable[[str], str]] = {
    "/fetch": fetch,
    "/key-value": use_store,
    "/redis": use_redis,
    "/sqlite": use_database,
    "/variables": variables.get,
}


class IncomingHandler(BaseIncomingHandler):
    """Answers by `USES`."""

    def handle_request(self, request: Request) -> Response:
        """Use what the path names."""
        target = urlsplit(request.uri)
        try:
            answer = USES[target.path](target.query)
        except Err as error:
            answer = f"error: {type(error.value).__name__}"
        return Response(200, {"content-type": "text/plain"}, answer.encode())

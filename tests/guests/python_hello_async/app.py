"""The smallest useful Python guest of WASI 0.3: answers every request with `hello`, as the Spin SDK's own example does."""

from spin_sdk import http
from spin_sdk.http import Request, Response


class HttpHandler(http.Handler):
    async def handle_request(self, request: Request) -> Response:
        return Response(200, {"content-type": "text/plain"}, b"hello")

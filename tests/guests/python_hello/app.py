"""The smallest useful Python guest: answers every request with `hello`, as the Spin SDK's own example does."""

from spin_sdk.http import IncomingHandler as BaseIncomingHandler
from spin_sdk.http import Request, Response


class IncomingHandler(BaseIncomingHandler):
    def handle_request(self, request: Request) -> Response:
        return Response(200, {"content-type": "text/plain"}, bytes("hello", "utf-8"))

"""`whorl:host/http-server`: how a guest gets its request and gives its response. One interface for every component."""

from whorl.engine.host_interfaces import HostFunction, HostInterface, ValueType
from whorl.engine.instances import Instance
from whorl.engine.packing import MalformedError
from whorl.triggers.http.exchanges import Exchange

_S, _U32 = ValueType.STRING, ValueType.U32


def _exchange(instance: Instance) -> Exchange:
    exchange: Exchange | None = instance.state.get(Exchange)
    if exchange is None:
        raise MalformedError("there is no request to serve")
    return exchange


def _request(instance: Instance) -> bytes:
    exchange: Exchange | None = instance.state.get(Exchange)
    return (exchange or _exchange(instance)).request()


def _respond(instance: Instance, response: bytes) -> None:
    exchange: Exchange | None = instance.state.get(Exchange)
    (exchange or _exchange(instance)).respond(response)


HTTP_SERVER = HostInterface(
    "whorl:host/http-server@0.1.0",
    (
        HostFunction("request", (), _S, _request),
        HostFunction("body-read", (_U32,), _S, lambda instance, limit: _exchange(instance).read(limit)),
        HostFunction(
            "body-into",
            (_U32, _U32),
            _U32,
            lambda instance, address, size: _exchange(instance).read_into(address, size),
        ),
        HostFunction("inform", (_S,), None, lambda instance, head: _exchange(instance).inform(head)),
        HostFunction("respond", (_S,), None, _respond),
        HostFunction(
            "respond-from",
            (_S, _U32, _U32),
            None,
            lambda instance, head, address, size: _exchange(instance).respond_from(head, address, size),
        ),
        HostFunction("respond-head", (_S,), None, lambda instance, head: _exchange(instance).respond_head(head)),
        HostFunction(
            "respond-chunk", (_S,), ValueType.BOOL, lambda instance, data: _exchange(instance).respond_chunk(data)
        ),
        HostFunction(
            "respond-chunk-from",
            (_U32, _U32),
            ValueType.BOOL,
            lambda instance, address, size: _exchange(instance).respond_chunk_from(address, size),
        ),
        HostFunction("respond-end", (_S,), None, lambda instance, fields: _exchange(instance).respond_end(fields)),
        HostFunction("respond-fail", (_S,), None, lambda instance, code: _exchange(instance).respond_fail(code)),
    ),
)

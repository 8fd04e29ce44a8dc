"""The randomness behind `wasi:random`: `whorl:host/random@0.1.0`."""

from os import urandom

from whorl.engine.host_interfaces import HostFunction, HostInterface, ValueType
from whorl.engine.packing import MalformedError, pack

MAX_BYTES = 65536
"""Bytes that one call may ask for."""


def random() -> HostInterface:
    """Return the interface; every component has it. The bytes come from the operating system's generator."""
    return HostInterface(
        "whorl:host/random@0.1.0", (HostFunction("bytes", (ValueType.U32,), ValueType.STRING, _bytes),)
    )


def _bytes(_instance: object, length: int) -> bytes:
    if length > MAX_BYTES:
        raise MalformedError(f"a guest asks for {length} random bytes at once, more than {MAX_BYTES}")
    return pack(urandom(length))

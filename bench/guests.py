"""The guests of the benchmarks: committed files, but for the Python ones, which are built once."""

import subprocess
import sys
from pathlib import Path

_BUILDS = Path(__file__).parents[1] / "tests" / "support" / "guest_builds.py"


_HEADER = 8
_ALIASES, _TYPES = 6, 7
_HINTS = b"[method]response-outparam.send-informational"
_SIMILAR = b"[method]fields.get"
"""Takes and gives the same core values as `_HINTS`, in the same interface."""


class BuildError(Exception):
    """A Python guest could not be built."""


def build_python_guests() -> None:
    """Build `python_hello` and `python_hello_async` of `tests/guests`, if their sources have changed.

    Raises:
        BuildError: componentize-py failed, or is not there.
    """
    for name in ("python_hello", "python_hello_async"):
        _build(name)


def _build(name: str) -> None:
    command = [sys.executable, str(_BUILDS), name]
    built = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)  # noqa: S603 - our own script
    if built.returncode:
        raise BuildError(f"`{' '.join(command)}` failed with exit code {built.returncode}; its messages are above")


def without_informational_responses(component: bytes) -> bytes:
    """Return a component as it would be had it never heard of `send-informational`; it must not call that.

    The function is an unstable part of `wasi:http`. `wasmtime serve` does not offer it, and refuses guests that import
    it. Its declaration is left out, and another import of the guest takes its place: the code stays what it is.
    """
    changed = bytearray(component[:_HEADER])
    at = _HEADER
    while at < len(component):
        kind = component[at]
        size, start = _number(component, at + 1)
        at = start + size
        content = component[start:at]
        if kind == _TYPES:
            content = _undeclared(content)
        elif kind == _ALIASES:
            content = content.replace(_name(_HINTS), _name(_SIMILAR))
        changed += bytes([kind]) + _bytes(len(content)) + content
    return bytes(changed)


def _undeclared(types: bytes) -> bytes:
    """Return a section of one instance's type without the declaration that it exports `_HINTS`."""
    begin, found, rest = types.partition(b"\x04\x00" + _name(_HINTS) + b"\x01")
    if not found:
        return types
    _, end = _number(rest, 0)
    count, first = _number(begin, 2)
    return begin[:2] + _bytes(count - 1) + begin[first:] + rest[end:]


def _name(name: bytes) -> bytes:
    return _bytes(len(name)) + name


def _number(data: bytes, at: int) -> tuple[int, int]:
    """Return the LEB128 number at `at`, and where it ends."""
    number = shift = 0
    while True:
        number |= (data[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if data[at - 1] < 0x80:
            return number, at


def _bytes(number: int) -> bytes:
    """Return a number as LEB128."""
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*encoded, number])

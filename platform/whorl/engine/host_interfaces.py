"""The vocabulary with which capabilities describe what they offer to the sandbox: interfaces of flat host functions.

A capability binds itself to what one component is granted and returns `HostInterface`s; the engine links them. A host
function takes the instance that calls, then its arguments; strings arrive as the `bytes` of their UTF-8 and are
returned so. Whatever it raises becomes a trap of the calling guest, so denials and failures of a backend are answered
as values, in the form that `platform/adapter/wit/host.wit` lays down.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any


class ValueType(IntEnum):
    """The types that cross; the values are the C API's `wasmtime_component_valkind_t`."""

    BOOL = 0
    U32 = 6
    S64 = 7
    U64 = 8
    STRING = 12


@dataclass(frozen=True, slots=True)
class HostFunction:
    """One function of a flat host interface.

    `call` gets the calling `Instance`, then one argument for each of `params` (`bool`, `int`, or `bytes` of UTF-8) and
    returns what `result` says (`None` when there is none).
    """

    name: str
    params: tuple[ValueType, ...]
    result: ValueType | None
    call: Callable[..., Any]


@dataclass(frozen=True, slots=True)
class HostInterface:
    """A host interface, by its full WIT name (`whorl:host/clocks@0.1.0`)."""

    name: str
    functions: tuple[HostFunction, ...]

"""A function of WIT and its codec.

Codecs are made when a function is first called: most of an interface never is. One of many types takes a while to make,
as does reading or writing many values; whoever calls such a function waits, nobody else does (`beside`).
"""

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, Generic, TypeVar

from whorl.engine.bridges.descriptions import Function
from whorl.engine.bridges.types import BYTE, ListOf, Type
from whorl.errors import ComponentError

LONG_FRAME: Final = 32 * 1024
"""Bytes of a frame that are read at once; those of bytes and text alone may have any size."""

_MANY_TYPES: Final = 300
"""Types in a function whose codec is not made on the event loop: some milliseconds."""

_MOST_TYPES: Final = 20_000
"""Types that one function may have."""

_DEEPEST: Final = 20
"""Types that may be in each other; Python takes no more loops than that."""

_WORKER = ThreadPoolExecutor(max_workers=1, thread_name_prefix="whorl-values")
"""One thread for all: it competes with the event loop for the interpreter."""

T = TypeVar("T")
CodecT = TypeVar("CodecT")


async def beside(function: Callable[..., T], *arguments: Any) -> T:
    """Return what `function` returns, called on a thread beside the event loop."""
    return await asyncio.get_running_loop().run_in_executor(_WORKER, function, *arguments)


class CodedFunction(Generic[CodecT]):
    """A function of WIT with a codec that is made once it is needed.

    Args:
        function: as the tools tell it.
        read: the types that are read from frames.
        make: makes the codec.

    Attributes:
        function: the same.
        codec: reads and writes what the function passes; None until it is needed.

    Raises:
        ComponentError: it has too many types, or they are too deep in each other.
    """

    __slots__ = ("_is_large", "_make", "_scans", "codec", "function")

    def __init__(self, function: Function, read: Iterable[Type], make: Callable[[Function], CodecT]) -> None:
        self.function = function
        self.codec: CodecT | None = None
        kinds = [kind for _, kind in function.params]
        if function.result is not None:
            kinds.append(function.result)
        types, depth = sum(kind.count for kind in kinds), max((kind.depth for kind in kinds), default=0)
        if types > _MOST_TYPES or depth > _DEEPEST:
            raise ComponentError(
                f"{self} has {types} types, {depth} in each other; calls between Python and a component can have"
                f" {_MOST_TYPES} and {_DEEPEST} at most"
            )
        self._scans = any(kind.has(_is_scanned) for kind in read)
        self._is_large = types > _MANY_TYPES
        self._make = make

    def __str__(self) -> str:
        return str(self.function)

    def made(self) -> CodecT:
        """Return its codec."""
        if self.codec is None:
            self.codec = self._make(self.function)
        return self.codec

    @property
    def may_be_slow(self) -> bool:
        """Whether there are frames of which `is_slow` is true."""
        return self._scans or self._is_large

    @property
    def is_slow_to_make(self) -> bool:
        """Whether its codec has to be made, beside the event loop."""
        return self._is_large and self.codec is None

    def is_slow(self, frame: bytes) -> bool:
        """Tell whether to read `frame` may take longer than the event loop should be held."""
        return (self._scans and len(frame) > LONG_FRAME) or self.is_slow_to_make


def _is_scanned(kind: Type) -> bool:
    return isinstance(kind, ListOf) and kind.element != BYTE

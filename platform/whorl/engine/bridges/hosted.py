"""A function of WIT, the Python function behind it, and the codec between the two.

Codecs are made when a function is first called: most of an interface never is. One of many types takes a while to make,
as does reading or writing many values; whoever calls such a function waits, nobody else does (`beside`).
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeVar

from whorl.engine.bridges.codecs import Codec, Codecs
from whorl.engine.bridges.descriptions import Function
from whorl.engine.bridges.types import BYTE, Handle, ListOf, Type
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


async def beside(function: Callable[..., T], *arguments: Any) -> T:
    """Return what `function` returns, called on a thread beside the event loop."""
    return await asyncio.get_running_loop().run_in_executor(_WORKER, function, *arguments)


class HostedFunction:
    """A function of WIT that Python implements.

    Args:
        function: of an interface.
        call: what implements it.
        codecs: of its bridge.

    Attributes:
        function: the same.
        call: the same.
        codec: reads its arguments and writes its results, once it is needed.
        takes_own: handles that the guest gives away are among the arguments.
        is_plain: it takes no handles that the guest gives away, and `is_slow` of no frame.
        usual: the type of what the method gave last, which has not to be waited for.
        place: of the guest's own object that `call` gets first; None where all guests share one.

    Raises:
        ComponentError: it has too many types, or they are too deep in each other.
    """

    __slots__ = (
        "_codecs",
        "_is_large",
        "_scans",
        "call",
        "codec",
        "function",
        "is_plain",
        "place",
        "takes_own",
        "usual",
    )

    def __init__(self, function: Function, call: Callable[..., Any], codecs: Codecs, place: str | None = None) -> None:
        self.function = function
        self.call = call
        self.codec: Codec | None = None
        self.usual: type | None = None
        self.place = place
        params = [kind for _, kind in function.params]
        kinds = [*params, function.result] if function.result is not None else params
        types, depth = sum(kind.count for kind in kinds), max((kind.depth for kind in kinds), default=0)
        if types > _MOST_TYPES or depth > _DEEPEST:
            raise ComponentError(
                f"{self} has {types} types, {depth} in each other; Python can implement it with {_MOST_TYPES} and"
                f" {_DEEPEST} at most"
            )
        self.takes_own = any(kind.has(_is_given_away) for kind in params)
        self._scans = any(kind.has(_is_scanned) for kind in params)
        self._is_large = types > _MANY_TYPES
        self.is_plain = not (self.takes_own or self._scans or self._is_large)
        self._codecs = codecs

    def __str__(self) -> str:
        return f"`{self.function.name}` of `{self.function.interface}`"

    def made(self) -> Codec:
        """Return its codec."""
        if self.codec is None:
            self.codec = self._codecs.of(self.function)
        return self.codec

    def is_slow(self, frame: bytes) -> bool:
        """Tell whether to read `frame` may take longer than the event loop should be held."""
        return (self._scans and len(frame) > LONG_FRAME) or (self._is_large and self.codec is None)


def _is_given_away(kind: Type) -> bool:
    return isinstance(kind, Handle) and kind.is_owned


def _is_scanned(kind: Type) -> bool:
    return isinstance(kind, ListOf) and kind.element != BYTE

"""A function of WIT, and the Python function behind it."""

from collections.abc import Callable
from typing import Any

from whorl.engine.bridges.codecs import Codec, Codecs
from whorl.engine.bridges.descriptions import Function
from whorl.engine.bridges.functions import CodedFunction
from whorl.engine.bridges.types import Handle, Type


class HostedFunction(CodedFunction[Codec]):
    """A function of WIT that Python implements.

    Args:
        function: of an interface.
        call: what implements it.
        codecs: of its bridge.

    Attributes:
        call: the same.
        takes_own: handles that the guest gives away are among the arguments.
        place: of the guest's own object that `call` gets first; None where all guests share one.

    Raises:
        ComponentError: as `CodedFunction`.
    """

    __slots__ = ("call", "place", "takes_own")

    def __init__(self, function: Function, call: Callable[..., Any], codecs: Codecs, place: str | None = None) -> None:
        params = [kind for _, kind in function.params]
        super().__init__(function, params, codecs.of)
        self.call = call
        self.place = place
        self.takes_own = any(kind.has(_is_given_away) for kind in params)


def _is_given_away(kind: Type) -> bool:
    return isinstance(kind, Handle) and kind.is_owned

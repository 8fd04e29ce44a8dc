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
        is_plain: it takes no handles that the guest gives away, and `is_slow` of no frame.
        usual: the type of what the method gave last, which has not to be waited for.
        place: of the guest's own object that `call` gets first; None where all guests share one.

    Raises:
        ComponentError: as `CodedFunction`.
    """

    __slots__ = ("call", "is_plain", "place", "takes_own", "usual")

    def __init__(self, function: Function, call: Callable[..., Any], codecs: Codecs, place: str | None = None) -> None:
        params = [kind for _, kind in function.params]
        super().__init__(function, params, codecs.of)
        self.call = call
        self.place = place
        self.takes_own = any(kind.has(_is_given_away) for kind in params)
        self.is_plain = not (self.takes_own or self.may_be_slow)
        self.usual: type | None = None


def _is_given_away(kind: Type) -> bool:
    return isinstance(kind, Handle) and kind.is_owned

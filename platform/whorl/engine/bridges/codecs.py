"""The codecs of a bridge: what reads the arguments of each of its functions, and what writes the results.

They are compiled when a function is first called, which takes about a millisecond.
"""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from whorl.engine.bridges.descriptions import Function
from whorl.engine.bridges.layouts import IN_MEMORY, IN_SLOTS, MAX_FLAT_PARAMS
from whorl.engine.bridges.lifting import Lifting
from whorl.engine.bridges.lowering import Lowering
from whorl.engine.bridges.records import RecordTypes
from whorl.engine.bridges.source import Source
from whorl.engine.bridges.types import Handle, Result, Type

SLOTS: Final = 16
"""Where the flat parameters of a call stand in a frame."""

Lift = Callable[[bytes, Any], tuple[Any, ...]]
Lower = Callable[[Any, int, Any], bytes]


class Codec(NamedTuple):
    """The codec of one function.

    Attributes:
        lift: reads the arguments in a frame.
        lower: writes the reply with a result; if that is a `result`, its good case.
        lower_err: writes the reply with the bad case of a `result`; None for other functions.
        takes_own: handles that the guest gives away are among the arguments.
    """

    lift: Lift
    lower: Lower
    lower_err: Lower | None
    takes_own: bool


class Codecs:
    """Makes the codecs of one bridge."""

    def __init__(self) -> None:
        self._records = RecordTypes()

    def of(self, function: Function) -> Codec:
        """Return the codec of `function`."""
        source = Source({"SLOT": _address_in_slot})
        lifting, lowering = Lifting(source, self._records), Lowering(source, self._records)
        types = [kind for _, kind in function.params]
        is_spilled = sum(kind.flats for kind in types) > MAX_FLAT_PARAMS
        if is_spilled:
            lifting.function("lift", types, IN_MEMORY, "SLOT(m)")
        else:
            lifting.function("lift", types, IN_SLOTS, str(SLOTS))
        fails = isinstance(function.result, Result)
        lowering.function("lower", function.result, "ok" if fails else None)
        if fails:
            lowering.function("lower_err", function.result, "err")
        made = source.compile()
        return Codec(made["lift"], made["lower"], made.get("lower_err"), any(map(gives_away, types)))


def gives_away(kind: Type) -> bool:
    """Tell whether values hold handles that their taker owns."""
    return (isinstance(kind, Handle) and kind.is_owned) or any(map(gives_away, _inner(kind)))


def _inner(kind: Type) -> list[Type]:
    element, parts, payloads = (getattr(kind, name, None) for name in ("element", "parts", "payloads"))
    return [*([element] if element else ()), *(parts or ()), *(payloads or ())]


def _address_in_slot(frame: bytes) -> int:
    return int.from_bytes(frame[SLOTS : SLOTS + 4], "little")

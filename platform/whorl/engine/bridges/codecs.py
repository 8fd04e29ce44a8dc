"""The codecs of a bridge: what reads the arguments of each of its functions, and what writes the results.

They are compiled when a function is first called: most of an interface never is.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from whorl.engine.bridges.descriptions import Function
from whorl.engine.bridges.layouts import IN_MEMORY, IN_SLOTS, MAX_FLAT_PARAMS
from whorl.engine.bridges.lifting import Lifting
from whorl.engine.bridges.protocol import SLOTS
from whorl.engine.bridges.records import RecordTypes
from whorl.engine.bridges.replies import ReplyLowering
from whorl.engine.bridges.source import Source
from whorl.engine.bridges.types import Result

Lift = Callable[[bytes, Any], tuple[Any, ...]]
Lower = Callable[[Any, int, Any], bytes]


class Codec(NamedTuple):
    """The codec of one function.

    Attributes:
        lift: reads the arguments in a frame.
        lower: writes the reply with a result, by the case of a `result`; other results are `ok`.
    """

    lift: Lift
    lower: Mapping[str, Lower]


class Codecs:
    """Makes the codecs of one bridge."""

    def __init__(self) -> None:
        self._records = RecordTypes()

    def of(self, function: Function) -> Codec:
        """Return the codec of `function`."""
        source = Source({"SLOT": _address_in_slot})
        lifting = Lifting(source, self._records)
        lowering = ReplyLowering(source, self._records, are_strings_even=function.has_strings)
        types = [kind for _, kind in function.params]
        is_spilled = sum(kind.flats for kind in types) > MAX_FLAT_PARAMS
        if is_spilled:
            lifting.function("lift", types, IN_MEMORY, "SLOT(m)")
        else:
            lifting.function("lift", types, IN_SLOTS, str(SLOTS))
        cases = ("ok", "err") if isinstance(function.result, Result) else ("ok",)
        for case in cases:
            lowering.function(case, function.result, case)
        made = source.compile()
        return Codec(made["lift"], {case: made[case] for case in cases})


def _address_in_slot(frame: bytes) -> int:
    return int.from_bytes(frame[SLOTS : SLOTS + 4], "little")

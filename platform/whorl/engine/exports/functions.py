"""Functions that a component exports: their codecs, and what is wrong with arguments and results."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from whorl.engine.bridges import conversions, lifting
from whorl.engine.bridges.descriptions import Function
from whorl.engine.bridges.diagnosis import Diagnosis
from whorl.engine.bridges.functions import CodedFunction
from whorl.engine.bridges.layouts import IN_MEMORY
from whorl.engine.bridges.lifting import Lifting
from whorl.engine.bridges.records import RecordTypes
from whorl.engine.bridges.source import Source
from whorl.engine.bridges.types import Result
from whorl.engine.exports.crossings import Crossing
from whorl.engine.exports.protocol import ARENA
from whorl.engine.exports.requests import RequestLowering
from whorl.engine.packing import MalformedError
from whorl.values import Err


class WrongArgumentError(TypeError):
    """A function is called with what is not of its type in WIT; the message has the path inside the value."""


class CallCodec(NamedTuple):
    """The codec of one function.

    Attributes:
        lower: writes the request with the arguments.
        lift: reads the result in a frame, as a tuple of one or none.
    """

    lower: Callable[[Sequence[Any], Any], bytes]
    lift: Callable[[bytes, Any], tuple[Any, ...]]


class ExportedFunction(CodedFunction[CallCodec]):
    """A function that a component exports.

    Args:
        number: by which the caller knows it.
        function: as the tools tell it.
        signature: as WIT has it.
        records: the classes of the caller's records.

    Attributes:
        signature: the same.

    Raises:
        ComponentError: as `CodedFunction`.
    """

    __slots__ = ("_is_result", "_number", "_records", "signature")

    def __init__(self, number: int, function: Function, signature: str, records: RecordTypes) -> None:
        results = [] if function.result is None else [function.result]
        super().__init__(function, results, self._codec)
        self.signature = signature
        self._number = number
        self._records = records
        self._is_result = isinstance(function.result, Result)

    def _codec(self, function: Function) -> CallCodec:
        source = Source({})
        results = [] if function.result is None else [function.result]
        Lifting(source, self._records).function("lift", results, IN_MEMORY, str(ARENA))
        RequestLowering(source, self._records).request("lower", self._number, [kind for _, kind in function.params])
        made = source.compile()
        return CallCodec(made["lower"], made["lift"])

    def request(self, arguments: Sequence[Any], crossing: Crossing, room: int) -> bytes:
        """Return the request of a call.

        Raises:
            WrongArgumentError: the arguments are not those of the function.
            ManyValuesError: there is no room for so many values.
        """
        if len(arguments) != len(self.function.params):
            is_method = self.function.name.startswith("[method]")
            raise WrongArgumentError(f"{self} is called with {len(arguments) - is_method} arguments: {self.signature}")
        crossing.begin(room)
        try:
            return self.made().lower(arguments, crossing)
        except conversions.FAILURES as error:
            raise WrongArgumentError(
                f"{self} is called with a wrong value: {self._wrong(arguments, crossing, error)}"
            ) from error

    def _wrong(self, arguments: Sequence[Any], crossing: Crossing, error: Exception) -> str:
        find = Diagnosis(crossing.complaint).complaints
        named = zip(self.function.params, arguments, strict=True)
        found = (complaint for (name, kind), x in named for complaint in find(kind, x, name))
        return next(found, str(error))

    def result(self, frame: bytes, crossing: Crossing) -> Any:
        """Return what the function has returned.

        Raises:
            Err: the function failed, as its `result` has it.
            MalformedError: it is not what such a function returns.
        """
        try:
            values = self.made().lift(frame, crossing)
        except MalformedError:
            raise
        except lifting.FAILURES as error:
            raise MalformedError(f"the result of {self} cannot be read: {error}") from error
        if not values:
            return None
        (value,) = values
        if not self._is_result:
            return value
        if type(value) is Err:
            raise value
        return value.value

"""What a call of a guest goes through: arguments are read, the method is called, its result is written.

What holds the event loop for too long, many values or a codec of many types, is done beside it, by the functions at the
end; methods are always called on the loop's thread.
"""

import traceback
from collections.abc import Awaitable, Coroutine
from typing import Any

from whorl.engine.bridges import conversions, lifting
from whorl.engine.bridges.diagnosis import Diagnosis
from whorl.engine.bridges.frames import BOUNDLESS, ROOM
from whorl.engine.bridges.functions import beside
from whorl.engine.bridges.guests import Asked, Guest
from whorl.engine.bridges.hosted import HostedFunction
from whorl.engine.bridges.lowering import ManyValuesError
from whorl.engine.bridges.protocol import HEADER_SIZE, RESOLVE, TRIPLE, header
from whorl.engine.bridges.types import Result
from whorl.engine.packing import MalformedError
from whorl.engine.traps import words_of
from whorl.values import Err


class WrongValueError(Exception):
    """A method returned what is not of its type in WIT: a mistake of whoever wrote it."""


class MethodError(Exception):
    """A method raised what is no `Err`; the text has where."""

    def __init__(self, hosted: HostedFunction, raised: Exception) -> None:
        where = raised.__traceback__.tb_next if raised.__traceback__ is not None else None  # without the call itself
        lines = "".join(traceback.format_exception(raised.with_traceback(where))).rstrip()
        super().__init__(f"{hosted} raised {type(raised).__name__}: {words_of(raised)}\n{lines}")


class Failed:
    """What a method gave that raised `Err`.

    Attributes:
        value: its payload.
    """

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


def takes_time(outcome: Any) -> bool:
    """Tell whether what a method gave has to be waited for; to ask an abstract class takes longer."""
    return hasattr(type(outcome), "__await__")


def replied(guest: Guest, hosted: HostedFunction, frame: bytes, base: int) -> bytes | Coroutine[Any, Any, bytes]:
    """Return the reply to a call; where it takes time, the work that makes it.

    It is `lifted`, `called` and `lowered`, written out: the first calls of an instance find nothing of all this in the
    processor's caches, and each function that they go through takes a microsecond then.
    """
    codec = hosted.codec or hosted.made()
    try:
        arguments = codec.lift(frame, guest)
    except lifting.FAILURES as error:
        raise _unreadable(hosted, error) from None
    try:
        if hosted.place is not None:
            outcome = hosted.call(guest.own_object(hosted.place), *arguments)
        else:
            outcome = hosted.call(*arguments)
    except Exception as raised:  # noqa: BLE001 - it is told where
        outcome = _raised(hosted, raised)
    kind = type(outcome)
    if kind is not hosted.usual:
        if kind is Failed:
            return _soon_or_later(guest, hosted, outcome, base)
        if takes_time(outcome):
            return settled(guest, hosted, outcome, base)
        hosted.usual = kind
    guest.room, guest.undo_from = ROOM, guest.next
    try:
        return codec.lower["ok"](outcome, base, guest)
    except (ManyValuesError, *conversions.FAILURES):
        guest.undo_lowering()
        return _soon_or_later(guest, hosted, outcome, base)  # it finds out again, and tells where


def _soon_or_later(guest: Guest, hosted: HostedFunction, outcome: Any, base: int) -> bytes | Coroutine[Any, Any, bytes]:
    try:
        return lowered(guest, hosted, outcome, base)
    except ManyValuesError:
        return slowly_lowered(guest, hosted, outcome, base)


def ask(guest: Guest, hosted: HostedFunction, frame: bytes) -> bytes:
    """Ask for what the handles stand for that the guest gives away."""
    guest.begin_giving()
    lifted(guest, hosted, frame)
    start = len(frame) + HEADER_SIZE
    triples = b"".join([TRIPLE.pack(resource, handle, 0) for resource, handle in guest.given])
    guest.asked = Asked(hosted, frame, start + len(triples))
    return header(RESOLVE, 0, start, len(guest.given)) + triples


def lifted(guest: Guest, hosted: HostedFunction, frame: bytes) -> tuple[Any, ...]:
    """Return the arguments in a frame."""
    try:
        return hosted.made().lift(frame, guest)
    except lifting.FAILURES as error:
        raise _unreadable(hosted, error) from None


def _unreadable(hosted: HostedFunction, error: Exception) -> MalformedError:
    if isinstance(error, MalformedError):
        return error
    unreadable = MalformedError(f"the arguments of {hosted} cannot be read: {error}")
    unreadable.__cause__ = error
    return unreadable


def called(guest: Guest, hosted: HostedFunction, arguments: tuple[Any, ...]) -> Any:
    """Return what the method gives, a value or `Failed`."""
    try:
        if hosted.place is not None:
            return hosted.call(guest.own_object(hosted.place), *arguments)
        return hosted.call(*arguments)
    except Exception as raised:  # noqa: BLE001 - it is told where
        return _raised(hosted, raised)


def _raised(hosted: HostedFunction, raised: Exception) -> Failed:
    """Return what a method gave that raised `Err`; whatever else it raised is told with its place."""
    if isinstance(raised, Err):
        return _failed(hosted, raised)
    raise MethodError(hosted, raised) from None


def _failed(hosted: HostedFunction, raised: Err) -> Failed:
    if "err" not in hosted.made().lower:
        raise WrongValueError(f"{hosted} raised `Err`, but its result is no `result`") from raised
    return Failed(raised.value)


def lowered(guest: Guest, hosted: HostedFunction, outcome: Any, base: int, room: int = ROOM) -> bytes:
    """Return the reply with a result.

    Raises:
        ManyValuesError: it takes longer than the event loop should be held.
    """
    guest.room, guest.undo_from = room, guest.next
    lower = hosted.made().lower
    try:
        if type(outcome) is Failed:
            return lower["err"](outcome.value, base, guest)
        return lower["ok"](outcome, base, guest)
    except ManyValuesError:
        guest.undo_lowering()
        raise
    except MalformedError:
        raise
    except conversions.FAILURES as error:
        raise _wrong(hosted, outcome, error) from error


def _wrong(hosted: HostedFunction, outcome: Any, error: Exception) -> WrongValueError:
    case, value, path = ("err", outcome.value, "Err") if type(outcome) is Failed else ("ok", outcome, "result")
    kind = hosted.function.result
    if isinstance(kind, Result):
        kind = dict(kind.cases)[case]
    found = next(Diagnosis().of_payload(kind, value, path), f"{path}: {error}")
    return WrongValueError(f"{hosted} gave a wrong value: {found}")


# Calls that take time.


async def slowly(guest: Guest, hosted: HostedFunction, frame: bytes) -> bytes:
    """Do all of a call whose arguments take long to read."""
    await beside(hosted.made)
    if hosted.takes_own:
        return await beside(ask, guest, hosted, frame)
    return await slowly_answered(guest, hosted, frame, len(frame))


async def slowly_answered(guest: Guest, hosted: HostedFunction, frame: bytes, base: int) -> bytes:
    """Do what is left of it, once it is known what the guest gives away."""
    outcome = called(guest, hosted, await beside(lifted, guest, hosted, frame))
    if takes_time(outcome):
        return await settled(guest, hosted, outcome, base)
    return await _soon_lowered(guest, hosted, outcome, base)


async def settled(guest: Guest, hosted: HostedFunction, value: Awaitable[Any], base: int) -> bytes:
    """Wait for what a method returned."""
    try:
        outcome = await value
    except Exception as raised:  # noqa: BLE001 - it is told where
        outcome = _raised(hosted, raised)
    return await _soon_lowered(guest, hosted, outcome, base)


async def _soon_lowered(guest: Guest, hosted: HostedFunction, outcome: Any, base: int) -> bytes:
    try:
        return lowered(guest, hosted, outcome, base)
    except ManyValuesError:
        return await slowly_lowered(guest, hosted, outcome, base)


async def slowly_lowered(guest: Guest, hosted: HostedFunction, outcome: Any, base: int) -> bytes:
    """Return the reply with a result of many values."""
    return await beside(lowered, guest, hosted, outcome, base, BOUNDLESS)

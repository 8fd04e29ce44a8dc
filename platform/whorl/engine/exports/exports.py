"""The functions that a component exports, called from Python.

A component is composed with a caller (`Composition.called`), which `Exports` gives what it imports. Values are those of
bridges (`whorl.values`): what a function of WIT returns as a `result` is returned, or raised as `Err`. A call is a call
of the instance as any other: it pauses, is limited, cancelled and traps in the same way.
"""

from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

from whorl.engine.bridges.frames import BOUNDLESS, ROOM
from whorl.engine.bridges.functions import beside
from whorl.engine.bridges.lowering import ManyValuesError
from whorl.engine.bridges.records import RecordTypes
from whorl.engine.exports.callees import Callee
from whorl.engine.exports.crossings import Crossing
from whorl.engine.exports.descriptions import CallerDescription, Refused
from whorl.engine.exports.functions import ExportedFunction
from whorl.engine.exports.names import Names, full_signature
from whorl.engine.exports.protocol import ARENA, drop
from whorl.engine.host_interfaces import HostFunction, HostInterface, ValueType
from whorl.engine.instances import Instance
from whorl.engine.packing import MalformedError
from whorl.errors import ComponentError


class Exports:
    """What a component exports.

    Args:
        component: its id, for messages.
        description: what the tools told of its caller.

    Attributes:
        functions: those that can be called.
        refused: those that cannot.
        description: the same.
    """

    def __init__(self, component: str, description: CallerDescription) -> None:
        self.description = description
        self.functions, self.refused = _told(description)
        self._names = Names(component, self.functions, self.refused)
        self._resources = tuple(resource.name for resource in description.resources)
        self._places: list[int] = []

    def interface(self) -> HostInterface:
        """Return what the caller imports."""
        string = ValueType.STRING
        return HostInterface(
            self.description.interface,
            (
                HostFunction("next", (), string, lambda instance: self._callee(instance).next()),
                HostFunction("done", (string,), None, lambda instance, text: self._callee(instance).done(text)),
                HostFunction("fill", (), None, lambda instance: self._callee(instance).fill()),
                HostFunction("challenge", (), string, lambda instance: self._callee(instance).challenged()),
                HostFunction(
                    "locate",
                    (ValueType.U32,),
                    ValueType.U64,
                    lambda instance, address: self._callee(instance).located(address),
                ),
            ),
        )

    @property
    def signatures(self) -> list[str]:
        """What can be called: the interface of each function, and the function as WIT has it."""
        return [full_signature(each) for each in self.functions]

    def find(self, name: str) -> ExportedFunction:
        """Return a function by its name (`whorl.engine.exports.names` says how it is written).

        Raises:
            NoExportError: the component does not export it; the message has what it exports.
        """
        return self._names.find(name)

    async def call(self, instance: Instance, function: str | ExportedFunction, *arguments: Any) -> Any:
        """Call a function of an instance of the component, and return what it returns.

        Raises:
            Err: the function failed, as its `result` has it; the instance can be called again.
            NoExportError: there is no such function.
            WrongArgumentError: an argument is not of its type; the guest was not called.
            RuntimeError: the instance is closed, has trapped, or is in another call.
            Trap: the guest trapped or ran into a limit; the instance cannot be called again.
        """
        called = self.find(function) if isinstance(function, str) else function
        callee = self._callee(instance)
        callee.enter()
        try:
            return await self._call(callee, called, arguments)
        finally:
            callee.leave()

    async def _call(self, callee: Callee, called: ExportedFunction, arguments: Sequence[Any]) -> Any:
        crossing = Crossing(callee, self._resources)
        if called.is_slow_to_make:
            await beside(called.made)
        try:
            request = called.request(arguments, crossing, ROOM)
        except ManyValuesError:
            request = await beside(called.request, arguments, crossing, BOUNDLESS)
        if crossing.given:
            callee.let_go(crossing.gone())
        frame = await callee.run(request)
        try:
            if called.is_slow(frame):
                return await beside(called.result, frame, crossing)
            return called.result(frame, crossing)
        except MalformedError as error:
            raise callee.spoilt(error) from error

    async def drop(self, thing: "GuestResource") -> None:
        """Drop the handle of a resource; its destructor runs, if it has one. What is gone is left alone.

        Raises:
            RuntimeError: the instance is in another call.
            Trap: the destructor trapped.
        """
        callee = thing.owner
        if thing.handle is None or callee.is_over:
            thing.handle = None
            return
        callee.enter()
        try:
            handle, thing.handle = thing.handle, None
            callee.let_go(1)
            await callee.run(drop(len(self.description.functions) + thing.resource, ARENA, handle))
        finally:
            callee.leave()

    def _callee(self, instance: Instance) -> Callee:
        callee: Callee | None = instance.state.get(self)
        if callee is None:
            callee = instance.state[self] = Callee(
                instance, self._places, lambda owner, resource, handle: GuestResource(self, owner, resource, handle)
            )
        return callee


def _told(description: CallerDescription) -> tuple[list[ExportedFunction], list[Refused]]:
    """Return the functions that can be called, and those that cannot; those of too many types are among these."""
    records = RecordTypes()
    functions, refused = [], [*description.refused]
    told = zip(description.functions, description.signatures, strict=True)
    for number, (function, signature) in enumerate(told):
        try:
            functions.append(ExportedFunction(number, function, signature, records))
        except ComponentError as error:
            refused.append(Refused(function.interface, function.name, signature, str(error)))
    return functions, refused


class GuestResource:
    """A resource that a guest has given to Python: passed to functions, called by its methods, dropped at the end.

    As an asynchronous context manager it is dropped at the end of the block; what nobody drops goes with the instance.

    Attributes:
        owner: the instance's side that is called.
        resource: the number of its type.
        handle: its number; None once it has been given back or dropped.
    """

    __slots__ = ("_exports", "handle", "owner", "resource")

    def __init__(self, exports: Exports, owner: Callee, resource: int, handle: int) -> None:
        self._exports = exports
        self.owner = owner
        self.resource = resource
        self.handle: int | None = handle

    def __repr__(self) -> str:
        described = self._exports.description.resources[self.resource]
        state = "" if self.handle is not None else ", gone"
        return f"<`{described.name}` of `{described.interface}`{state}>"

    async def call(self, method: str, *arguments: Any) -> Any:
        """Call a method by its name in WIT, without that of the resource; raises what `Exports.call` raises."""
        described = self._exports.description.resources[self.resource]
        name = f"{described.interface}#[method]{described.name}.{method}"
        return await self._exports.call(self.owner.instance, name, self, *arguments)

    async def close(self) -> None:
        """Drop the handle, as `Exports.drop`."""
        await self._exports.drop(self)

    async def __aenter__(self) -> Self:
        """Return itself."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Drop the handle."""
        await self.close()

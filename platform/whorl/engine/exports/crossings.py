"""What one call passes of resources: the handles among its arguments, and the objects for those in its result."""

import reprlib
from typing import Any, Protocol

from whorl.engine.bridges.frames import FrameReader


class Held(Protocol):
    """A resource of a guest, as Python holds it.

    Attributes:
        owner: whose it is: the same object for all resources of one instance.
        resource: the number of its type.
        handle: its number; None once it has been given back or dropped.
    """

    owner: object
    resource: int
    handle: int | None


class Owner(Protocol):
    """The instance's side that is called."""

    def hold(self, resource: int, handle: int) -> Any:
        """Return what Python holds of a resource from now on."""


class Crossing(FrameReader):
    """One call: counts what crosses, and knows the handles. Generated code calls it.

    Args:
        owner: the instance's side that is called.
        names: of the resources.

    Attributes:
        room: values that may still be written.
        given: what is given to the guest, by its handles.
    """

    room = 0

    def __init__(self, owner: Owner, names: tuple[str, ...]) -> None:
        self._owner = owner
        self._names = names

    def begin(self, room: int) -> None:
        """Begin to write, with room for so many values."""
        self.room = room
        self.given: dict[int, Held] = {}
        self._lent: set[int] = set()

    def lend(self, resource: int, thing: Any) -> int:
        """Return the handle of an object that a guest borrows."""
        handle = self._handle(resource, thing)
        self._lent.add(handle)
        return handle

    def give(self, resource: int, thing: Any) -> int:
        """Return the handle of an object that is given to a guest; it is gone once the call begins."""
        handle = self._handle(resource, thing)
        if handle in self._lent:
            raise TypeError(f"{reprlib.repr(thing)} is passed twice in a call that takes it away")
        self.given[handle] = thing
        return handle

    def _handle(self, resource: int, thing: Any) -> int:
        wrong = self.complaint(resource, thing)
        if wrong is not None:
            raise TypeError(f"{reprlib.repr(thing)} {wrong}")
        handle: int = thing.handle
        if handle in self.given:
            raise TypeError(f"{reprlib.repr(thing)} is passed twice in a call that takes it away")
        return handle

    def complaint(self, resource: int, thing: Any) -> str | None:
        """Return what keeps a value from being passed as a resource, None if nothing does."""
        if getattr(thing, "owner", None) is None or getattr(thing, "resource", None) is None:
            return f"is not a `{self._names[resource]}`"
        if thing.owner is not self._owner:
            return "is of another instance"
        if thing.resource != resource:
            return f"is not a `{self._names[resource]}`"
        if thing.handle is None:
            return "has been given back or dropped"
        return None

    def gone(self) -> int:
        """The call begins: what was given is gone. Return how many."""
        for thing in self.given.values():
            thing.handle = None
        return len(self.given)

    def consume(self, resource: int, handle: int) -> Any:
        """Return the object for a handle in a result."""
        return self._owner.hold(resource, handle)

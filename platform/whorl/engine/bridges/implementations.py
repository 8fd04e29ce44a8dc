"""From a Python object to the functions that a guest may call: names, classes of resources, and what is missing."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from whorl.engine.bridges.descriptions import BridgeDescription, Function, Resource
from whorl.engine.bridges.per_guest import PerGuest
from whorl.engine.bridges.records import class_name, python_name
from whorl.engine.bridges.signatures import complaint
from whorl.engine.bridges.types import Handle
from whorl.engine.packing import MalformedError
from whorl.errors import ComponentError

FIRST_LASTING: Final = 1 << 30
"""Those of guests are below. In bytes it is ASCII, so that short frames cross as they are."""

MOST_LASTING: Final = 10_000
"""Objects that last; an interface has a few."""


class Implementations:
    """The objects behind a bridge's interfaces.

    A function is a method of the object, by its name in Python (`find-customer` is `find_customer`). A resource is an
    attribute that holds a class (`order-line` is `OrderLine`): its constructor is called as `OrderLine(…)`, static
    functions as `OrderLine.merge(…)`, methods on the objects, which are of that class.

    What a guest may call, it says itself. So nothing is called but what is written in the classes: no attribute of an
    object, nothing of Python's own types.

    Attributes:
        classes: of the resources.
        are_lasting: resources of which nobody need be told that a handle is dropped.
        lasting: the objects behind these, by their reps, which are the same for all guests.
        lasting_reps: these reps, by the ids of the objects.

    Raises:
        ComponentError: there is no class for a resource.
    """

    def __init__(self, component: str, description: BridgeDescription, objects: Mapping[str, object]) -> None:
        self._component = component
        self._objects = objects
        self.classes = [self._class(resource) for resource in description.resources]
        self.are_lasting = [resource.is_lasting for resource in description.resources]
        self.lasting: dict[int, Any] = {}
        self.lasting_reps: dict[int, int] = {}
        self._by_name = {
            (resource.interface, resource.name): found
            for resource, found in zip(description.resources, self.classes, strict=True)
        }

    def add_lasting(self, thing: Any) -> int:
        """Return a rep for an object that lasts longer than any guest, and has none yet."""
        if len(self.lasting) == MOST_LASTING:
            raise MalformedError(f"there are {MOST_LASTING} objects for all guests, and one more is wanted")
        rep = self.lasting_reps[id(thing)] = FIRST_LASTING + len(self.lasting)
        self.lasting[rep] = thing
        return rep

    def place(self, function: Function) -> str | None:
        """Return which of a guest's own objects `function` is called on, None if all guests share one."""
        is_plain = not function.name.startswith("[")
        is_own = isinstance(self._objects[function.interface], PerGuest)
        return function.interface if is_plain and is_own else None

    def for_guest(self, interface: str) -> Any:
        """Make the object that implements `interface` for one guest."""
        made = self._objects[interface]
        return made.make() if isinstance(made, PerGuest) else made

    def method(self, function: Function) -> Callable[..., Any]:
        """Return what is called for `function`.

        Raises:
            ComponentError: the object has no such method, or one that cannot take what it is given.
        """
        kind, _, rest = function.name.rpartition("]")
        if not kind:
            found = self._attribute(function, self._owner(function.interface), python_name(function.name))
            is_unbound = isinstance(self._objects[function.interface], PerGuest)
            return self._checked(function, found, is_unbound=is_unbound)
        resource, _, name = rest.partition(".")
        owner = self._by_name[(function.interface, resource)]
        if kind == "[constructor":
            return self._checked(function, owner)
        found = self._checked(function, self._attribute(function, owner, python_name(name)))
        return found if kind == "[static" else _methods(python_name(name))

    def _checked(
        self, function: Function, found: Callable[..., Any], *, is_unbound: bool = False
    ) -> Callable[..., Any]:
        """Return `found` if its signature lets it take what the guest gives."""
        itself = [("self", Handle(0, is_owned=False))] if is_unbound else []
        wrong = complaint(found, [*itself, *function.params], self.classes)
        if wrong is not None:
            name = getattr(found, "__qualname__", repr(found))
            raise ComponentError(
                f"component `{self._component}` calls `{function.name}` of `{function.interface}` otherwise than"
                f" `{name}` is written: {wrong}"
            )
        return found

    def _owner(self, interface: str) -> object:
        found = self._objects[interface]
        return found.kind if isinstance(found, PerGuest) else found

    def _class(self, resource: Resource) -> type:
        owner, name = self._owner(resource.interface), class_name(resource.name)
        found: object = getattr(owner, name, None)
        if not isinstance(found, type):
            raise ComponentError(
                f"component `{self._component}` has the resource `{resource.name}` of `{resource.interface}`, but"
                f" `{_name(owner)}`, which implements it, has no class `{name}`"
            )
        return found

    def _attribute(self, function: Function, owner: object, name: str) -> Callable[..., Any]:
        written = [kind for kind in _class_of(owner).__mro__ if kind.__module__ != "builtins"]
        is_there = any(name in vars(kind) or "__getattr__" in vars(kind) for kind in written)
        found: Callable[..., Any] | None = getattr(owner, name, None) if is_there else None
        if not callable(found):
            raise ComponentError(
                f"component `{self._component}` may call `{function.name}` of `{function.interface}`, but"
                f" `{_name(owner)}`, which implements it, has no method `{name}`"
            )
        return found


def _class_of(owner: object) -> type:
    return owner if isinstance(owner, type) else type(owner)


def _name(owner: object) -> str:
    return _class_of(owner).__name__


def _methods(name: str) -> Callable[..., Any]:
    def call(thing: Any, *arguments: Any) -> Any:
        return getattr(thing, name)(*arguments)

    return call

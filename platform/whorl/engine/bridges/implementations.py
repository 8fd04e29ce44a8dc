"""From a Python object to the functions that a guest may call: names, classes of resources, and what is missing."""

from collections.abc import Callable, Mapping
from typing import Any

from whorl.engine.bridges.descriptions import BridgeDescription, Function
from whorl.engine.bridges.records import class_name, python_name
from whorl.errors import ComponentError


class Implementations:
    """The objects behind a bridge's interfaces.

    A function is a method of the object, by its name in Python (`find-customer` is `find_customer`). A resource is an
    attribute that holds a class (`order-line` is `OrderLine`): its constructor is called as `OrderLine(…)`, static
    functions as `OrderLine.merge(…)`, methods on the objects. A resource that guests cannot make by themselves needs no
    such attribute: its methods are called on whatever object a function returned.

    Attributes:
        of_resources: the classes, where the objects have them.
    """

    def __init__(self, component: str, description: BridgeDescription, implementations: Mapping[str, object]) -> None:
        self._component = component
        self._objects = implementations
        self.of_resources: list[type | None] = []
        for resource in description.resources:
            found = getattr(implementations[resource.interface], class_name(resource.name), None)
            self.of_resources.append(found if isinstance(found, type) else None)
        self._classes = {
            (resource.interface, resource.name): found
            for resource, found in zip(description.resources, self.of_resources, strict=True)
        }

    def method(self, function: Function) -> Callable[..., Any]:
        """Return what is called for `function`.

        Raises:
            ComponentError: the object has no such method.
        """
        kind, _, rest = function.name.rpartition("]")
        if not kind:
            return self._attribute(function, self._objects[function.interface], python_name(function.name))
        resource, _, name = rest.partition(".")
        if kind == "[constructor":
            return self._class(function, resource)
        if kind == "[static":
            return self._attribute(function, self._class(function, resource), python_name(name))
        return self._method(function, self._classes.get((function.interface, resource)), python_name(name))

    def _method(self, function: Function, owner: type | None, name: str) -> Callable[..., Any]:
        if owner is not None:
            self._attribute(function, owner, name)
        return _methods(name)

    def _class(self, function: Function, resource: str) -> Callable[..., Any]:
        owner, name = self._objects[function.interface], class_name(resource)
        found: object = getattr(owner, name, None)
        if not isinstance(found, type):
            raise self._lacking(function, owner, f"class `{name}`")
        return found

    def _attribute(self, function: Function, owner: object, name: str) -> Callable[..., Any]:
        found: Callable[..., Any] | None = getattr(owner, name, None)
        if not callable(found):
            raise self._lacking(function, owner, f"method `{name}`")
        return found

    def _lacking(self, function: Function, owner: object, what: str) -> ComponentError:
        name = owner.__name__ if isinstance(owner, type) else type(owner).__name__
        return ComponentError(
            f"component `{self._component}` may call `{function.name}` of `{function.interface}`, but `{name}`, which"
            f" implements it, has no {what}"
        )


def _methods(name: str) -> Callable[..., Any]:
    def call(thing: Any, *arguments: Any) -> Any:
        return getattr(thing, name)(*arguments)

    return call

"""How functions that a component exports are named, and found by their names.

A function is named by its interface and itself, `a:b/shop@1.0.0#sell`, or by itself where that says which is meant. The
version of the interface may be left out, and the package. A method is `item.cost` or, as in WIT, `[method]item.cost`;
static functions are named likewise, and the constructor of a resource by the resource.
"""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Final

from whorl.engine.exports.descriptions import Refused
from whorl.engine.exports.functions import ExportedFunction
from whorl.errors import ComponentError

_SHOWN: Final = 30
"""Functions that a message lists."""


class NoExportError(ComponentError):
    """A component does not export what is named, or not in a way that Python can call, or several of it."""


class Names:
    """The functions of one caller by their names.

    Args:
        component: whose they are, for messages.
        functions: those that can be called.
        refused: those that cannot.
    """

    def __init__(self, component: str, functions: Sequence[ExportedFunction], refused: Sequence[Refused]) -> None:
        self._component = component
        self._functions = functions
        self._refused = refused
        self._found: dict[str, ExportedFunction] = {}

    def find(self, name: str) -> ExportedFunction:
        """Return the function that `name` names.

        Raises:
            NoExportError: there is none, or there are several.
        """
        found = self._found.get(name)
        if found is None:
            found = self._found[name] = self._find(name)
        return found

    def _find(self, name: str) -> ExportedFunction:
        whole = [each for each in self._functions if full_name(each) == name]
        found = whole or [
            each for each in self._functions if _is_meant(name, each.function.interface, each.function.name)
        ]
        if len(found) == 1:
            return found[0]
        if found:
            raise NoExportError(
                f"component `{self._component}` has several exports `{name}`: {_listed(map(full_name, found))}"
            )
        for refused in self._refused:
            if _is_meant(name, refused.interface, refused.name):
                raise NoExportError(self._told(refused))
        raise NoExportError(self._missing(name))

    def _told(self, refused: Refused) -> str:
        of_interface = f" of `{refused.interface}`" if refused.interface else ""
        return (
            f"component `{self._component}`: Python cannot call `{refused.signature}`{of_interface}: {refused.because}"
        )

    def _missing(self, name: str) -> str:
        names = [full_name(each) for each in self._functions]
        near = get_close_matches(name, [*names, *(_short(each.function.name) for each in self._functions)], n=1)
        hint = f"; did you mean `{near[0]}`?" if near else ""
        there = f"there are {_listed(names)}" if names else "there is nothing that can be called"
        return f"component `{self._component}` has no export `{name}`{hint}; {there}"


def full_name(function: ExportedFunction) -> str:
    """Return the interface and the short name of a function."""
    interface, name = function.function.interface, _short(function.function.name)
    return f"{interface}#{name}" if interface else name


def full_signature(function: ExportedFunction) -> str:
    """Return the interface of a function, and what it takes and gives (`a:b/shop#sell: func(id: u32) -> bool`)."""
    interface = function.function.interface
    return f"{interface}#{function.signature}" if interface else function.signature


def _short(name: str) -> str:
    """Return the name of a function of a resource without what kind it is."""
    return name.rpartition("]")[2]


def _is_meant(name: str, interface: str, function: str) -> bool:
    of, separator, own = name.rpartition("#")
    if own not in (function, _short(function)):
        return False
    without_version = interface.partition("@")[0]
    return not separator or of in (interface, without_version, without_version.rpartition("/")[2])


def _listed(names: Iterable[str]) -> str:
    listed = [f"`{name}`" for name in names]
    left = len(listed) - _SHOWN
    return ", ".join(listed[:_SHOWN]) + (f" and {left} more" if left > 0 else "")

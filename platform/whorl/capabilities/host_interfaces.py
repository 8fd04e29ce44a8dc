"""Interfaces that the owner of an app implements in Python, in place of a component or a capability of whorl.

An implementation is an object whose methods are the interface's functions (`platform/whorl/engine/bridges`). It is
given to `whorl.asgi`, or named in the manifest as `module:Class`: then the module is imported, from the folder of the
app first, and the class is called without arguments. One that is a context manager, or an asynchronous one, is entered
when the app starts and left when it has ended: the place for what it needs of an event loop.
"""

import asyncio
import importlib
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager, AsyncExitStack, asynccontextmanager
from importlib.machinery import PathFinder
from pathlib import Path
from types import ModuleType
from typing import Final

from whorl.errors import ManifestError

_GRACE: Final = 5.0
"""Seconds that methods have to end, once they are cancelled, before what they belong to is left."""


class HostInterfaces:
    """The implementations of one app.

    Args:
        implementations: by the names of their interfaces (`example:crm/customers@1.0.0`).
        is_trial: the app is only compiled: nothing is entered.

    Raises:
        ManifestError: one of them is a module or a class.
    """

    def __init__(self, implementations: Mapping[str, object], *, is_trial: bool = False) -> None:
        for interface, each in implementations.items():
            if isinstance(each, ModuleType):
                raise ManifestError(
                    f"`{interface}` cannot be implemented by the module `{each.__name__}`: guests could call whatever"
                    " it has imported; name a class or an object in it"
                )
            if isinstance(each, type):
                raise ManifestError(
                    f"`{interface}` cannot be implemented by the class `{each.__name__}`: give an object of it,"
                    f" `{each.__name__}()`"
                )
        self._implementations = dict(implementations)
        self._is_trial = is_trial

    @property
    def implementations(self) -> Mapping[str, object]:
        """The objects, by the names of their interfaces."""
        return self._implementations

    @asynccontextmanager
    async def entered(self, calls: set[asyncio.Task[None]]) -> AsyncIterator[None]:
        """Enter those that are context managers, each once, for the length of a block.

        Before they are left, `calls` of theirs have some seconds to end: those that were cancelled with their guests.
        """
        async with AsyncExitStack() as stack:
            entered = {} if self._is_trial else {id(each): each for each in self._implementations.values()}
            for each in entered.values():
                if isinstance(each, AbstractAsyncContextManager):
                    await stack.enter_async_context(each)
                elif isinstance(each, AbstractContextManager):
                    stack.enter_context(each)
            yield
            if calls:
                await asyncio.wait(calls, timeout=_GRACE)


def load_implementations(names: Mapping[str, str], folder: Path) -> dict[str, object]:
    """Return an object for each `module:Class`; interfaces with the same one share it.

    Args:
        names: `module:Class` by interface.
        folder: of the app; modules are looked for there first.

    Raises:
        ManifestError: there is no such module or class, or it cannot be made.
    """
    made: dict[str, object] = {}
    for interface, name in names.items():
        if name not in made:
            made[name] = _load(interface, name, folder)
    return {interface: made[name] for interface, name in names.items()}


def _load(interface: str, name: str, folder: Path) -> object:
    module_name, _, path = name.partition(":")
    place = f"`application.tool.whorl.host`: `{interface}` is `{name}`"
    found: object = _imported(module_name, folder, place)
    for part in path.split("."):
        if not hasattr(found, part):
            raise ManifestError(f"{place}, but `{module_name}` has no `{path}`; name a class or an object in it")
        found = getattr(found, part)
    if not isinstance(found, type):
        return found
    try:
        return found()
    except Exception as error:
        raise ManifestError(f"{place}, but `{path}` cannot be made without arguments: {error}") from error


def _imported(name: str, folder: Path, place: str) -> ModuleType:
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    try:
        module = importlib.import_module(name)
    except Exception as error:
        raise ManifestError(f"{place}, but `{name}` cannot be imported from `{folder}`: {error}") from error
    top = name.partition(".")[0]
    there, loaded = PathFinder.find_spec(top, [str(folder)]), sys.modules[top].__file__
    if there is not None and there.origin != loaded:
        raise ManifestError(f"{place}, but another `{top}` is loaded already, from `{loaded}`; rename the own one")
    return module

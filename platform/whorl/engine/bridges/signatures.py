"""Whether a Python function can take what a function of WIT is given, as far as its signature tells.

A guest's own WIT says what it passes, so a guest that was built for another WIT than the one its host had in mind is
found at start, where parameters are annotated.
"""

import inspect
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import is_dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from whorl.engine.bridges.types import BYTE, Enum, Flags, Handle, ListOf, Option, Primitive, Record, Text, Tuple, Type

_PLAIN: frozenset[Any] = frozenset({str, bytes, int, float, bool})


def complaint(call: Callable[..., Any], types: Sequence[tuple[str, Type]], classes: Sequence[type] = ()) -> str | None:
    """Return why `call` cannot take arguments of these types, by their names in WIT, in order; None if it may.

    `classes` are those of resources.
    """
    try:
        signature = inspect.signature(call)
    except (TypeError, ValueError):
        return None  # of a builtin, say
    try:
        signature.bind(*types)
    except TypeError:
        names = ", ".join(f"`{name}`" for name, _ in types) or "nothing"
        return f"it takes {signature}, but is given {names}"
    hints = _hints(call)
    for parameter, (name, kind) in zip(_positional(signature), types, strict=False):
        hint = hints.get(parameter.name, Any)
        if not _fits(hint, kind, classes):
            return f"`{parameter.name}` is to be `{_name(hint)}`, but is given `{name}`, which is {_in_python(kind)}"
    return None


def _positional(signature: inspect.Signature) -> list[inspect.Parameter]:
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [parameter for parameter in signature.parameters.values() if parameter.kind in kinds]


def _hints(call: Callable[..., Any]) -> dict[str, Any]:
    """Return the annotations of parameters; one that cannot be evaluated says nothing."""
    function = inspect.unwrap(call.__init__ if isinstance(call, type) else call)  # type: ignore[misc]
    hints: dict[str, Any] = {}
    for name, hint in getattr(function, "__annotations__", {}).items():
        with suppress(Exception):
            hints[name] = eval(hint, function.__globals__) if isinstance(hint, str) else hint  # noqa: S307 - the owner's
    return hints


def _fits(hint: Any, kind: Type, classes: Sequence[type]) -> bool:
    if get_origin(hint) is Annotated:
        hint = get_args(hint)[0]
    if get_origin(hint) in (Union, UnionType):
        kinds = [kind.value, kind] if isinstance(kind, Option) and NoneType in get_args(hint) else [kind]
        return any(_fits(each, kind, classes) for each in get_args(hint) if each is not NoneType for kind in kinds)
    hint = get_origin(hint) or hint
    if not isinstance(hint, type) or hint in (object, Any):
        return True
    plain = _plain(kind)
    if hint in _PLAIN:
        return hint is plain
    try:
        if plain is not None:
            return issubclass(plain, hint) or issubclass(hint, plain)
        return any(issubclass(each, hint) for each in _possible(kind, classes)) or _is_shape(hint, kind)
    except TypeError:  # a protocol or the like, which cannot be asked
        return True


def _possible(kind: Type, classes: Sequence[type]) -> Sequence[type]:
    """Return what values of a type are in Python, where they are not plain."""
    if isinstance(kind, Handle):
        return classes[kind.resource : kind.resource + 1] or (object,)
    if isinstance(kind, ListOf):
        return (list,)
    return (frozenset,) if isinstance(kind, Flags) else () if isinstance(kind, Option) else (tuple,)


def _is_shape(hint: type, kind: Type) -> bool:
    """Tell whether an annotation describes records."""
    return isinstance(kind, Record) and (is_dataclass(hint) or issubclass(hint, tuple))


def _plain(kind: Type) -> type | None:
    """Return the built-in type of Python that has the values of a type, if it is one of the plain ones."""
    if isinstance(kind, Text | Enum):
        return str
    if isinstance(kind, ListOf):
        return bytes if kind.element == BYTE else None
    if isinstance(kind, Primitive):
        return {"char": str, "bool": bool, "f32": float, "f64": float}.get(kind.name, int)
    return None


def _in_python(kind: Type) -> str:
    if isinstance(kind, Option):
        return f"{_in_python(kind.value)} or None"
    plain = _plain(kind)
    if plain is not None:
        return f"`{plain.__name__}`"
    return "a list" if isinstance(kind, ListOf) else "a tuple" if isinstance(kind, Tuple) else "none of the plain types"


def _name(hint: Any) -> str:
    return hint.__name__ if isinstance(hint, type) else str(hint)

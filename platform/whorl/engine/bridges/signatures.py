"""Whether a Python function can take what a function of WIT is given, as far as its signature tells.

A guest's own WIT says what it passes, so a guest that was built for another WIT than the one its host had in mind is
found at start, where parameters are annotated.
"""

import inspect
from collections.abc import Callable
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

from whorl.engine.bridges.types import BYTE, Enum, ListOf, Option, Primitive, Text, Tuple, Type

_PLAIN: frozenset[Any] = frozenset({str, bytes, int, float, bool})


def complaint(call: Callable[..., Any], types: list[tuple[str, Type]]) -> str | None:
    """Return why `call` cannot take arguments of these types, by their names in WIT, in order; None if it may."""
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
        if not _fits(hint, kind):
            return f"`{parameter.name}` is to be `{_name(hint)}`, but is given `{name}`, which is {_in_python(kind)}"
    return None


def _positional(signature: inspect.Signature) -> list[inspect.Parameter]:
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [parameter for parameter in signature.parameters.values() if parameter.kind in kinds]


def _hints(call: Callable[..., Any]) -> dict[str, Any]:
    try:
        function = call.__init__ if isinstance(call, type) else call  # type: ignore[misc]
        return inspect.get_annotations(inspect.unwrap(function), eval_str=True)
    except Exception:  # noqa: BLE001 - annotations may be anything
        return {}


def _fits(hint: Any, kind: Type) -> bool:
    if isinstance(kind, Option):
        kind = kind.value
    if get_origin(hint) in (Union, UnionType):
        return any(_fits(each, kind) for each in get_args(hint) if each is not NoneType)
    plain, hint = _plain(kind), get_origin(hint) or hint
    if not isinstance(hint, type) or hint in (object, Any):
        return True
    if hint in _PLAIN:
        return hint is plain
    if hint is list:
        return isinstance(kind, ListOf) and plain is None
    if hint is tuple:
        return plain is None and not isinstance(kind, ListOf)
    return plain is None or issubclass(plain, hint) or issubclass(hint, plain)


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
    plain = _plain(kind.value if isinstance(kind, Option) else kind)
    if plain is not None:
        return f"`{plain.__name__}`"
    return "a list" if isinstance(kind, ListOf) else "a tuple" if isinstance(kind, Tuple) else "none of the plain types"


def _name(hint: Any) -> str:
    return hint.__name__ if isinstance(hint, type) else str(hint)

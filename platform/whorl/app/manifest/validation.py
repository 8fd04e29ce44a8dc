"""A manifest document held against the schema; what does not fit is told in one clear line each."""

import json
import types
from collections.abc import Iterator, Mapping
from typing import Any, Union, get_args, get_origin

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from whorl.app.manifest.documents import ManifestDocument, key_text
from whorl.app.manifest.key_lines import KeyPath
from whorl.app.manifest.schema_v2 import Manifest
from whorl.app.manifest.tables import LIST_TAG, TABLE_TAG, TEXT_TAG, Table
from whorl.app.suggestions import did_you_mean, nearest_name
from whorl.errors import ManifestError

VERSION_KEYS = ("spin_manifest_version", "spin_version")

_MARKS = frozenset({TEXT_TAG, TABLE_TAG, LIST_TAG, "[key]"})
_TYPES: Mapping[str, str] = {
    "string_type": "a string",
    "int_type": "an integer",
    "bool_type": "`true` or `false`",
    "list_type": "an array",
    "dict_type": "a table",
}


def validate(document: ManifestDocument) -> Manifest:
    """Return what `document` says.

    Raises:
        ManifestError: it is not a manifest of version 2; one line for each thing that is wrong.
    """
    check_version(document)
    table = {key: value for key, value in document.table.items() if key not in VERSION_KEYS}
    try:
        return Manifest.model_validate(table)
    except ValidationError as error:
        problems = _in_order(document, _without_consequences(error.errors(include_url=False)))
        raise ManifestError("\n".join(_message(document, details) for details in problems)) from None


def check_version(document: ManifestDocument) -> None:
    """Raise a ManifestError unless `document` says that it is a manifest of version 2."""
    for key in VERSION_KEYS:
        if key in document.table:
            _check_version_value(document, key, document.table[key])
            return
    misspelt = nearest_name(VERSION_KEYS[0], document.table)
    if misspelt:
        raise ManifestError(document.problem((misspelt,), f"is not a key; did you mean `{VERSION_KEYS[0]}`?"))
    raise ManifestError(f"{document.shown}: no manifest version; begin the file with `{VERSION_KEYS[0]} = 2`")


def _check_version_value(document: ManifestDocument, key: str, value: object) -> None:
    if value == 2 and isinstance(value, int):
        return
    if value == "1":
        cure = "whorl reads version 2 only; `spin doctor` upgrades the file"
        raise ManifestError(document.problem((key,), f"is version 1; {cure}"))
    raise ManifestError(document.problem((key,), f"must be the integer 2, not {_toml_text(value)}; write `{key} = 2`"))


def _without_consequences(problems: list[ErrorDetails]) -> Iterator[ErrorDetails]:
    """Leave out keys that are missing only because they are misspelt beside it."""
    unknown = [_path(details) for details in problems if details["type"] == "extra_forbidden"]
    for details in problems:
        table, name = _path(details)[:-1], _path(details)[-1:]
        misspelt = [str(path[-1]) for path in unknown if path[:-1] == table]
        if details["type"] != "missing" or not nearest_name(str(*name), misspelt):
            yield details


def _in_order(document: ManifestDocument, problems: Iterator[ErrorDetails]) -> list[ErrorDetails]:
    return sorted(problems, key=lambda details: document.line(_path(details)))


def _path(details: ErrorDetails) -> KeyPath:
    return tuple(part for part in details["loc"] if part not in _MARKS)


def _message(document: ManifestDocument, details: ErrorDetails) -> str:
    path = _path(details)
    if details["type"] == "extra_forbidden":
        return document.problem(path, _unknown_key(path))
    if details["type"] == "missing":
        return document.problem(path[:-1], _missing_key(path))
    context = details.get("ctx", {})
    if details["type"] == "value_error":
        told = str(context["error"]).replace("\n", ". ")
        return f"{document.place(path)}: `{key_text(path)}`: {told}"
    return document.problem(path, _wrong_value(path, details, context))


def _unknown_key(path: KeyPath) -> str:
    name = str(path[-1])
    tables = list(_tables_at(path[:-1]))
    for table in tables:
        if name in table.not_yet:
            return f"is not supported by whorl yet; {table.not_yet[name]}"
    known = [key for table in tables for key in table.spin_keys()]
    recommended = [key for table in tables for key in table.recommended_keys()]
    if path[:-1] == ("trigger",):
        return f"is a trigger type that whorl does not serve{did_you_mean(name, known) or '; only `http` is supported'}"
    return f"is not a key{did_you_mean(name, known) or _listing(recommended)}"


def _listing(known: list[str]) -> str:
    names = ", ".join(f"`{key}`" for key in known)
    return f"; the keys here are {names}" if len(known) > 1 else f"; the only key here is {names}" if known else ""


def _missing_key(path: KeyPath) -> str:
    name = path[-1]
    if path == ("application",):
        return '`[application]` is missing; add `[application]` with `name = "..."`'
    return f"lacks `{name}`; add `{name} = {_example(path) or '...'}`"


def _wrong_value(path: KeyPath, details: ErrorDetails, context: Mapping[str, Any]) -> str:
    kind, value = details["type"], details["input"]
    if kind == "problem":
        return str(context["message"])
    if kind == "string_too_short":
        return "must not be empty"
    if kind in _TYPES:
        return f"must be {_TYPES[kind]}, not {_toml_type(value)}{_for_example(path, value, kind)}"
    if kind == "model_type":
        shapes = [table.shape for table in _tables_at(path)]
        return f"must be {' or '.join(shapes)}, not {_toml_type(value)}"
    return f"must be {_bound(kind, context) or details['msg']}; it is {_toml_text(value)}"


def _bound(kind: str, context: Mapping[str, Any]) -> str | None:
    match kind:
        case "greater_than_equal":
            return f"at least {context['ge']}"
        case "literal_error":
            return str(context["expected"]).replace("'", "`")
    return None


def _for_example(path: KeyPath, value: object, kind: str) -> str:
    key = next((part for part in reversed(path) if isinstance(part, str)), "")
    if kind == "list_type" and isinstance(value, dict) and any(_tables_at((*path, 0))):
        return f"; write `[[{key_text(path)}]]`, with double brackets, for each"
    if kind == "string_type" and isinstance(value, int | float):
        return f'; write `"{_toml_text(value).strip("`")}"`'
    if kind == "list_type" and isinstance(value, str):
        return f'; write `{key} = ["{value}"]`'
    example = _example(path)
    return f"; for example `{key} = {example}`" if example else ""


def _toml_type(value: object) -> str:
    names = {str: "a string", bool: "a boolean", int: "an integer", float: "a float", list: "an array", dict: "a table"}
    return names.get(type(value), "a date or time")


def _toml_text(value: object) -> str:
    """Return a value as TOML writes it, when it is a simple one."""
    return f"`{json.dumps(value, ensure_ascii=False)}`" if isinstance(value, str | int | float) else _toml_type(value)


def _example(path: KeyPath) -> str | None:
    for table in _tables_at(path[:-1]):
        field = table.model_fields.get(str(path[-1]))
        if field is not None and field.examples:
            return str(field.examples[0])
    return None


def _tables_at(path: KeyPath) -> Iterator[type[Table]]:
    """Yield the schema's tables that can stand at `path`."""
    found: list[Any] = [Manifest]
    for part in path:
        found = [inner for annotation in found for inner in _inside(annotation, part)]
    for annotation in found:
        yield from _tables_in(annotation)


def _inside(annotation: Any, part: str | int) -> Iterator[Any]:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if isinstance(annotation, type) and issubclass(annotation, Table):
        field = annotation.model_fields.get(str(part))
        if field is not None:
            yield field.annotation
    elif origin is dict:
        yield arguments[1]
    elif origin is list:
        yield arguments[0]
    elif origin in {Union, types.UnionType}:
        for choice in arguments:
            yield from _inside(choice, part)
    elif arguments:
        yield from _inside(arguments[0], part)


def _tables_in(annotation: Any) -> Iterator[type[Table]]:
    if isinstance(annotation, type) and issubclass(annotation, Table):
        yield annotation
    elif get_origin(annotation) in {Union, types.UnionType}:
        for choice in get_args(annotation):
            yield from _tables_in(choice)
    elif get_origin(annotation) not in {dict, list, None}:
        yield from _tables_in(get_args(annotation)[0])

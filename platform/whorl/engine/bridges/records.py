"""Python classes for the records of a bridge: named tuples."""

from collections import namedtuple
from keyword import iskeyword
from typing import Any

from whorl.engine.bridges.types import Record


def python_name(name: str) -> str:
    """Return a WIT name as a Python name (`first-name` as `first_name`, `from` as `from_`)."""
    changed = name.replace("-", "_")
    return f"{changed}_" if iskeyword(changed) else changed


def class_name(name: str) -> str:
    """Return the name of the Python class for a WIT name (`order-line` as `OrderLine`)."""
    changed = "".join(word[:1].upper() + word[1:] for word in name.split("-"))
    return f"{changed}_" if iskeyword(changed) else changed


class RecordTypes:
    """The classes of one bridge, each made once."""

    def __init__(self) -> None:
        self._made: dict[Record, Any] = {}

    def of(self, kind: Record) -> Any:
        """Return the class of a record's values."""
        made = self._made.get(kind)
        if made is None:
            fields = [python_name(field) for field, _ in kind.fields]
            made = self._made[kind] = namedtuple(class_name(kind.name), fields, module=__name__)  # noqa: PYI024
        return made

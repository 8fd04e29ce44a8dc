"""What every table of the schema has in common: strictness, and honesty about keys that whorl does not support yet."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, Discriminator, Tag, model_validator
from pydantic_core import PydanticCustomError

TEXT_TAG = "<text>"
TABLE_TAG = "<table>"
LIST_TAG = "<list>"

_T = TypeVar("_T")


class Table(BaseModel):
    """A table of the manifest: unknown keys are errors, values are not converted.

    Attributes:
        not_yet: keys that Spin knows and whorl does not support yet, each with what to do instead. A key that is
            there but grants or says nothing (`files = []`) is accepted.
        ignored: keys that Spin knows and that change nothing about how the app runs here.
        discouraged: keys that are read but that nobody should begin to use.
        shape: what a table of this kind looks like, for the message when a value stands in its place.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    not_yet: ClassVar[Mapping[str, str]] = {}
    ignored: ClassVar[frozenset[str]] = frozenset()
    discouraged: ClassVar[frozenset[str]] = frozenset()
    shape: ClassVar[str] = "a table"

    @model_validator(mode="before")
    @classmethod
    def _leave_out_what_says_nothing(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        return {key: value for key, value in data.items() if not cls._says_nothing(key, value)}

    @classmethod
    def _says_nothing(cls, key: str, value: object) -> bool:
        return key in cls.ignored or (key in cls.not_yet and value in ([], {}, ""))

    @classmethod
    def recommended_keys(cls) -> list[str]:
        """Return the keys that an operator should use."""
        return [key for key in cls.model_fields if key not in cls.discouraged]

    @classmethod
    def spin_keys(cls) -> list[str]:
        """Return the keys that an operator may have meant: the recommended ones, and those that only Spin supports."""
        return [*cls.recommended_keys(), *cls.not_yet, *cls.ignored]


def problem(message: str) -> PydanticCustomError:
    """Return an error that carries `message` to the operator unchanged."""
    return PydanticCustomError("problem", "{message}", {"message": message})


def _table_or_text(value: object) -> str:
    return TABLE_TAG if isinstance(value, dict | BaseModel) else TEXT_TAG


def _list_or_text(value: object) -> str:
    return LIST_TAG if isinstance(value, list) else TEXT_TAG


TextOrTable = Annotated[
    Annotated[str, Tag(TEXT_TAG)] | Annotated[_T, Tag(TABLE_TAG)],
    Discriminator(_table_or_text),
]
"""A string or the given table; which one is decided by its TOML type, so that errors speak of one of them only."""

TextOrTexts = Annotated[
    Annotated[str, Tag(TEXT_TAG)] | Annotated[list[str], Tag(LIST_TAG)],
    Discriminator(_list_or_text),
]
"""A string or a list of strings."""

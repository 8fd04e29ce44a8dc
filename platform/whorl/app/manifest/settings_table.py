"""The table `[component.x.tool.whorl]` as it is written."""

from typing import Annotated

from pydantic import BeforeValidator, Field, model_validator

from whorl.app.manifest.tables import Table, problem
from whorl.app.quantities import parse_duration, parse_size
from whorl.app.settings import ComponentSettings

_PAGE = 1 << 16
_LARGEST_MEMORY = 1 << 32
_DEFAULTS = ComponentSettings()


def _size(value: object) -> int:
    size = parse_size(value)
    if not _PAGE <= size <= _LARGEST_MEMORY:
        raise ValueError(f'must be between "64KiB" and "4GiB", what a linear memory can have; got `{value}`')
    return size


def _positive(value: object) -> float:
    seconds = parse_duration(value)
    if not seconds:
        raise ValueError("must be longer than nothing: there is always a limit")
    return seconds


_Duration = Annotated[float, BeforeValidator(parse_duration)]
_Limit = Annotated[float, BeforeValidator(_positive)]
_Size = Annotated[int, BeforeValidator(_size)]


class SettingsTable(Table):
    """How instances of the component are kept and limited; see `ComponentSettings` for each key."""

    shape = "a table such as `{ warm = 4 }`"

    warm: int = Field(default=_DEFAULTS.warm, ge=0, examples=["4"])
    max_instances: int = Field(default=_DEFAULTS.max_instances, ge=1, examples=["100"])
    queue: int = Field(default=_DEFAULTS.queue, ge=0, examples=["1000"])
    reuse: int = Field(default=_DEFAULTS.reuse, ge=1, examples=["1"])
    idle: _Duration = _DEFAULTS.idle
    memory: _Size = _DEFAULTS.memory
    timeout: _Limit = _DEFAULTS.timeout
    cpu: _Limit = _DEFAULTS.cpu

    @model_validator(mode="after")
    def _warm_fit(self) -> "SettingsTable":
        if self.warm > self.max_instances:
            raise problem(f"keeps `warm = {self.warm}` instances, more than `max_instances = {self.max_instances}`")
        return self

    def settings(self) -> ComponentSettings:
        """Return what the table says, with the defaults for what it does not."""
        return ComponentSettings(**self.model_dump())

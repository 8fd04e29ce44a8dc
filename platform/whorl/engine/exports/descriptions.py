"""What the component tools tell of a caller that they have made: what can be called, and what cannot."""

import json
from dataclasses import dataclass

from whorl.engine.bridges.descriptions import Function, Resource, functions_of


@dataclass(frozen=True)
class Refused:
    """A function that cannot be called, by its name in WIT, its signature, and what is in the way."""

    interface: str
    name: str
    signature: str
    because: str


@dataclass(frozen=True)
class CallerDescription:
    """What a caller calls: the functions by their numbers, the resources by theirs.

    Attributes:
        interface: the interface of the host that it imports.
        signatures: of the functions, as WIT has them (`find: func(id: u32) -> string`).
    """

    interface: str
    resources: tuple[Resource, ...]
    functions: tuple[Function, ...]
    signatures: tuple[str, ...]
    refused: tuple[Refused, ...]

    @classmethod
    def from_json(cls, text: str) -> "CallerDescription":
        """Read what the tools tell of a caller that they made."""
        read = json.loads(text)
        return cls(
            read["interface"],
            tuple(Resource(each["interface"], each["name"]) for each in read["resources"]),
            functions_of(read),
            tuple(each["words"] for each in read["functions"]),
            tuple(
                Refused(each["interface"] or "", each["name"], each["words"], each["because"])
                for each in read["refused"]
            ),
        )

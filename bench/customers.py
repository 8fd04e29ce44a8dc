"""What implements the interface of `tests/guests/crm`, with answers as long as the rows of the benchmark say."""

RECORDS = 100
"""They have 10 KB together."""

_PEOPLE: list[dict[str, object]] = [
    {"id": number, "name": f"customer number {number:03}", "tags": ["regular", "x" * 50], "manager": None}
    for number in range(RECORDS)
]
_PHOTO = bytes(range(256)) * 256


class Customers:
    """The interface `example:crm/customers`, as far as the benchmark calls it."""

    class Visit:
        """What the guest does not make here."""

        def __init__(self, _customer: int) -> None:
            pass

        def note(self, *_arguments: object) -> int:
            """Refuse."""
            raise NotImplementedError

        notes = merge = note

    def greet(self, name: str) -> str:
        """Answer a string with a string."""
        return f"hello {name}"

    def photo(self, _id: int) -> bytes:
        """Answer with 64 KiB."""
        return _PHOTO

    def search(self, _text: str) -> list[dict[str, object]]:
        """Answer with records."""
        return _PEOPLE

    def find(self, *_arguments: object) -> int:
        """Refuse; as the others."""
        raise NotImplementedError

    open_visits = find

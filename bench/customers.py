"""What implements the interface of `tests/guests/crm`, with answers as long as the rows of the benchmark say."""

RECORDS = 100
"""They have 10 KB together."""

_PEOPLE: list[dict[str, object]] = [
    {"id": number, "name": f"customer number {number:03}", "tags": ["regular", "x" * 50], "manager": None}
    for number in range(RECORDS)
]
_PHOTO = bytes(range(256)) * 256


class Customers:
    """The interface `example:crm/customers`; the benchmark calls `greet`, `photo` and `search`."""

    class Visit:
        """The resource `visit`."""

        def __init__(self, customer: int) -> None:
            self.customer = customer
            self.lines: list[str] = []

        def note(self, text: str) -> int:
            """Keep a line."""
            self.lines.append(text)
            return len(self.lines)

        def notes(self) -> list[str]:
            """Answer with all lines."""
            return self.lines

        @classmethod
        def merge(cls, visits: "list[Customers.Visit]") -> "Customers.Visit":
            """Make one visit of several."""
            made = cls(0)
            made.lines = [line for visit in visits for line in visit.lines]
            return made

    def greet(self, name: str) -> str:
        """Answer a string with a string."""
        return f"hello {name}"

    def photo(self, _id: int) -> bytes:
        """Answer with 64 KiB."""
        return _PHOTO

    def search(self, _text: str) -> list[dict[str, object]]:
        """Answer with records."""
        return _PEOPLE

    def find(self, id: int) -> dict[str, object]:  # noqa: A002 - the name in WIT
        """Answer with a record."""
        return _PEOPLE[id % RECORDS]

    def open_visits(self) -> list[Visit]:
        """Answer with resources."""
        return [self.Visit(0)]

"""What one instance may use: memory, table elements, processor time."""

from dataclasses import dataclass

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class InstanceLimits:
    """The limits of one instance.

    Attributes:
        memory: bytes that each linear memory may grow to; growing beyond answers -1 to the guest.
        table_elements: elements that each table may grow to.
        cpu: seconds of processor time for one request (and for instantiation), None: no limit.

    Raises:
        ValueError: a size is none, or more than 64 bits with a sign can say.
    """

    memory: int = 1024 * MIB
    table_elements: int = 100_000
    cpu: float | None = None

    def __post_init__(self) -> None:
        for size in (self.memory, self.table_elements):
            if type(size) is not int or not 0 <= size < 1 << 63:
                raise ValueError(f"{size!r} is no size")

"""What the soak looks at, and when it says that something has leaked."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bench.figures import percentile
from bench.soak.descriptors import Descriptors
from bench.soak.observed import Inside

MEMORY_MARGIN = 24 << 20
"""Bytes by which the resident memory may grow. The allocators of Python and the system keep what a peak has needed, and
the engine what its instances have touched; peaks of a long run are a little higher than those of the warm-up. Of some
270 requests a second, a leak of 160 bytes for each is found in ten minutes."""

_HEADINGS = (
    "s",
    "",
    "RSS MB",
    "incoming",
    "upstream",
    "other",
    "tasks",
    "in use",
    "instances",
    "outgoing",
    "plain/s",
    "p99 ms",
)


@dataclass(frozen=True, slots=True)
class Sample:
    """What was seen at one moment.

    Attributes:
        seconds: since the load began.
        moment: `start` and `end` are without load, `load` is in the midst of it.
        memory: resident, bytes.
        descriptors: what the server has open.
        inside: what it has in use.
        rate: plain requests a second since the sample before.
        p99_ms: what 99 of 100 of them took at most.
    """

    seconds: float
    moment: str
    memory: int
    descriptors: Descriptors
    inside: Inside
    rate: float = 0.0
    p99_ms: float = 0.0


def pace(latencies: Sequence[float], seconds: float) -> tuple[float, float]:
    """Return how many plain requests there were a second, and the p99 of their latencies in ms."""
    if not latencies:
        return 0.0, 0.0
    return round(len(latencies) / seconds, 1), round(percentile(sorted(latencies), 0.99) * 1e3, 2)


def is_quiet(sample: Sample) -> bool:
    """Tell whether nothing is in use that comes with requests."""
    connections = sample.descriptors.incoming + sample.descriptors.upstream
    return not connections and not any(sample.inside.in_use.values())


def growth(start: Sample, end: Sample) -> list[str]:
    """Return a line for each thing of which there is more at the end than at the start."""
    counts = [
        (name, getattr(start.descriptors, name), getattr(end.descriptors, name))
        for name in ("incoming", "upstream", "other")
    ]
    lines = [f"{name} descriptors: {before} -> {after}" for name, before, after in counts if after > before]
    lines += _each("tasks", start.inside.tasks, end.inside.tasks)
    lines += _each("instances in use", start.inside.in_use, end.inside.in_use)
    for name in ("instances", "outgoing"):
        before, after = getattr(start.inside, name), getattr(end.inside, name)
        if after > before:
            lines.append(f"{name}: {before} -> {after}")
    if end.memory > start.memory + MEMORY_MARGIN:
        lines.append(f"resident memory: {_mb(start.memory)} -> {_mb(end.memory)} MB")
    return lines


def _each(what: str, before: dict[str, int], after: dict[str, int]) -> Iterator[str]:
    for name, count in sorted(after.items()):
        if count > before.get(name, 0):
            yield f"{what}, `{name}`: {before.get(name, 0)} -> {count}"


def headings() -> str:
    """Return the line above the samples."""
    return _line(_HEADINGS)


def row(sample: Sample) -> str:
    """Return the line of one sample."""
    held, inside = sample.descriptors, sample.inside
    return _line(
        (
            f"{sample.seconds:.0f}",
            sample.moment,
            _mb(sample.memory),
            str(held.incoming),
            str(held.upstream),
            str(held.other),
            str(sum(inside.tasks.values())),
            str(sum(inside.in_use.values())),
            str(inside.instances),
            str(inside.outgoing),
            f"{sample.rate:.1f}",
            f"{sample.p99_ms:.2f}",
        )
    )


def _line(cells: Sequence[str]) -> str:
    return " ".join(cell.rjust(max(len(heading), 6)) for cell, heading in zip(cells, _HEADINGS, strict=True))


def _mb(size: int) -> str:
    return f"{size / 1e6:.1f}"

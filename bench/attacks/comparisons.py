"""From what clients met with, alone and under attack, to the rows of the table."""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

from bench.attacks.steady import Experience
from bench.figures import percentile

BOUND = 3.0
"""How many times as long the 99th percentile may be under attack before the table marks it."""

_MARK = " !"
_HEADINGS = ("attack", "asked", "p50 alone", "p50", "p99 alone", "p99", "ratio", "lag", "busy", "errors", "RSS MB")


@dataclass(frozen=True, slots=True)
class Memory:
    """Resident memory of the server around an attack, bytes: before its rounds, at most, and when nothing is left."""

    before: int
    most: int
    after: int


@dataclass(frozen=True, slots=True)
class Row:
    """What one attack did to the clients of one component; these are the keys of the JSON. Times in milliseconds.

    Attributes:
        attack: its name.
        asked: the component.
        p50_alone: the latency that half of the requests stay below without an attack; `p99_alone` likewise for 99 of
            100, `p50` and `p99` under attack.
        ratio: `p99` as a multiple of `p99_alone`.
        lag: 99 of 100 requests under attack were sent at most so much too late by the load itself.
        busy: part of the time under attack in which the server had its core, 0 to 1; at 1 it has no more to give.
        errors: requests that were not answered as they must be, by what went wrong.
        memory: of the server.
        outcomes: what the attackers got.
    """

    attack: str
    asked: str
    p50_alone: float
    p99_alone: float
    p50: float
    p99: float
    ratio: float
    lag: float
    busy: float
    errors: dict[str, int]
    memory: Memory
    outcomes: dict[str, int]

    @property
    def is_marked(self) -> bool:
        """Whether the attack costs others too much."""
        return self.ratio > BOUND


@dataclass(frozen=True, slots=True)
class Rounds:
    """All rounds of one attack.

    Attributes:
        attack: its name.
        alone: what the clients of each component met with in each round without it; `attacked`: under it.
        busy: part of the time under attack in which the server had its core.
        memory: of the server.
        outcomes: what the attackers got.
    """

    attack: str
    alone: Sequence[dict[str, Experience]]
    attacked: Sequence[dict[str, Experience]]
    busy: float
    memory: Memory
    outcomes: Counter[str]


def rows(rounds: Rounds) -> list[Row]:
    """Return a row for each component that was asked, over the requests of all rounds together."""
    return [_row(rounds, asked) for asked in rounds.alone[0]]


def _row(rounds: Rounds, asked: str) -> Row:
    alone = [each[asked] for each in rounds.alone]
    attacked = [each[asked] for each in rounds.attacked]
    calm, troubled = _sorted(each.latencies for each in alone), _sorted(each.latencies for each in attacked)
    errors = sum((each.errors for each in (*alone, *attacked)), Counter[str]())
    return Row(
        attack=rounds.attack,
        asked=asked,
        p50_alone=_milliseconds(calm, 0.5),
        p99_alone=_milliseconds(calm, 0.99),
        p50=_milliseconds(troubled, 0.5),
        p99=_milliseconds(troubled, 0.99),
        ratio=_ratio(_milliseconds(troubled, 0.99), _milliseconds(calm, 0.99)),
        lag=_milliseconds(_sorted(each.lags for each in attacked), 0.99),
        busy=round(rounds.busy, 2),
        errors=dict(errors),
        memory=rounds.memory,
        outcomes=dict(rounds.outcomes.most_common()),
    )


def _sorted(several: Iterator[list[float]]) -> list[float]:
    return sorted(latency for each in several for latency in each)


def _milliseconds(ascending: Sequence[float], part: float) -> float:
    """Return the latency that `part` of the requests stay below; endless if there was no answer at all."""
    return round(percentile(ascending, part) * 1e3, 3) if ascending else math.inf


def _ratio(attacked: float, alone: float) -> float:
    return round(attacked / alone, 2) if math.isfinite(attacked) else math.inf


def document(measured: Sequence[Row]) -> dict[str, object]:
    """Return what is written as JSON."""
    return {"bound": BOUND, "rows": [asdict(row) for row in measured]}


def headings() -> str:
    """Return the line above the rows."""
    return _line(_HEADINGS)


def line(row: Row) -> str:
    """Return the line of one row."""
    memory = " ".join(f"{size / 1e6:.0f}" for size in (row.memory.before, row.memory.most, row.memory.after))
    times = (f"{each:.2f}" for each in (row.p50_alone, row.p50, row.p99_alone, row.p99))
    ratio = f"{row.ratio:.1f}{_MARK if row.is_marked else ''}"
    use = (f"{row.lag:.2f}", f"{row.busy:.0%}", str(sum(row.errors.values())))
    return _line((row.attack, row.asked, *times, ratio, *use, memory))


def details(row: Row) -> str:
    """Return what the attackers got, and what went wrong with the requests of others, as far as there is any."""
    got = ", ".join(f"{count} {outcome}" for outcome, count in row.outcomes.items()) or "nothing"
    errors = "".join(f"; {count} x {error}" for error, count in row.errors.items())
    return f"{row.attack}: {got}{errors}"


def _line(cells: Sequence[str]) -> str:
    widths = (24, 9, 9, 8, 9, 8, 7, 7, 5, 6, 13)
    first, second, *others = (
        f"{cell:<{width}}" if at < 2 else f"{cell:>{width}}"
        for at, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return " ".join((first, second, *others))

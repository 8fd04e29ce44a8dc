"""From measurements to the figures of the table: medians over the rounds."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median

from bench.cases import NULL, Case
from bench.load import Tally


@dataclass(frozen=True, slots=True)
class Row:
    """One row; these are the keys of the JSON.

    Attributes:
        name: the case.
        rps: requests per second.
        cpu_us: processor time of the server per request, microseconds.
        p50_ms: the latency that half of the requests stay below, milliseconds; `p99_ms` likewise for 99 of 100.
        cpu_ratio: `cpu_us` as a multiple of the null application's in the same round.
        echo_ratio: the same multiple of the null application's echo of the same body; None where nothing is echoed.
    """

    name: str
    rps: float
    cpu_us: float
    p50_ms: float
    p99_ms: float
    cpu_ratio: float
    echo_ratio: float | None


@dataclass(frozen=True, slots=True)
class Occupancy:
    """How a case used the machine, to tell whether its figures can be trusted.

    Attributes:
        server: part of the time in which the server had its core, 0 to 1.
        load: the same of the load generator.
        spread: how far the rounds' processor times lie apart: the largest over the smallest.
        slowest_volley: seconds; 0 for cases without volleys.
    """

    server: float
    load: float
    spread: float
    slowest_volley: float


Rounds = Mapping[str, Sequence[Tally]]
"""The measurements of each case, one for each round."""


def rows(rounds: Rounds, cases: Iterable[Case]) -> list[Row]:
    """Return the figures of each of `cases`."""
    return [_row(case, rounds) for case in cases]


def occupancies(rounds: Rounds) -> dict[str, Occupancy]:
    """Return how each case used the machine."""
    return {name: _occupancy(tallies) for name, tallies in rounds.items()}


def document(measured: Sequence[Row]) -> dict[str, list[dict[str, str | float | None]]]:
    """Return what is written as JSON."""
    return {"rows": [asdict(row) for row in measured]}


def percentile(ascending: Sequence[float], part: float) -> float:
    """Return the value that `part` (0 to 1) of the values do not exceed."""
    return ascending[min(len(ascending) - 1, int(part * len(ascending)))]


def _row(case: Case, rounds: Rounds) -> Row:
    tallies = rounds[case.name]
    return Row(
        name=case.name,
        rps=round(median(len(tally.latencies) / tally.elapsed for tally in tallies), 1),
        cpu_us=round(median(map(_cpu, tallies)) * 1e6, 1),
        p50_ms=round(median(percentile(tally.latencies, 0.5) for tally in tallies) * 1e3, 3),
        p99_ms=round(median(percentile(tally.latencies, 0.99) for tally in tallies) * 1e3, 3),
        cpu_ratio=_ratio(tallies, rounds[NULL]),
        echo_ratio=_ratio(tallies, rounds[case.echo]) if case.echo else None,
    )


def _ratio(tallies: Sequence[Tally], floor: Sequence[Tally]) -> float:
    """Return what requests cost as a multiple of those of `floor`, each compared with that of the same round."""
    return round(median(_cpu(tally) / _cpu(least) for tally, least in zip(tallies, floor, strict=True)), 2)


def _occupancy(tallies: Sequence[Tally]) -> Occupancy:
    costs = [_cpu(tally) for tally in tallies]
    return Occupancy(
        server=median(tally.server_cpu / tally.elapsed for tally in tallies),
        load=median(tally.load_cpu / tally.elapsed for tally in tallies),
        spread=max(costs) / min(costs),
        slowest_volley=max(tally.slowest_volley for tally in tallies),
    )


def _cpu(tally: Tally) -> float:
    return tally.server_cpu / len(tally.latencies)

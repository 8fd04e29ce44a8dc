"""`scripts/bench`: measures whorl against the null application, and against `wasmtime serve` if told where that is."""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench import machine, tables
from bench.cases import NULL, Case, cases
from bench.figures import Rounds, document, occupancies, rows
from bench.guests import BuildError, build_python_guests
from bench.in_process import report
from bench.load import LoadGenerator, Order, Tally, load_generator
from bench.processors import Cores
from bench.responses import WrongAnswerError
from bench.servers import Running, ServerFailedError, running


@dataclass(frozen=True, slots=True)
class Pace:
    """How long a run takes: seconds before a measurement, of a measurement, and how many rounds of all of them."""

    run_in: float
    seconds: float
    rounds: int


QUICK = Pace(run_in=0.15, seconds=0.5, rounds=5)
THOROUGH = Pace(run_in=0.3, seconds=2.0, rounds=15)
_WARM_UP = Pace(run_in=0.0, seconds=1.0, rounds=1)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code: 1 when a server failed or answered wrongly."""
    options = _parser().parse_args(arguments)
    try:
        build_python_guests()
        if options.in_process:
            report()
        else:
            _compare(options)
    except (BuildError, ServerFailedError, WrongAnswerError, ValueError) as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    add = parser.add_argument
    add("--quick", action="store_true", help="fewer and shorter rounds: at most 90 seconds, or 120 with --wasmtime")
    add(
        "--only",
        action="append",
        metavar="NAME",
        help="measure this case and the null ones that it is compared with (repeatable)",
    )
    add("--json", type=Path, metavar="FILE", help="write the rows as JSON")
    add("--markdown", type=Path, metavar="FILE", help="put the table between the markers of FILE")
    add("--connections", type=int, metavar="N", help="so many instead of four or less for all but the waiting guests")
    add("--wasmtime", metavar="PATH", help="measure `PATH serve` too, the command line of Wasmtime, on the same guests")
    add("--spin", action="store_true", help="never let the load sleep, so that no server pays for waking it")
    add("--in-process", action="store_true", help="measure the parts of a request in this process instead")
    return parser


def _compare(options: argparse.Namespace) -> None:
    chosen = _chosen(options)
    cores = Cores.available()
    conditions = f"{cores}{', which spins' if options.spin else ''}"
    if options.wasmtime:
        conditions += f"; `wasmtime serve` of {machine.program_version(options.wasmtime)}"
    print(f"{machine.description()}\n{conditions}", flush=True)
    warning = machine.load_warning()
    if warning:
        print(f"warning: {warning}", flush=True)
    with load_generator(cores.load, spins=options.spin) as load:
        rounds = _measured(load, chosen, cores, QUICK if options.quick else THOROUGH)
    figures = rows(rounds, chosen)
    print(f"\n{tables.plain(figures, chosen, occupancies(rounds))}\n")
    for name, use in occupancies(rounds).items():
        if use.slowest_volley:
            print(f"{name}: the slowest volley took {use.slowest_volley:.2f} s")
    print(tables.PEERS)
    if options.json:
        options.json.write_text(json.dumps(document(figures), indent=2) + "\n")
    if options.markdown:
        measured_on = f"Measured on {machine.description()}; {conditions}."
        tables.rewrite(options.markdown, "\n\n".join((measured_on, tables.markdown(figures, chosen), tables.PEERS)))


def _chosen(options: argparse.Namespace) -> list[Case]:
    every = cases(options.wasmtime)
    if options.connections:
        every = [case if case.volley else replace(case, connections=options.connections) for case in every]
    names = options.only or [case.name for case in every]
    unknown = set(names) - {case.name for case in every}
    if unknown:
        raise ValueError(f"there is no case `{unknown.pop()}`; there are {', '.join(case.name for case in every)}")
    floors = {case.echo for case in every if case.name in names}
    return [case for case in every if case.name in {NULL, *names, *floors}]


def _measured(load: LoadGenerator, chosen: Sequence[Case], cores: Cores, pace: Pace) -> Rounds:
    """Measure round by round, so that whatever changes on the machine in the meantime meets all cases alike."""
    results: dict[str, list[Tally]] = {case.name: [] for case in chosen}
    with running({case.server: None for case in chosen}, cores.server) as servers:
        for case in chosen:
            _measure(load, case, servers[case.server], _WARM_UP)
        began = time.monotonic()
        for number in range(pace.rounds):
            at = number % len(chosen)
            for case in [*chosen[at:], *chosen[:at]]:
                results[case.name].append(_measure(load, case, servers[case.server], pace))
            _tell(f"round {number + 1} of {pace.rounds}, {time.monotonic() - began:.0f} s")
    return results


def _measure(load: LoadGenerator, case: Case, server: Running, pace: Pace) -> Tally:
    try:
        return load.measure(_order(case, server, pace))
    except WrongAnswerError as error:
        raise WrongAnswerError(f"case `{case.name}`: {error}\n{server.complaint()}".rstrip()) from error


def _order(case: Case, server: Running, pace: Pace) -> Order:
    return Order(
        pid=server.pid,
        port=server.port,
        request=case.request(),
        answer=case.answer,
        connections=case.connections,
        volley=case.volley,
        run_in=pace.run_in,
        seconds=pace.seconds,
    )


def _tell(progress: str) -> None:
    if sys.stderr.isatty():
        print(f"\r{progress}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())

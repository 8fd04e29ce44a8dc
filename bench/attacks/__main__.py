"""`scripts/attacks`: measures what clients that attack a server cost the others."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from bench import machine
from bench.attacks.comparisons import Row, details, document, headings, line, rows
from bench.attacks.kinds import Attack, attacks
from bench.attacks.measurement import measurement
from bench.processors import Cores
from bench.servers import ServerFailedError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code: 1 when somebody was answered wrongly, or the server failed."""
    options = _parser().parse_args(arguments)
    every = attacks()
    unknown = set(options.only or ()) - {kind.name for kind in every}
    if unknown:
        names = ", ".join(kind.name for kind in every)
        print(f"Error: there is no attack `{unknown.pop()}`; there are {names}", file=sys.stderr)
        return 2
    chosen = [kind for kind in every if not options.only or kind.name in options.only]
    try:
        measured = _measured(chosen, options.seconds)
    except (ServerFailedError, OSError) as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    if options.json:
        options.json.write_text(json.dumps(document(measured), indent=2) + "\n")
    return 1 if any(row.errors for row in measured) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scripts/attacks", description=__doc__)
    add = parser.add_argument
    add("--only", action="append", metavar="NAME", help="this attack only (repeatable)")
    add("--seconds", type=float, default=3.0, metavar="N", help="of each of the four parts, 3 by default")
    add("--json", type=Path, metavar="FILE", help="write the rows as JSON")
    return parser


def _measured(chosen: Sequence[Attack], seconds: float) -> list[Row]:
    cores = Cores.available()
    print(f"{machine.description()}\n{cores}", flush=True)
    if warning := machine.load_warning():
        print(f"warning: {warning}", flush=True)
    measured = []
    with measurement(cores) as measuring:
        print(headings(), flush=True)
        for kind in chosen:
            measured += _shown(rows(measuring.rounds(kind, seconds)))
        complaint = measuring.complaint()
    print("\nWhat the attackers got, and what others did not get:")
    print("\n".join(map(details, measured)))
    if complaint:
        print(f"\nThe server said:\n{complaint}")
    return measured


def _shown(measured: list[Row]) -> list[Row]:
    for row in measured:
        print(line(row), flush=True)
    return measured


if __name__ == "__main__":
    sys.exit(main())

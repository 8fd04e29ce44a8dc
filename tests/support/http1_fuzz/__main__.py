"""Sends mutated HTTP messages to a served guest until one breaks a rule or the time is up."""

import argparse
import asyncio
import sys
import time

from http1_fuzz.sessions import Bounds, Outcome, fuzz, repeat_input
from whorl.server.serving import event_loop


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="how long at most")
    parser.add_argument("--inputs", type=int, help="how many at most")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="what the inputs follow from")
    parser.add_argument("--only", type=int, metavar="NUMBER", help="run this one of them")
    return parser.parse_args()


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


async def _run(arguments: argparse.Namespace) -> Outcome:
    if arguments.only is not None:
        return await repeat_input(arguments.seed, arguments.only)
    return await fuzz(arguments.seed, Bounds(arguments.inputs, arguments.minutes * 60), _say)


def main() -> int:
    """Fuzz as the command line says, and return the exit code."""
    arguments = _arguments()
    _say(f"seed {arguments.seed}")
    with asyncio.Runner(loop_factory=event_loop) as runner:
        outcome = runner.run(_run(arguments))
    for finding in outcome.findings:
        _say(f"{finding}\n  again: scripts/fuzz --seed {arguments.seed} --only {finding.number}")
    for leftover in outcome.leftovers:
        _say(f"left behind: {leftover}")
    _say(f"{outcome.tried} inputs, {outcome.served} requests served, {len(outcome.findings)} findings")
    return 1 if outcome.findings or outcome.leftovers else 0


if __name__ == "__main__":
    sys.exit(main())

"""Fuzzes the incoming door for a while: `scripts/fuzz --minutes N --seed S`; `--only NUMBER` repeats one input."""

import argparse
import asyncio
import itertools
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from live_server import GUESTS, manifest, serving

from http1_fuzz.campaigns import Campaign
from http1_fuzz.inputs import Input, make_input
from whorl.server.serving import event_loop

_REPORT_EVERY = 10_000


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--only", type=int, metavar="NUMBER")
    return parser.parse_args()


def _series(seed: int, until: float, campaign: Campaign) -> Iterator[tuple[int, Input]]:
    for number in itertools.count():
        if time.monotonic() > until or campaign.findings:
            return
        if number and number % _REPORT_EVERY == 0:
            sys.stdout.write(f"{number} inputs, {campaign.served} requests served\n")
            sys.stdout.flush()
        yield number, make_input(seed, number)


async def _fuzz(arguments: argparse.Namespace) -> int:
    seed: int = arguments.seed
    sys.stdout.write(f"seed {seed}\n")
    with tempfile.TemporaryDirectory() as folder:
        origin = manifest(Path(folder), GUESTS / "lab.wasm", settings="reuse = 100000")
        async with serving(origin) as live:
            campaign = Campaign(live)
            with campaign.watching():
                if arguments.only is None:
                    until = time.monotonic() + arguments.minutes * 60
                    await campaign.run(_series(seed, until, campaign))
                else:
                    await campaign.run(iter([(arguments.only, make_input(seed, arguments.only))]))
    for finding in campaign.findings:
        sys.stdout.write(f"{finding}\n  again: scripts/fuzz --seed {seed} --only {finding.number}\n")
    sys.stdout.write(f"{campaign.tried} inputs, {campaign.served} requests served, {len(campaign.findings)} findings\n")
    return 1 if campaign.findings else 0


def main() -> int:
    """Fuzz as the command line says, and return the exit code."""
    with asyncio.Runner(loop_factory=event_loop) as runner:
        return runner.run(_fuzz(_arguments()))


if __name__ == "__main__":
    sys.exit(main())

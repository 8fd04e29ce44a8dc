"""One run of the fuzzer: serves the lab guest, sends it inputs, and looks at what is left behind afterwards."""

import asyncio
import gc
import itertools
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from live_server import GUESTS, Live, manifest, serving
from open_files import open_descriptors
from raw_http import PATIENCE

from http1_fuzz.campaigns import Campaign, Finding
from http1_fuzz.inputs import Input, make_input

_WARM_UP = 5_000
_REPORT_EVERY = 10_000
_GROWTH = 8 << 20
"""Bytes by which the memory of this process, which is server and clients, may differ from one time to another."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How long a run is: whichever comes first. It also ends when an input has broken a rule."""

    inputs: int | None
    seconds: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run has come to.

    Attributes:
        tried: inputs.
        served: requests that have reached a guest.
        findings: inputs that broke a rule.
        leftovers: what was not as it had been before, afterwards.
    """

    tried: int
    served: int
    findings: tuple[Finding, ...]
    leftovers: tuple[str, ...]


async def repeat_input(seed: int, number: int) -> Outcome:
    """Run one input again."""
    with tempfile.TemporaryDirectory() as folder:
        async with serving(_origin(folder)) as live:
            campaign = Campaign(live)
            with campaign.watching():
                await campaign.run(iter([(number, make_input(seed, number))]))
    return Outcome(campaign.tried, campaign.served, tuple(campaign.findings), ())


async def fuzz(seed: int, bounds: Bounds, report: Callable[[str], None]) -> Outcome:
    """Run inputs of the series `seed` until a bound is reached; `report` is told how far it is."""
    with tempfile.TemporaryDirectory() as folder:
        async with serving(_origin(folder)) as live:
            campaign = Campaign(live)
            files, tasks = open_descriptors(), len(asyncio.all_tasks())
            inputs = _series(seed, bounds, campaign, report)
            with campaign.watching():
                await campaign.run(itertools.islice(inputs, _WARM_UP))
                memory = _resident()
                await campaign.run(inputs)
                leftovers = await _leftovers(live, files, tasks)
            if (grown := _resident() - memory) > _GROWTH:
                leftovers.append(f"{grown >> 10} KiB of memory")
    return Outcome(campaign.tried, campaign.served, tuple(campaign.findings), tuple(leftovers))


def _origin(folder: str) -> Path:
    return manifest(Path(folder), GUESTS / "lab.wasm", settings="reuse = 100000")


def _series(
    seed: int, bounds: Bounds, campaign: Campaign, report: Callable[[str], None]
) -> Iterator[tuple[int, Input]]:
    until = time.monotonic() + bounds.seconds
    for number in itertools.count() if bounds.inputs is None else range(bounds.inputs):
        if time.monotonic() > until or campaign.findings:
            return
        if number and number % _REPORT_EVERY == 0:
            report(f"{number} inputs, {campaign.served} requests served")
        yield number, make_input(seed, number)


async def _leftovers(live: Live, files: int, tasks: int) -> list[str]:
    """Return what there is beyond `files` and `tasks` once everything has had the time to end."""
    pool = live.trigger.pools["lab"]
    for _ in range(int(PATIENCE / 0.1)):
        counts = {
            "instances in use": pool.in_use,
            "open files": open_descriptors() - files,
            "tasks": len(asyncio.all_tasks()) - tasks,
        }
        if not any(count > 0 for count in counts.values()):
            break
        await asyncio.sleep(0.1)
    return [f"{count} {what}" for what, count in counts.items() if count > 0]


def _resident() -> int:
    """Return the memory that this process has in use, in bytes."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")

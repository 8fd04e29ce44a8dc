"""`scripts/soak`: loads a server in every way that clients have, and fails if it then holds more than before."""

import argparse
import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from time import monotonic

from bench.servers import ServerFailedError
from bench.soak.descriptors import descriptors, resident_memory
from bench.soak.kinds import Kind, Site, kinds
from bench.soak.load import Load
from bench.soak.samples import Sample, growth, headings, is_quiet, pace, row
from bench.soak.served import Served, served
from bench.soak.upstream import upstream

_QUIET = 40.0
"""Seconds without load after which nothing is left of it: the server keeps connections to upstreams for 30."""
_LOOK = 0.5


class Soak:
    """One run."""

    def __init__(self, server: Served, upstream_port: int, chosen: Sequence[Kind]) -> None:
        self.samples: list[Sample] = []
        self._server = server
        self._upstream_port = upstream_port
        self._site = Site(server.port, f"http://127.0.0.1:{upstream_port}")
        self.load = Load(self._site, chosen)
        self._began: float | None = None
        self._looked = monotonic()

    async def run(self, warm_up: float, seconds: float, every: float) -> list[str]:
        """Apply the load, print what is seen, and return what there is more of at the end than at the start."""
        await self.load.once()
        self._site.latencies.clear()
        await self._loaded(warm_up, warm_up, is_shown=False)
        start = await self._quiet("start", None)
        self._show(start)
        self._began = self._looked = monotonic()
        await self._loaded(seconds, every, is_shown=True)
        end = await self._quiet("end", start)
        self._show(end)
        return growth(start, end)

    async def _loaded(self, seconds: float, every: float, *, is_shown: bool) -> None:
        end = monotonic() + seconds
        self.load.start()
        while (left := end - monotonic()) > 0:
            await asyncio.sleep(min(every, left))
            if is_shown:
                self._show(await self._sample("load", collect=False))
        await self.load.stop()
        self._site.latencies.clear()

    async def _quiet(self, moment: str, start: Sample | None) -> Sample:
        """Return what is there when nothing moves: no more than at the start, or than there ever will be."""
        end = monotonic() + _QUIET
        while True:
            sample = await self._sample(moment, collect=True)
            is_done = is_quiet(sample) if start is None else not growth(start, sample)
            if is_done or monotonic() > end:
                return sample
            await asyncio.sleep(_LOOK)

    async def _sample(self, moment: str, *, collect: bool) -> Sample:
        inside = await self._server.inside(collect=collect)
        now = monotonic()
        rate, p99 = pace(self._site.latencies, now - self._looked)
        self._site.latencies.clear()
        self._looked = now
        pid = self._server.pid
        held = descriptors(pid, self._server.port, self._upstream_port)
        seconds = 0.0 if self._began is None else round(now - self._began, 1)
        return Sample(seconds, moment, resident_memory(pid), held, inside, rate, p99)

    def _show(self, sample: Sample) -> None:
        self.samples.append(sample)
        print(row(sample), flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code: 1 when something leaked or was answered wrongly."""
    options = _parser().parse_args(arguments)
    every = kinds()
    unknown = set(options.only or ()) - {kind.name for kind in every}
    if unknown:
        names = ", ".join(kind.name for kind in every)
        print(f"Error: there is no kind `{unknown.pop()}`; there are {names}", file=sys.stderr)
        return 2
    chosen = [kind for kind in every if not options.only or kind.name in options.only]
    try:
        return asyncio.run(_soak(options, chosen))
    except ServerFailedError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scripts/soak", description=__doc__)
    add = parser.add_argument
    add("--minutes", type=float, default=10.0, metavar="N", help="how long the load lasts, 10 by default")
    add("--json", type=Path, metavar="FILE", help="write what was seen as JSON")
    add("--only", action="append", metavar="KIND", help="this kind of load only (repeatable)")
    add("--every", type=float, default=30.0, metavar="SECONDS", help="how often to look, 30 by default")
    add("--warm-up", type=float, default=10.0, metavar="SECONDS", help="load before the first look, 10 by default")
    return parser


async def _soak(options: argparse.Namespace, chosen: Sequence[Kind]) -> int:
    async with upstream() as port, served() as server:
        soak = Soak(server, port, chosen)
        print(headings(), flush=True)
        grown = await soak.run(options.warm_up, options.minutes * 60, options.every)
    errors = [f"{count} x {kind}: {what}" for (kind, what), count in sorted(soak.load.errors.items())]
    print(f"\ndone: {_counts(soak.load.done)}\nleft out: {_counts(soak.load.left_out)}")
    for title, lines in (("unexpected", errors), ("grown", grown)):
        print("\n  ".join([f"{title}:", *(lines or ["nothing"])]))
    if options.json:
        _write(options.json, soak, errors, grown)
    return 1 if errors or grown else 0


def _counts(counter: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in sorted(counter.items())) or "nothing"


def _write(path: Path, soak: Soak, errors: Sequence[str], grown: Sequence[str]) -> None:
    document = {
        "samples": [asdict(sample) for sample in soak.samples],
        "done": soak.load.done,
        "left_out": soak.load.left_out,
        "unexpected": errors,
        "grown": grown,
    }
    path.write_text(json.dumps(document, indent=2) + "\n")


if __name__ == "__main__":
    sys.exit(main())

"""The attacks themselves, for seconds: what they cost is for `scripts/attacks` to say."""

import json
import subprocess
import sys
from pathlib import Path

from whorl_process import ROOT, environment

NAMES = ("endless-header-value", "expecting", "hang-ups", "resets")


def attacks(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bench.attacks", *arguments]
    return subprocess.run(
        command, env=environment(), cwd=ROOT, capture_output=True, text=True, timeout=100, check=False
    )


def test_neighbours_are_answered_during_short_attacks(tmp_path: Path) -> None:
    ended = attacks("--seconds=0.4", f"--json={tmp_path / 'rows.json'}", *(f"--only={name}" for name in NAMES))
    assert (ended.returncode, ended.stderr) == (0, ""), ended.stdout
    rows = json.loads((tmp_path / "rows.json").read_text())["rows"]
    asked = {row["attack"]: [each["asked"] for each in rows if each["attack"] == row["attack"]] for row in rows}
    assert asked == {name: ["neighbour"] for name in NAMES} | {"expecting": ["neighbour", "victim"]}
    assert all(row["p99"] >= row["p50"] > 0 and row["memory"]["most"] >= row["memory"]["before"] > 0 for row in rows)
    outcomes = {row["attack"]: row["outcomes"] for row in rows}
    assert outcomes["endless-header-value"]["431"] > 4
    assert outcomes["expecting"]["held"] > 100
    assert outcomes["resets"]["left"] > 100


def test_an_attack_that_there_is_not_is_named() -> None:
    ended = attacks("--only", "endless")
    assert ended.returncode == 2
    assert ended.stderr.startswith("Error: there is no attack `endless`; there are endless-header-value, ")

"""The soak itself, for seconds: whether it leaks for minutes is for `scripts/soak` to say."""

import json
import subprocess
import sys
from pathlib import Path

from whorl_process import ROOT, environment

KINDS = ("plain", "pipelined", "leaves-in-head", "leaves-in-body", "expect-continue", "no-answer", "slow-upload")


def test_a_short_soak_reports_what_it_saw_and_finds_nothing(tmp_path: Path) -> None:
    pace = ["--minutes", "0.05", "--warm-up", "1", "--every", "1.5", "--json", str(tmp_path / "seen.json")]
    command = [sys.executable, "-m", "bench.soak", *pace, *(f"--only={kind}" for kind in KINDS)]
    ended = subprocess.run(
        command, env=environment(), cwd=ROOT, capture_output=True, text=True, timeout=100, check=False
    )
    assert (ended.returncode, ended.stderr) == (0, ""), ended.stdout
    seen = json.loads((tmp_path / "seen.json").read_text())
    assert set(seen["done"]) == set(KINDS)
    assert (seen["unexpected"], seen["grown"]) == ([], [])
    moments = [sample["moment"] for sample in seen["samples"]]
    assert moments == ["start", "load", "load", "end"]
    assert all(sample["memory"] and sample["inside"]["instances"] for sample in seen["samples"])
    assert seen["samples"][1]["rate"] > 10


def test_a_kind_that_there_is_not_is_named() -> None:
    command = [sys.executable, "-m", "bench.soak", "--only", "plane"]
    ended = subprocess.run(
        command, env=environment(), cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 2
    assert ended.stderr.startswith("Error: there is no kind `plane`; there are plain, pipelined, ")

"""Nothing of ours that reaches wasmtime ends the process, whatever it is."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import values_fuzz

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("part", values_fuzz.PARTS)
def test_the_process_outlives_thousands_of_values(part: str) -> None:
    path = os.pathsep.join(map(str, (ROOT / "platform", ROOT / "tests/unit/engine")))
    ended = subprocess.run(
        [sys.executable, "-X", "faulthandler", values_fuzz.__file__, part],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (0, "alive\n"), ended.stderr[-4000:]

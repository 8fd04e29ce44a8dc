"""A hundred thousand mutated messages over real sockets: none hangs, is run twice, or leaves anything behind."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

_TESTS = Path(__file__).parents[1]
_INPUTS = 50_000
_SEEDS = (1, 2)


def _fuzzer(seed: int) -> subprocess.Popen[str]:
    paths = os.pathsep.join(str(path) for path in (_TESTS / "support", _TESTS.parent / "platform"))
    command = [sys.executable, "-W", "error", "-m", "http1_fuzz", "--seed", str(seed), "--inputs", str(_INPUTS)]
    environment = {**os.environ, "PYTHONPATH": paths}
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


@pytest.mark.timeout(300)
def test_mutated_messages_do_no_harm() -> None:
    """Two processes, each with a server and its clients, share the inputs."""
    fuzzers = [_fuzzer(seed) for seed in _SEEDS]
    try:
        outputs = [fuzzer.communicate()[0] for fuzzer in fuzzers]
    finally:
        for fuzzer in fuzzers:
            fuzzer.kill()
            fuzzer.wait()
    for fuzzer, output in zip(fuzzers, outputs, strict=True):
        assert fuzzer.returncode == 0, output
        last = re.search(r"(\d+) inputs, (\d+) requests served, 0 findings\n\Z", output)
        assert last is not None, output
        assert int(last[1]) == _INPUTS
        assert int(last[2]) > _INPUTS // 10

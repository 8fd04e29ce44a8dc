"""The guests of the benchmarks: committed files, but for the Python one, which is built once."""

import subprocess
import sys
from pathlib import Path

_BUILDS = Path(__file__).parents[1] / "tests" / "support" / "guest_builds.py"


class BuildError(Exception):
    """The Python guest could not be built."""


def build_python_hello() -> Path:
    """Return the component of `tests/guests/python_hello`, built if its sources have changed.

    Raises:
        BuildError: componentize-py failed, or is not there.
    """
    command = [sys.executable, str(_BUILDS), "python_hello"]
    built = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)  # noqa: S603 - our own script
    if built.returncode:
        raise BuildError(f"`{' '.join(command)}` failed with exit code {built.returncode}; its messages are above")
    return Path(built.stdout.strip())

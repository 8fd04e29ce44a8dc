"""The guests of the benchmarks: committed files, but for the Python one, which is built once."""

import subprocess
from pathlib import Path

_BUILD = Path(__file__).parents[1] / "tests" / "guests" / "python_hello" / "build"


class BuildError(Exception):
    """The Python guest could not be built."""


def build_python_hello() -> Path:
    """Return the component of `tests/guests/python_hello`, built if its sources have changed.

    Raises:
        BuildError: componentize-py failed, or is not there.
    """
    built = subprocess.run([_BUILD], stdout=subprocess.PIPE, text=True, check=False)  # noqa: S603 - our own script
    if built.returncode:
        raise BuildError(f"`{_BUILD}` failed with exit code {built.returncode}; its messages are above")
    return Path(built.stdout.strip())

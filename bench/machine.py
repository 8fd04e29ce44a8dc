"""Describes the machine and the software that a table was measured with."""

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

_PARTS = ("uvicorn", "httptools", "uvloop", "wasmtime")


def description() -> str:
    """Return one line: processor, cores, system, Python and the parts that matter."""
    parts = ", ".join(f"{part} {version(part)}" for part in _PARTS)
    kernel = f"{platform.system()} {platform.release().partition('-')[0]}"
    return f"{_processor()}, {os.cpu_count()} cores; {kernel}; Python {platform.python_version()}, {parts}"


def program_version(program: str) -> str:
    """Return what a program says its version is.

    Raises:
        ValueError: it cannot be run.
    """
    try:
        run = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)  # noqa: S603 - asked for
    except (OSError, subprocess.CalledProcessError) as error:
        raise ValueError(f"`{program} --version` failed: {error}") from error
    return run.stdout.strip()


def load_warning() -> str | None:
    """Return a warning when other programs keep the machine busy, so that figures cannot be trusted."""
    load = os.getloadavg()[0]
    if load < 0.5 * (os.cpu_count() or 1):
        return None
    return f"the machine is busy (load {load:.1f}): requests/s and latencies suffer, processor times less"


def _processor() -> str:
    facts = Path("/proc/cpuinfo").read_text().splitlines()
    named = [line.partition(":")[2].strip() for line in facts if line.startswith("model name")]
    model = next(iter(named), platform.machine())
    return f"{model} (virtual)" if any("hypervisor" in line for line in facts) else model

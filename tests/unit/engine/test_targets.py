"""The processor that guests are compiled for."""

import re

import pytest
import wasmtime

from whorl.engine.configuration import EngineConfiguration, make_engine
from whorl.engine.targets import Target, host_target

EMPTY_MODULE = b"\0asm\1\0\0\0"
ENABLED = re.compile(rb"(has_\w+)\x02\x01")


def test_code_made_here_needs_exactly_the_level() -> None:
    """A feature beyond the level would keep compiled code from other machines of the same level."""
    if host_target().triple is None:
        pytest.skip("there are no levels for this machine")
    compiled = bytes(wasmtime.Module(make_engine(EngineConfiguration(max_instances=1)), EMPTY_MODULE).serialize())
    assert {flag.decode() for flag in ENABLED.findall(compiled)} == set(host_target().flags)


def test_a_target_that_this_processor_cannot_be_proven_to_run_is_refused() -> None:
    if not host_target().name.startswith("x86-64"):
        pytest.skip("the feature is one of x86-64")
    assert not Target("beyond", host_target().triple, (*host_target().flags, "has_apx")).runs_here()


def test_the_level_of_this_machine_runs_here() -> None:
    assert host_target().runs_here()

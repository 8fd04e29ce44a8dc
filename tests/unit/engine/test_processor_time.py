"""The limit of processor time."""

import time

import pytest
from engine_guests import guest
from engine_probe import Probe
from wasmtime import component as wasm

from whorl.engine.components import LinkedComponent
from whorl.engine.engines import Engine
from whorl.engine.instances import instantiate
from whorl.engine.limits import InstanceLimits
from whorl.engine.traps import LimitExceeded

pytestmark = pytest.mark.anyio

NAPS = guest(
    "(loop $again (call $wait (i32.const 16) (i32.const 0) (call $number) (i32.const 64)) (br $again))",
)


class SoonProbe(Probe):
    """Always answers a time that is about to come."""

    def __init__(self) -> None:
        self.notes = []
        self.echoed = []
        self.raises = None

    @property
    def number(self) -> int:  # type: ignore[override]
        return time.monotonic_ns() + 200_000


async def test_a_guest_that_waits_again_and_again_is_stopped_at_its_processor_time(engine: Engine) -> None:
    linked = LinkedComponent(engine, "guest", wasm.Component(engine.wasmtime, NAPS), [SoonProbe().interface()])
    instance = await instantiate(linked, InstanceLimits(cpu=0.02))
    with pytest.raises(LimitExceeded, match="`cpu`"):
        await instance.call()
    instance.close()

"""Slices of processor time, with a ticker that ticks when the guest asks for a number."""

import pytest
from engine_guests import guest
from engine_probe import Probe
from wasmtime import component as wasm

from whorl.engine import bindings
from whorl.engine.components import LinkedComponent
from whorl.engine.engines import Engine
from whorl.engine.epochs import EpochTicker
from whorl.engine.instances import instantiate
from whorl.engine.limits import InstanceLimits

pytestmark = pytest.mark.anyio

ASKS = guest("(drop (call $number)) (loop)")


class TickingProbe(Probe):
    """Lets `ticks` ticks pass whenever it is asked for a number, in place of a thread that does so."""

    def __init__(self, engine: Engine) -> None:
        self.notes = []
        self.echoed = []
        self.raises = None
        self.ticks = 0
        self.ticker = EpochTicker(engine.wasmtime)
        self.ticker.asleep = False

    @property
    def number(self) -> int:  # type: ignore[override]
        for _ in range(self.ticks):
            bindings.increment_epoch(self.ticker._address)
            self.ticker.ticks += 1
        return 0


async def test_a_guest_that_was_late_once_has_whole_slices_again(engine: Engine) -> None:
    """Its next calls take one tick each, which is less than a slice: none of them pauses."""
    probe = TickingProbe(engine)
    linked = LinkedComponent(engine, "guest", wasm.Component(engine.wasmtime, ASKS), [probe.interface()])
    linked.ticker = probe.ticker
    instance = await instantiate(linked, InstanceLimits())
    probe.ticks = 2
    late = instance.call()
    assert not late.step()
    await late.finish()
    probe.ticks = 1
    for _ in range(3):
        assert instance.call().step()
    instance.close()
    linked.close()

"""Engines that nobody closes: the process goes on, and ends as it should. Each in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]

PROGRAM = """
import asyncio, gc, sys, threading, time
from engine_guests import NOTE
from engine_probe import Probe
from wasmtime import component as wasm
from whorl.engine.components import LinkedComponent
from whorl.engine.engines import Engine
from whorl.engine.instances import instantiate
from whorl.engine.limits import InstanceLimits

async def use():
    engine = Engine()
    linked = LinkedComponent(engine, "guest", wasm.Component(engine.wasmtime, NOTE), [Probe().interface()])
    instance = await instantiate(linked, InstanceLimits())
    await instance.call()
    return engine, linked, instance

def tick():
    time.sleep(0.03)

def ticking():
    return any(thread.name == "whorl-epochs" for thread in threading.enumerate())

"""

LEAVE = {
    "everything": "kept = asyncio.run(use()); tick()",
    "the engine alone": """
engine, linked, instance = asyncio.run(use())
instance.close(); linked.close()
del engine, linked, instance
gc.collect(); tick()
assert not ticking()
""",
    "the engine, with its component": """
engine, linked, instance = asyncio.run(use())
instance.close()
del engine, instance
gc.collect(); tick()
assert ticking() and linked.engine.address
del linked
gc.collect(); tick()
assert not ticking()
""",
    "the engine in a circle": """
engine, linked, instance = asyncio.run(use())
instance.close(); linked.close()
engine.itself = engine
del engine, linked, instance
gc.collect(); tick()
assert not ticking()
""",
    "the engine to the thread that ticks": """
engine, linked, instance = asyncio.run(use())
instance.close(); linked.close()
engine.itself = engine
del linked, instance
time.sleep(0.5)
assert engine.ticker.asleep
ticker, engine = engine.ticker, None
class Collecting(int):
    def __add__(self, other):
        gc.collect()
        return Collecting(int(self) + other)
ticker.ticks = Collecting(0)
ticker.running = True
ticker.rouse()
del ticker
tick(); tick()
assert not ticking()
""",
    "many engines": """
for _ in range(20):
    engine, linked, instance = asyncio.run(use())
    instance.close(); linked.close()
    del engine, linked, instance
tick()
""",
    "a component of a closed engine": """
engine, linked, instance = asyncio.run(use())
instance.close()
engine.close()
async def again():
    await instantiate(linked, InstanceLimits())
try:
    asyncio.run(again())
except RuntimeError as error:
    assert "is closed" in str(error)
else:
    sys.exit("it was instantiated")
""",
}


@pytest.mark.parametrize("leaving", LEAVE)
def test_what_is_left_behind_does_not_take_the_process_down(leaving: str) -> None:
    path = os.pathsep.join(map(str, (ROOT / "platform", ROOT / "tests/unit/engine")))
    ended = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-W", "default", "-c", f"{PROGRAM}{LEAVE[leaving]}\nprint('ended')"],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (0, "ended\n"), ended.stderr
    if leaving != "a component of a closed engine":
        assert "ResourceWarning: an engine was not closed" in ended.stderr

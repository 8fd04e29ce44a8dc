"""What a call of an export from Python costs, beside a call of Python by a guest: a string and a string back."""

import tempfile
from pathlib import Path
from statistics import median
from time import thread_time

from whorl.engine.bridges.bridge import Bridge
from whorl.engine.bridges.descriptions import BridgeDescription
from whorl.engine.cache import CompiledCache
from whorl.engine.components import LinkedComponent
from whorl.engine.compositions import ComponentSource, Composition
from whorl.engine.engines import Engine
from whorl.engine.exports.descriptions import CallerDescription
from whorl.engine.exports.exports import Exports
from whorl.engine.instances import instantiate
from whorl.engine.limits import InstanceLimits
from whorl.engine.loading import ComponentLoader

_CALLS = 2000
_ROUNDS = 25
_TEXT = "a customer by the name of Ada"
_INTERFACE = "bench:exports/host@1.0.0"
_GUEST = b"""(component
  (import "bench:exports/host@1.0.0" (instance $host (export "echo" (func (param "text" string) (result string)))))
  (core module $memory
    (memory (export "memory") 1)
    (global $top (mut i32) (i32.const 1024))
    (func (export "reset") (global.set $top (i32.const 1024)))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (local $at i32)
      (local.set $at (i32.and (i32.add (global.get $top) (i32.const 15)) (i32.const -16)))
      (global.set $top (i32.add (local.get $at) (local.get 3)))
      (local.get $at)))
  (core instance $m (instantiate $memory))
  (core func $asked (canon lower (func $host "echo")
    (memory (core memory $m "memory")) (realloc (core func $m "realloc"))))
  (core module $code
    (import "host" "echo" (func $asked (param i32 i32 i32)))
    (import "host" "memory" (memory 1))
    (import "host" "reset" (func $reset))
    (func (export "echo") (param i32 i32) (result i32)
      (i32.store (i32.const 8) (local.get 0)) (i32.store (i32.const 12) (local.get 1))
      (call $reset)
      (i32.const 8))
    (func (export "ask") (param $text i32) (param $size i32) (param $times i32)
      (loop $again
        (call $asked (local.get $text) (local.get $size) (i32.const 8))
        (call $reset)
        (br_if $again (local.tee $times (i32.sub (local.get $times) (i32.const 1)))))))
  (core instance $code (instantiate $code (with "host" (instance
    (export "echo" (func $asked)) (export "memory" (memory $m "memory"))
    (export "reset" (func $m "reset"))))))
  (func (export "echo") (param "text" string) (result string) (canon lift (core func $code "echo")
    (memory (core memory $m "memory")) (realloc (core func $m "realloc"))))
  (func (export "ask") (param "text" string) (param "times" u32) (canon lift (core func $code "ask")
    (memory (core memory $m "memory")) (realloc (core func $m "realloc")))))"""
"""Gives a string back, and asks Python for one so many times."""


class _Host:
    def echo(self, text: str) -> str:
        return text


async def export_calls() -> tuple[float, float]:
    """Return the microseconds of processor time of a call of an export, and of one of Python, measured by turns."""
    with Engine() as engine, tempfile.TemporaryDirectory() as folder:
        composition = Composition((ComponentSource("bench", _GUEST),), hosted=(_INTERFACE,), called=())
        code, (told,), caller = ComponentLoader(engine, CompiledCache(Path(folder))).load("bench", composition)
        exports = Exports("bench", CallerDescription.from_json(caller or ""))
        bridge = Bridge("bench", BridgeDescription.from_json(told.description), {_INTERFACE: _Host()}, set())
        linked = LinkedComponent(engine, "bench", code, [bridge.interface(), exports.interface()])
        instance = await instantiate(linked, InstanceLimits())
        echo, ask = exports.find("echo"), exports.find("ask")
        rounds = []
        for _ in range(_ROUNDS):
            began = thread_time()
            for _ in range(_CALLS):
                await exports.call(instance, echo, _TEXT)
            called = thread_time()
            await exports.call(instance, ask, _TEXT, _CALLS)
            rounds.append((called - began, thread_time() - called))
        instance.close()
        linked.close()
    of_export, of_python = (median(each) / _CALLS * 1e6 for each in zip(*rounds, strict=True))
    return of_export, of_python

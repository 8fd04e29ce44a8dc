"""The processor that guests are compiled for: one of a few common levels, so that compiled code can travel.

Left alone, wasmtime compiles for everything that this machine's processor can do, and a lesser machine refuses the
result: an image built on one host would not start on another. The levels are those of the x86-64 psABI; guests gain
nothing measurable from what lies beyond the third. On other architectures the base instruction set is the level.
"""

import functools
import platform
from dataclasses import dataclass
from typing import Final

import wasmtime
from wasmtime import _bindings

_EMPTY_MODULE: Final = b"\0asm\1\0\0\0"
_V2: Final = ("has_sse3", "has_ssse3", "has_sse41", "has_sse42", "has_popcnt", "has_cmpxchg16b")
_V3: Final = (*_V2, "has_avx", "has_avx2", "has_bmi1", "has_bmi2", "has_fma", "has_lzcnt")


@dataclass(frozen=True, slots=True)
class Target:
    """What code is compiled for.

    Attributes:
        name: the level, for the key of compiled code.
        triple: wasmtime's name of the platform; None: this machine and whatever it can do.
        flags: the features of the processor beyond its architecture's base.
    """

    name: str
    triple: str | None = None
    flags: tuple[str, ...] = ()

    def apply(self, config: wasmtime.Config) -> None:
        """Make engines of `config` compile for this target."""
        if self.triple is None:
            return
        pointer = config.ptr()
        error = _bindings.wasmtime_config_target_set(pointer, self.triple.encode())
        if error:
            raise wasmtime.WasmtimeError._from_ptr(error)  # noqa: SLF001
        for flag in self.flags:
            _bindings.wasmtime_config_cranelift_flag_enable(pointer, flag.encode())

    def runs_here(self) -> bool:
        """Tell whether this machine's processor has all that the target needs."""
        config = wasmtime.Config()
        self.apply(config)
        try:
            wasmtime.Module(wasmtime.Engine(config), _EMPTY_MODULE)
        except wasmtime.WasmtimeError:
            return False
        return True


_LEVELS: Final = {
    ("Linux", "x86_64"): (
        Target("x86-64-v3", "x86_64-unknown-linux-gnu", _V3),
        Target("x86-64-v2", "x86_64-unknown-linux-gnu", _V2),
        Target("x86-64", "x86_64-unknown-linux-gnu"),
    ),
    ("Linux", "aarch64"): (Target("aarch64", "aarch64-unknown-linux-gnu"),),
}


@functools.cache
def host_target() -> Target:
    """Return the highest level that this machine runs; found out once, in about a millisecond."""
    native = Target(f"{platform.machine()}-native")
    levels = _LEVELS.get((platform.system(), platform.machine()), ())
    return next((level for level in levels if level.runs_here()), native)

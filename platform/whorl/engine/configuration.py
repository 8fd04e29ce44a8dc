"""The engine's configuration: how many instances are planned for, and how wasmtime is set up for them."""

import hashlib
import platform
from dataclasses import dataclass, fields, replace
from importlib.metadata import version
from typing import Any

import wasmtime
from wasmtime import _bindings

from whorl.engine.budgets import Budget, is_reservable
from whorl.engine.targets import host_target
from whorl.errors import EngineError

_KIB = 1 << 10
_MIB = 1 << 20
_CORE_INSTANCES_EACH = 24
_MEMORIES_EACH = 6
_TABLES_EACH = 16

_SLOT = (4 << 30) + 32 * _MIB
"""Address space of a pooled memory: all that a guest can address, and a guard. Saves every check of an address."""

_ELEMENT = 16
_PART_OF_ADDRESS_SPACE = 2
_MAPPINGS_EACH = 32
_MEMORY_EACH = _MIB
_LEAST_POOLED = 16
_UNPOOLED_EACH = 64 * _MIB
_UNPOOLED_GROWTH = _MIB


_RANGES = {
    "max_instances": (1, 1 << 40),
    "max_memory": (1 << 16, 1 << 32),
    "max_table_elements": (1, 1 << 24),
    "memory_keep_resident": (0, 1 << 32),
    "table_keep_resident": (0, 1 << 32),
    "stack_keep_resident": (0, 1 << 32),
    "stack_size": (256 * _KIB, 256 * _MIB),
    "wasm_stack_size": (64 * _KIB, 128 * _MIB),
}


@dataclass(frozen=True, slots=True)
class EngineConfiguration:
    """How the engine is set up. All sizes in bytes.

    Attributes:
        max_instances: component instances that live at once, over all pools.
        max_memory: what a linear memory can grow to at most, whatever its instance's limit says.
        max_table_elements: what a table can grow to at most.
        memory_keep_resident: how much of a memory is reset by writing zeros instead of giving its pages back.
        table_keep_resident: the same for tables.
        stack_keep_resident: the same for the stacks of fibers.
        stack_size: the stack of a fiber, host calls included.
        wasm_stack_size: what a guest may use of it.
        concurrency: the component model's async functions (WASI 0.3); makes each call dearer.
        is_pooled: memories are slots of one large reservation. Without, each is mapped by itself and no larger than it
            must be, and the code checks addresses: slower, for processes with little address space.

    Raises:
        ValueError: a value is none that wasmtime takes; it would end the process.
    """

    max_instances: int = 1000
    max_memory: int = 4096 * _MIB
    max_table_elements: int = 100_000
    memory_keep_resident: int = 32 * _KIB
    table_keep_resident: int = 64 * _KIB
    stack_keep_resident: int = 64 * _KIB
    stack_size: int = 2 * _MIB
    wasm_stack_size: int = 512 * _KIB
    concurrency: bool = False
    is_pooled: bool = True

    def __post_init__(self) -> None:
        for name, (least, most) in _RANGES.items():
            value = getattr(self, name)
            if type(value) is not int or not least <= value <= most:
                raise ValueError(f"`{name}` must be a number from {least} to {most}, not {value!r}")
        if self.wasm_stack_size > self.stack_size // 2:
            raise ValueError("`wasm_stack_size` must leave half of `stack_size` to the host")

    @classmethod
    def fitting(cls, budget: Budget) -> "EngineConfiguration":
        """Return a configuration for as many instances as `budget` allows.

        Raises:
            EngineError: it does not allow one.
        """
        pooled = cls()
        space = budget.address_space // _PART_OF_ADDRESS_SPACE
        most = min(budget.mappings // _MAPPINGS_EACH, budget.memory // _MEMORY_EACH)
        count = min(most, space // pooled.address_space_each())
        while count >= _LEAST_POOLED:
            pooled = replace(pooled, max_instances=count)
            if is_reservable(pooled.address_space()):
                return pooled
            count //= 2
        count = min(most, space // _UNPOOLED_EACH)
        if not count:
            raise EngineError(
                f"no instance fits into this process: {budget.address_space // _MIB} MiB of address space are left, and"
                f" one needs {_PART_OF_ADDRESS_SPACE * _UNPOOLED_EACH // _MIB}; raise its limit (`ulimit -v`)"
            )
        return replace(pooled, max_instances=count, is_pooled=False)

    def address_space_each(self) -> int:
        """Return the bytes of address space that are reserved for one instance of the pool."""
        return _MEMORIES_EACH * _SLOT + _TABLES_EACH * self.max_table_elements * _ELEMENT + self.stack_size

    def address_space(self) -> int:
        """Return the bytes of address space that are reserved at once."""
        return self.max_instances * self.address_space_each() if self.is_pooled else 0

    @property
    def pooled_memories(self) -> int:
        """How many memories the pool has room for; 0 without one."""
        return self.max_instances * _MEMORIES_EACH if self.is_pooled else 0

    def fingerprint(self) -> str:
        """Return a digest of everything that compiled code depends on."""
        compiled_in = ("max_memory", "concurrency", "is_pooled")
        settings = {field.name: getattr(self, field.name) for field in fields(self) if field.name in compiled_in}
        parts = (version("wasmtime"), platform.system(), host_target().name, sorted(settings.items()))
        return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]


def make_engine(configuration: EngineConfiguration) -> wasmtime.Engine:
    """Return a wasmtime engine that allocates as `configuration` says.

    Raises:
        EngineError: the process does not have the address space; wasmtime would end it.
    """
    size = configuration.address_space()
    if size and not is_reservable(size):
        raise EngineError(
            f"a pool of {configuration.max_instances} instances does not fit into this process: {size // _MIB} MiB of"
            " address space cannot be had in one piece; raise its limit (`ulimit -v`)"
        )
    config = wasmtime.Config()
    config.wasm_component_model = True
    config.epoch_interruption = True
    host_target().apply(config)
    pointer = config.ptr()
    _bindings.wasmtime_config_concurrency_support_set(pointer, configuration.concurrency)
    _bindings.wasmtime_config_async_stack_size_set(pointer, configuration.stack_size)
    _bindings.wasmtime_config_max_wasm_stack_set(pointer, configuration.wasm_stack_size)
    if configuration.is_pooled:
        _allocate_from_pool(pointer, configuration)
    else:
        _bindings.wasmtime_config_memory_reservation_set(pointer, 0)
        _bindings.wasmtime_config_memory_guard_size_set(pointer, 0)
        _bindings.wasmtime_config_memory_reservation_for_growth_set(pointer, _UNPOOLED_GROWTH)
    return wasmtime.Engine(config)


def _allocate_from_pool(pointer: Any, configuration: EngineConfiguration) -> None:
    pooling = _bindings.wasmtime_pooling_allocation_config_new()
    for name, value in _pooling_settings(configuration).items():
        getattr(_bindings, f"wasmtime_pooling_allocation_config_{name}_set")(pooling, value)
    _bindings.wasmtime_pooling_allocation_strategy_set(pointer, pooling)
    _bindings.wasmtime_pooling_allocation_config_delete(pooling)


def _pooling_settings(configuration: EngineConfiguration) -> dict[str, int]:
    count = configuration.max_instances
    return {
        "total_component_instances": count,
        "total_core_instances": count * _CORE_INSTANCES_EACH,
        "total_memories": configuration.pooled_memories,
        "total_tables": count * _TABLES_EACH,
        "total_stacks": count,
        "max_core_instances_per_component": 200,
        "max_memories_per_component": 32,
        "max_tables_per_component": 64,
        "max_component_instance_size": 8 * _MIB,
        "max_core_instance_size": 8 * _MIB,
        "max_memory_size": configuration.max_memory,
        "table_elements": configuration.max_table_elements,
        "max_unused_warm_slots": 100,
        "linear_memory_keep_resident": configuration.memory_keep_resident,
        "table_keep_resident": configuration.table_keep_resident,
        "async_stack_keep_resident": configuration.stack_keep_resident,
    }

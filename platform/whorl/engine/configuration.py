"""The engine's configuration: how many instances are planned for, and how wasmtime is set up for them."""

import hashlib
import platform
from dataclasses import dataclass, fields
from importlib.metadata import version

import wasmtime
from wasmtime import _bindings

from whorl.engine.targets import host_target

_KIB = 1 << 10
_MIB = 1 << 20
_CORE_INSTANCES_EACH = 24
_MEMORIES_EACH = 6
_TABLES_EACH = 16


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
    """

    max_instances: int = 1000
    max_memory: int = 2048 * _MIB
    max_table_elements: int = 100_000
    memory_keep_resident: int = 32 * _KIB
    table_keep_resident: int = 64 * _KIB
    stack_keep_resident: int = 64 * _KIB
    stack_size: int = 2 * _MIB
    wasm_stack_size: int = 512 * _KIB
    concurrency: bool = False

    def fingerprint(self) -> str:
        """Return a digest of everything that compiled code depends on."""
        compiled_in = ("max_memory", "concurrency")
        settings = {field.name: getattr(self, field.name) for field in fields(self) if field.name in compiled_in}
        parts = (version("wasmtime"), platform.system(), host_target().name, sorted(settings.items()))
        return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]


def make_engine(configuration: EngineConfiguration) -> wasmtime.Engine:
    """Return a wasmtime engine that allocates from a pool sized for `configuration`."""
    config = wasmtime.Config()
    config.wasm_component_model = True
    config.epoch_interruption = True
    host_target().apply(config)
    pointer = config.ptr()
    _bindings.wasmtime_config_concurrency_support_set(pointer, configuration.concurrency)
    _bindings.wasmtime_config_async_stack_size_set(pointer, configuration.stack_size)
    _bindings.wasmtime_config_max_wasm_stack_set(pointer, configuration.wasm_stack_size)
    pooling = _bindings.wasmtime_pooling_allocation_config_new()
    for name, value in _pooling_settings(configuration).items():
        getattr(_bindings, f"wasmtime_pooling_allocation_config_{name}_set")(pooling, value)
    _bindings.wasmtime_pooling_allocation_strategy_set(pointer, pooling)
    _bindings.wasmtime_pooling_allocation_config_delete(pooling)
    return wasmtime.Engine(config)


def _pooling_settings(configuration: EngineConfiguration) -> dict[str, int]:
    count = configuration.max_instances
    return {
        "total_component_instances": count,
        "total_core_instances": count * _CORE_INSTANCES_EACH,
        "total_memories": count * _MEMORIES_EACH,
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

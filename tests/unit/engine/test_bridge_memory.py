"""The memory of a bridge: what `cabi_realloc` of its core module does with sizes and addresses that no engine uses."""

from collections.abc import Callable, Iterator

import pytest
import wasmtime
from bridge_guests import INTERFACE, guest
from bridge_hosts import ARENA

from whorl.engine.cache import CompiledCache
from whorl.engine.tools import ComponentTools, cached_in

MIB = 1 << 20
_HEADER = 8
_CORE_MODULE = 1


class Module:
    """An instance of the core module of a bridge, without a component around it."""

    def __init__(self, code: bytes, store: wasmtime.Store) -> None:
        module = wasmtime.Module(store.engine, code)
        linker = wasmtime.Linker(store.engine)
        linker.define_unknown_imports_as_traps(module)
        exports = linker.instantiate(store, module).exports(store)
        memory, realloc = exports["memory"], exports["cabi_realloc"]
        assert isinstance(memory, wasmtime.Memory)
        assert isinstance(realloc, wasmtime.Func)
        self._store = store
        self._memory = memory
        self._realloc = realloc

    def realloc(self, old: int, old_size: int, align: int, size: int) -> int:
        """Return the address, which the engine takes for negative from 2 GiB on."""
        return int(self._realloc(self._store, signed(old), signed(old_size), align, signed(size))) % 2**32

    def write(self, address: int, content: bytes) -> None:
        self._memory.write(self._store, content, address)

    def read(self, address: int, size: int) -> bytes:
        return bytes(self._memory.read(self._store, address, address + size))


def signed(number: int) -> int:
    return number - 2**32 if number >= 2**31 else number


def first_module(component: bytes) -> bytes:
    """Return the first core module of a component."""
    offset = _HEADER
    while True:
        section, size, shift = component[offset], 0, 0
        while True:
            offset += 1
            size |= (component[offset] & 0x7F) << shift
            shift += 7
            if component[offset] < 0x80:
                break
        offset += 1
        if section == _CORE_MODULE:
            return component[offset : offset + size]
        offset += size


@pytest.fixture(scope="module")
def code() -> bytes:
    tools = ComponentTools(cached_in(CompiledCache()))
    made, _ = tools.bridge(guest('(export "f" (func (param "x" string)))'), [INTERFACE])
    return first_module(made)


@pytest.fixture
def make(code: bytes) -> Iterator[Callable[[int], Module]]:
    """Give a function that makes a bridge with so much memory at most."""
    with wasmtime.Store(wasmtime.Engine()) as store:

        def make(limit: int) -> Module:
            store.set_limits(memory_size=limit)
            return Module(code, store)

        yield make


@pytest.fixture
def module(make: Callable[[int], Module]) -> Module:
    return make(16 * MIB)


def test_blocks_lie_behind_each_other_and_are_aligned(module: Module) -> None:
    sizes = ((1, 1), (2, 3), (8, 5), (4, 0), (1, 1))
    assert [module.realloc(0, 0, align, size) for align, size in sizes] == [
        ARENA,
        ARENA + 2,
        ARENA + 8,
        ARENA + 16,
        ARENA + 16,
    ]


def test_the_last_block_grows_and_shrinks_in_place(module: Module) -> None:
    block = module.realloc(0, 0, 2, 10)
    assert module.realloc(block, 10, 2, 3 * MIB) == block
    assert module.realloc(block, 3 * MIB, 2, 5) == block
    assert module.realloc(0, 0, 1, 1) == block + 5


def test_another_block_is_moved_to_grow_and_stays_to_shrink(module: Module) -> None:
    first, second = module.realloc(0, 0, 4, 8), module.realloc(0, 0, 1, 1)
    module.write(first, b"contents")
    assert module.realloc(first, 8, 4, 3) == first
    moved = module.realloc(first, 8, 4, 100)
    assert moved == second + 4
    assert module.read(moved, 8) == b"contents"
    assert module.realloc(0, 0, 1, 1) == moved + 100


@pytest.mark.parametrize("size", [17 * MIB, 2**31, 2**32 - 1, 2**32 - ARENA, 2**32 - ARENA - 8])
def test_what_does_not_fit_into_the_memory_is_a_trap(module: Module, size: int) -> None:
    with pytest.raises(wasmtime.Trap, match="`unreachable`"):
        module.realloc(0, 0, 1, size)
    block = module.realloc(0, 0, 1, 8)
    with pytest.raises(wasmtime.Trap, match="`unreachable`"):
        module.realloc(block, 8, 1, size)


def test_the_memory_grows_to_just_what_is_needed(make: Callable[[int], Module]) -> None:
    module = make(2 * MIB)
    assert module.realloc(0, 0, 1, 2 * MIB - ARENA) == ARENA
    with pytest.raises(wasmtime.Trap, match="`unreachable`"):
        module.realloc(0, 0, 1, 1)


def test_four_gigabytes_are_too_much_even_if_they_are_there(make: Callable[[int], Module]) -> None:
    module = make(-1)
    block = module.realloc(0, 0, 1, 2**32 - ARENA - 8)
    assert module.realloc(block, 2**32 - ARENA - 8, 1, 16) == block
    for size in (2**32 - ARENA - 7, 2**32 - ARENA, 2**32 - 1):
        with pytest.raises(wasmtime.Trap, match="`unreachable`"):
            module.realloc(block, 16, 1, size)

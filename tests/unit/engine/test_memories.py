"""Adapters' memories: found by a challenge or not at all, and nothing outside of them is ever touched."""

import ctypes
import secrets
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import wasmtime

from whorl.engine.byte_queues import ByteQueue
from whorl.engine.configuration import EngineConfiguration
from whorl.engine.engines import Engine
from whorl.engine.memories import CHALLENGE_SIZE, MEMORY, Memories, Memory, Prober, Slots, _address_of_memory
from whorl.engine.packing import MalformedError

PAGE = 1 << 16
SLOT = (4 << 30) + (32 << 20)
_HIDDEN, _OPEN = 0, 3
ANSWER = b"answered"


class Reservation:
    """Address space as the engine reserves it: slots of 4 GiB and a guard, hidden but for their first pages."""

    def __init__(self, count: int) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._libc.mmap.restype = ctypes.c_void_p
        self._libc.mmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t, *(ctypes.c_int,) * 3, ctypes.c_long)
        self._libc.mprotect.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
        self._libc.munmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t)
        self._size = (count + 1) * SLOT
        self._start = self._libc.mmap(None, self._size, _HIDDEN, 0x4022, -1, 0)
        self.bases = [self._start + PAGE + number * SLOT for number in range(count)]
        self.layout = Slots(self.bases[0], SLOT, count)

    def grow(self, base: int, pages: int) -> None:
        """Make the first pages of a slot accessible."""
        assert self._libc.mprotect(base, pages * PAGE, _OPEN) == 0

    def write(self, base: int, offset: int, data: bytes) -> None:
        ctypes.memmove(base + offset, data, len(data))

    def close(self) -> None:
        self._libc.munmap(self._start, self._size)


@pytest.fixture
def slots() -> Iterator[Reservation]:
    slots = Reservation(6)
    for base in slots.bases:
        slots.grow(base, 2)
    yield slots
    slots.close()


@pytest.fixture
def prober() -> Prober:
    prober = Prober.working()
    assert prober is not None
    return prober


def challenged(slots: Reservation, base: int, offset: int = 64) -> bytes:
    challenge = secrets.token_hex(CHALLENGE_SIZE // 2).encode()
    slots.write(base, offset, challenge)
    return challenge


def test_a_memory_is_found_by_its_challenge_and_answered(slots: Reservation) -> None:
    memories = Memories(slots.layout)
    for base in slots.bases:
        memory = memories.locate(64, challenged(slots, base), ANSWER, [])
        assert memory is not None
        assert memory.base == base
        assert memory.read(64 + CHALLENGE_SIZE, 8) == ANSWER
    assert memories.probes == len(slots.bases)


def test_places_of_closed_instances_are_looked_at_first(slots: Reservation) -> None:
    memories, base = Memories(slots.layout), slots.bases[3]
    located = memories.locate(64, challenged(slots, base), ANSWER, [])
    assert located is not None
    memories.release(located)
    likely = [slots.bases[0], base]
    probes = memories.probes
    assert memories.locate(64, challenged(slots, base), ANSWER, likely) is not None
    assert likely == [slots.bases[0]]
    assert memories.probes - probes == 1


@pytest.mark.parametrize("offset", [2 * PAGE, 2 * PAGE - 8, 1 << 31, (1 << 32) - 40, (1 << 32) - 39, (1 << 32) - 1])
def test_an_offset_without_a_challenge_is_found_nowhere(slots: Reservation, offset: int) -> None:
    memories = Memories(slots.layout)
    assert memories.locate(offset, challenged(slots, slots.bases[0]), ANSWER, list(slots.bases)) is None
    assert memories.located == 0


def test_a_challenge_without_room_for_the_answer_is_not_answered(slots: Reservation) -> None:
    offset = 2 * PAGE - CHALLENGE_SIZE
    assert Memories(slots.layout).locate(offset, challenged(slots, slots.bases[0], offset), ANSWER, []) is None


def test_new_slots_are_found_behind_those_that_are_known(slots: Reservation) -> None:
    memories = Memories(slots.layout)
    for number in (3, 4):
        assert memories.locate(64, challenged(slots, slots.bases[number]), ANSWER, []) is not None
    assert memories.probes == 4 + 1
    assert memories.locate(64, challenged(slots, slots.bases[1]), ANSWER, []) is not None


def test_a_slot_in_between_is_found_though_thousands_lie_behind(slots: Reservation) -> None:
    memories = Memories(Slots(slots.bases[0], SLOT, 12_000))
    assert memories.locate(64, challenged(slots, slots.bases[5]), ANSWER, []) is not None
    assert memories.locate(64, challenged(slots, slots.bases[1]), ANSWER, []) is not None
    assert memories.probes < 60


def test_searches_in_vain_are_not_repeated_for_ever(slots: Reservation) -> None:
    memories = Memories(Slots(slots.bases[0], SLOT, 12_000))
    absent = secrets.token_hex(CHALLENGE_SIZE // 2).encode()
    for _ in range(100):
        assert memories.locate(64, absent, ANSWER, []) is None
    assert 20_000 < memories.probes == memories.in_vain < 30_000
    assert memories.locate(64, challenged(slots, slots.bases[2]), ANSWER, []) is not None


def test_a_place_that_another_has_now_is_not_looked_at(slots: Reservation) -> None:
    memories = Memories(slots.layout)
    assert memories.locate(64, challenged(slots, slots.bases[0]), ANSWER, []) is not None
    likely = [slots.bases[0]]
    assert memories.locate(64, challenged(slots, slots.bases[1]), ANSWER, likely) is not None
    assert memories.probes == 2
    assert likely == [slots.bases[0]]


def test_the_slots_of_an_engine_are_where_it_puts_memories() -> None:
    with Engine(EngineConfiguration(max_instances=20)) as engine:
        slots = Slots.of(engine.wasmtime, 120)
        store = wasmtime.Store(engine.wasmtime)
        module = wasmtime.Module(engine.wasmtime, '(module (memory (export "memory") 1))')
        places = [_address_of_memory(store, module) for _ in range(10)]
        store.close()
    assert slots is not None
    assert slots.distance == SLOT
    assert {divmod(place - slots.first, SLOT) for place in places} <= {(number, 0) for number in range(1, 120)}


def test_without_the_pool_memories_move_and_are_not_looked_for(slots: Reservation) -> None:
    memories = Memories(None)
    assert not memories.are_found
    assert memories.locate(64, challenged(slots, slots.bases[0]), ANSWER, list(slots.bases)) is None


@pytest.mark.parametrize(
    ("address", "size"),
    [(0, 2 * PAGE + 1), (2 * PAGE, 1), (2 * PAGE - 1, 2), (SLOT, 1), (1 << 32, 1), ((1 << 32) - 1, 1), (0, 1 << 32)],
)
def test_what_is_not_in_the_memory_is_neither_read_nor_written(
    slots: Reservation, prober: Prober, address: int, size: int
) -> None:
    memory = Memory(slots.bases[0], prober)
    with pytest.raises(MalformedError, match=f"{size} bytes at {address} are not"):
        memory.read(address, size)
    with pytest.raises(MalformedError):
        memory.check(address, size)
    queue = ByteQueue(b"x" * 10)
    with pytest.raises(MalformedError):
        queue.take_into(memory, address, size)
    assert queue.size == 10


def test_a_memory_that_grows_is_seen_to(slots: Reservation, prober: Prober) -> None:
    memory = Memory(slots.bases[0], prober)
    assert memory.read(PAGE, PAGE) == bytes(PAGE)
    with pytest.raises(MalformedError):
        memory.write(2 * PAGE, b"new")
    slots.grow(slots.bases[0], 17)
    memory.write(2 * PAGE, b"new")
    assert memory.read(2 * PAGE, 15 * PAGE)[:4] == b"new\0"


def test_the_last_byte_of_the_largest_memory_belongs_to_it(slots: Reservation, prober: Prober) -> None:
    slots.grow(slots.bases[0], (1 << 32) // PAGE)
    memory = Memory(slots.bases[0], prober)
    memory.write((1 << 32) - 1, b"x")
    assert memory.read((1 << 32) - 1, 1) == b"x"
    with pytest.raises(MalformedError):
        memory.read((1 << 32) - 1, 2)


def test_a_queue_is_taken_piece_by_piece_into_a_memory(slots: Reservation, prober: Prober) -> None:
    memory, queue = Memory(slots.bases[0], prober), ByteQueue(b"01234")
    for piece in (b"5", b"", b"6789"):
        queue.append(piece)
    assert queue.take(2) == b"01"
    assert queue.take_into(memory, 100, 5) == 5
    assert queue.take(99) == b"789"
    assert (memory.read(100, 6), queue.size) == (b"23456\0", 0)
    assert queue.take_into(memory, 100, 5) == 0


@dataclass
class Owner:
    memories: Memories
    memory_places: list[int]
    memory: Memory | None = None
    is_memory_hidden: bool = False
    challenge: bytes = b""


def test_an_adapter_that_names_a_wrong_place_is_not_asked_for_addresses(slots: Reservation) -> None:
    challenge, locate = (function.call for function in MEMORY.functions)
    owner = Owner(Memories(slots.layout), [])
    slots.write(slots.bases[0], 64, challenge(owner))
    assert locate(owner, 65) == 0
    assert owner.is_memory_hidden
    with pytest.raises(MalformedError, match="out of turn"):
        locate(owner, 64)


def test_a_memory_is_found_once(slots: Reservation) -> None:
    challenge, locate = (function.call for function in MEMORY.functions)
    owner = Owner(Memories(slots.layout), [])
    slots.write(slots.bases[0], 64, challenge(owner))
    assert locate(owner, 64) != 0
    assert owner.memory is not None
    slots.write(slots.bases[1], 64, challenge(owner))
    with pytest.raises(MalformedError, match="out of turn"):
        locate(owner, 64)

"""Where the linear memories of adapters lie in this process, so that long bodies need not cross as strings.

Theory of operation: with the pooling allocator a memory has a slot for itself and never moves. Slots lie one after the
other; where the first two are is seen from a module that exports its memory, which adapters, being components, cannot.
So an adapter is given a challenge that nobody can guess, writes it to a place of its own and names the offset
(`whorl:host/memory`). It is looked for at that offset of every slot that may be meant: first of those that closed
instances of the same component had, then of the others. Both sides make sure: the host by the challenge, the adapter by
an answer that it finds behind it.

Nothing is touched before the kernel has been asked whether it is there: `process_vm_readv` answers `EFAULT` for a page
that is hidden, where a direct access would end the process. What has been there once stays, as long as the guest:
memories only grow. An address and a size below 4 GiB together do not leave a slot, so whatever a guest names is its own
memory or an error.
"""

import ctypes
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import Protocol

import wasmtime

from whorl.engine.host_interfaces import HostFunction, HostInterface, ValueType
from whorl.engine.packing import MalformedError

CHALLENGE_SIZE = 32
_ANSWER_SIZE = 8
_SECRET_SIZE = CHALLENGE_SIZE // 2 + _ANSWER_SIZE
"""The challenge stands in the memory in hexadecimal, the answer as it is."""
_ADDRESSABLE = 1 << 32
_WASM_PAGE = 1 << 16
"""What memories grow by: if one byte of it is there, all of them are."""
_HAS_A_MEMORY = b"\0asm\1\0\0\0\5\3\1\0\1\7\x0a\1\6memory\2\0"
"""A module with one memory, and nothing else."""
_NEAR = 32
"""Slots behind the last one that is known, before those in between are looked at."""

_MOST_PROBES = 2000
"""Slots that are looked at for one adapter at most: some milliseconds."""

_MOST_IN_VAIN = 20_000
"""Looks of searches that found nothing, after which only few slots are looked at: somebody's memories are elsewhere."""

_NOT_POOLED = "there is not enough address space for the engine's pool (`ulimit -v`)"
_NOT_ALLOWED = "the system does not let this process read its own memory (`process_vm_readv`)"

_Slot = ctypes.c_ubyte * _ADDRESSABLE


class Memory:
    """The linear memory of an adapter, as long as its instance lives.

    Attributes:
        base: where it begins in this process.
    """

    __slots__ = ("_bytes", "_known", "_prober", "base")

    def __init__(self, base: int, prober: "Prober") -> None:
        self.base = base
        self._prober = prober
        self._known = 0
        self._bytes = memoryview(_Slot.from_address(base)).cast("B")

    def read(self, address: int, size: int) -> bytes:
        """Return a copy of `size` bytes at `address`.

        Raises:
            MalformedError: they are not in the memory.
        """
        end = address + size
        if end > self._known:
            self._reach(address, end)
        return self._bytes[address:end].tobytes()

    def write(self, address: int, data: bytes | memoryview) -> None:
        """Copy `data` to `address`.

        Raises:
            MalformedError: there is no room for it in the memory.
        """
        end = address + len(data)
        if end > self._known:
            self._reach(address, end)
        self._bytes[address:end] = data

    def check(self, address: int, size: int) -> None:
        """Make sure that `size` bytes at `address` can be written.

        Raises:
            MalformedError: they are not in the memory.
        """
        if address + size > self._known:
            self._reach(address, address + size)

    def recheck(self) -> None:
        """Ask the kernel again whether it is there: who ends a guest may reset its memory, which is smaller then."""
        self._known = 0

    def _reach(self, address: int, end: int) -> None:
        if end > _ADDRESSABLE or self._prober.read(self.base + end - 1, 1) is None:
            raise MalformedError(f"{end - address} bytes at {address} are not in the adapter's memory")
        self._known = -(-end // _WASM_PAGE) * _WASM_PAGE


class Prober:
    """Reads this process's memory by way of the kernel, which says so when there is nothing to read."""

    def __init__(self) -> None:
        self._read = ctypes.PyDLL(None).process_vm_readv
        self._read.argtypes = (ctypes.c_int, *(ctypes.c_void_p, ctypes.c_ulong) * 2, ctypes.c_ulong)
        self._read.restype = ctypes.c_ssize_t
        self._pid = os.getpid()
        self._buffer = ctypes.create_string_buffer(CHALLENGE_SIZE)
        self._local = (ctypes.c_size_t * 2)(ctypes.addressof(self._buffer), 0)
        self._remote = (ctypes.c_size_t * 2)()
        self._vectors = (ctypes.addressof(self._local), ctypes.addressof(self._remote))

    def read(self, address: int, size: int) -> bytes | None:
        """Return `size` bytes at `address`, at most 32; None where they are not accessible."""
        local, remote = self._vectors
        self._remote[0], self._remote[1] = address, size
        self._local[1] = size
        if self._read(self._pid, local, 1, remote, 1, 0) != size:
            return None
        return self._buffer.raw[:size]

    @classmethod
    def working(cls) -> "Prober | None":
        """Return one, None where the system has no such call or forbids it."""
        if not sys.platform.startswith("linux"):
            return None
        try:
            prober = cls()
        except AttributeError:
            return None
        known = ctypes.create_string_buffer(b"known", CHALLENGE_SIZE)
        page = os.sysconf("SC_PAGE_SIZE")
        is_right = prober.read(ctypes.addressof(known), 5) == b"known" and prober.read(page, 1) is None
        return prober if is_right else None


@dataclass(frozen=True, slots=True)
class Slots:
    """Where the memories of an engine's pool lie: the first, how far the next is from it, and how many there are."""

    first: int
    distance: int
    count: int

    @classmethod
    def of(cls, engine: wasmtime.Engine, count: int) -> "Slots | None":
        """Return those of `engine`, of which no instance has been made; None if they are not what is expected."""
        store, module = wasmtime.Store(engine), wasmtime.Module(engine, _HAS_A_MEMORY)
        try:
            first, second = (_address_of_memory(store, module) for _ in range(2))
        finally:
            store.close()
            module.close()
        distance = second - first
        return cls(first, distance, count) if distance >= _ADDRESSABLE else None


def _address_of_memory(store: wasmtime.Store, module: wasmtime.Module) -> int:
    memory = wasmtime.Instance(store, module, []).exports(store)["memory"]
    if not isinstance(memory, wasmtime.Memory):
        raise TypeError("a memory is exported as something else")
    return ctypes.cast(memory.data_ptr(store), ctypes.c_void_p).value or 0


class Memories:
    """The memories of one engine. Not for several threads.

    Attributes:
        hidden_because: why they cannot be found; None if they can.
        located: how many adapters' memories have been found, over the engine's life.
        probes: how often a slot was looked at.
        in_vain: how often when nothing was found.
    """

    def __init__(self, slots: Slots | None) -> None:
        self._slots = slots
        self._prober = Prober.working() if slots is not None else None
        self.hidden_because: str | None = None
        if self._prober is None:
            self.hidden_because = _NOT_POOLED if slots is None else _NOT_ALLOWED
        self.located = self.probes = self.in_vain = 0
        self._known: set[int] = set()
        self._live: set[int] = set()

    def locate(self, offset: int, challenge: bytes, answer: bytes, likely: list[int]) -> Memory | None:
        """Return the memory that has `challenge` at `offset`; `answer` now stands behind it.

        Args:
            offset: where an adapter says that it is; a guest's, as everything.
            challenge: what was given to that adapter alone.
            answer: what nobody knows yet.
            likely: the bases of memories to look at first; the one that is found is taken out.

        Returns None if there is none.
        """
        prober = self._prober
        if prober is None or offset + CHALLENGE_SIZE + _ANSWER_SIZE > _ADDRESSABLE:
            return None
        most = _MOST_PROBES if self.in_vain < _MOST_IN_VAIN else _NEAR
        looks = 0
        for looks, base in enumerate(islice(self._candidates(likely), most), start=1):  # noqa: B007 - used behind it
            if prober.read(base + offset, CHALLENGE_SIZE) == challenge:
                break
        else:
            self.probes += looks
            self.in_vain += looks
            return None
        self.probes += looks
        if base in likely:
            likely.remove(base)
        memory = Memory(base, prober)
        try:
            memory.write(offset + CHALLENGE_SIZE, answer)
        except MalformedError:
            return None
        self._known.add(base)
        self._live.add(base)
        self.located += 1
        return memory

    @property
    def are_found(self) -> bool:
        """Whether they can be found at all."""
        return self._prober is not None

    @property
    def live(self) -> int:
        """How many of those that were found belong to instances that are not closed."""
        return len(self._live)

    def release(self, memory: Memory) -> None:
        """The instance that `memory` belonged to is closed: another may have its place."""
        self._live.discard(memory.base)

    def _candidates(self, likely: list[int]) -> Iterator[int]:
        """Give the slots that an instance may have, the likely ones first: the engine takes new ones in their order."""
        known, live, slots = self._known, self._live, self._slots
        yield from (base for base in reversed(likely) if base not in live)
        yield from known - live
        if slots is not None:
            highest, distance = max(known, default=slots.first), slots.distance
            end = slots.first + slots.count * distance
            near = min(highest + _NEAR * distance, end)
            # Not all of those behind before those in between: there are thousands of them.
            for base in chain(range(highest, near, distance), range(slots.first, highest, distance)):
                if base not in known:
                    yield base
            yield from range(near, end, distance)


class HasMemory(Protocol):
    """Whose adapter's memory may have been found."""

    @property
    def memory(self) -> Memory | None:
        """Where it is, if that is known."""


class Owner(Protocol):
    """Whose adapter's memory may be found: an instance.

    Attributes:
        memory: where it is, once that is known.
        is_memory_hidden: it cannot be found.
        challenge: what its adapter was challenged with, and the answer, until that is given.
    """

    memory: Memory | None
    is_memory_hidden: bool
    challenge: bytes

    @property
    def memories(self) -> Memories:
        """Those of its engine."""

    @property
    def memory_places(self) -> list[int]:
        """Where closed instances of the same component had theirs."""


def memory_of(caller: HasMemory) -> Memory:
    """Return the memory that a caller's adapter names addresses of.

    Raises:
        MalformedError: it has not been found, so there are no addresses.
    """
    if caller.memory is None:
        raise MalformedError("an adapter named an address though its memory has not been found")
    return caller.memory


def challenge(owner: Owner) -> bytes:
    """Return what the adapter is to write to a place of its own; nothing when its memory is known."""
    owner.is_memory_hidden |= not owner.memories.are_found
    if owner.memory is not None or owner.is_memory_hidden:
        return b""
    owner.challenge = secret = os.urandom(_SECRET_SIZE)
    return secret[: CHALLENGE_SIZE // 2].hex().encode()


def locate(owner: Owner, offset: int) -> int:
    """Look for the memory that has what `challenge` gave at `offset`; return what stands behind it now, or 0.

    Raises:
        MalformedError: nothing was given, or the memory is known.
    """
    secret, owner.challenge = owner.challenge, b""
    if not secret or owner.memory is not None:
        raise MalformedError("an adapter asked for its memory out of turn")
    challenge, answer = secret[: CHALLENGE_SIZE // 2].hex().encode(), secret[CHALLENGE_SIZE // 2 :]
    owner.memory = owner.memories.locate(offset, challenge, answer, owner.memory_places)
    if owner.memory is None:
        owner.is_memory_hidden = True
        return 0
    return int.from_bytes(answer, "little")


MEMORY = HostInterface(
    "whorl:host/memory@0.1.0",
    (
        HostFunction("challenge", (), ValueType.STRING, challenge),
        HostFunction("locate", (ValueType.U32,), ValueType.U64, locate),
    ),
)

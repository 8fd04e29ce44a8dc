"""An instance: one guest's life in a store of its own, from instantiation until it is closed."""

import asyncio
import ctypes
import warnings
from typing import Any

from whorl.engine import bindings
from whorl.engine.call_spaces import ERROR_OFFSET, FUNCTION_OFFSET, CallSpace
from whorl.engine.components import LinkedComponent
from whorl.engine.epochs import EpochTicker
from whorl.engine.fibers import Call
from whorl.engine.host_interfaces import ValueType
from whorl.engine.kept import Kept
from whorl.engine.limits import InstanceLimits
from whorl.engine.memories import Memories, Memory
from whorl.engine.tasks import TaskTable
from whorl.engine.values import make_reader

_UNLIMITED = -1
_read_pages = make_reader((ValueType.U32,))


class Instance:
    """One instance of a composed component. Serves one call at a time; must be closed.

    Attributes:
        component: the id of the component, for messages.
        tasks: what takes time for this guest, and whether it is ready.
        state: what capabilities keep for this instance, each under a key of its own.
        wake: the future that the suspended guest waits for, None while it runs or merely yielded.
        failure: what a host function raised during the current call.
        poisoned: the guest trapped or was dropped in the middle of a call: it must not be used again.
        served: how many requests it has served.
        born: when it was made, on the event loop's clock; `released` likewise, when it last ended a request.
        cpu_used: seconds of processor time of the current call.
        deadline_set_at: the tick at which its slice of processor time was last measured out.
        host_calls: how often the guest called the host, over its life.
        memory: where its adapter has its memory, once that is known; for long bodies.
        is_memory_hidden: it cannot be found.
        challenge: by which it is being looked for.
    """

    __slots__ = (
        "_address",
        "_store",
        "born",
        "challenge",
        "closed",
        "component",
        "context",
        "cpu_used",
        "deadline_set_at",
        "failure",
        "host_calls",
        "is_memory_hidden",
        "limits",
        "linked",
        "loop",
        "memory",
        "poisoned",
        "released",
        "served",
        "space",
        "state",
        "tasks",
        "ticker",
        "wake",
    )

    def __init__(self, linked: LinkedComponent, limits: InstanceLimits) -> None:
        self.closed = True
        engine_address = linked.engine.address
        if linked.is_closed or not engine_address:
            raise RuntimeError(f"component `{linked.name}` is closed: it cannot be instantiated")
        self.linked = linked
        self.component = linked.name
        self.limits = limits
        self.ticker: EpochTicker = linked.ticker
        self.tasks = TaskTable()
        self.state: dict[object, Any] = {}
        self.loop = asyncio.get_running_loop()
        self.wake: asyncio.Future[None] | None = None
        self.failure: BaseException | None = None
        self.space = linked.spaces.pop() if linked.spaces else CallSpace()
        self._address = ctypes.addressof(self.space)
        self.poisoned = False
        self.memory: Memory | None = None
        self.is_memory_hidden = not linked.engine.memories.are_found
        self.challenge = b""
        self.cpu_used = 0.0
        self.deadline_set_at = -1
        self.host_calls = 0
        self.served = 0
        self.born = self.released = self.loop.time()
        self._store: int = bindings.store_new(engine_address, None, None)
        self.closed = False
        linked.places.live += 1
        self.context: int = bindings.store_context(self._store)
        if limits.memory < linked.max_memory or limits.table_elements < linked.max_table_elements:
            bindings.store_limiter(
                self._store, limits.memory, limits.table_elements, _UNLIMITED, _UNLIMITED, _UNLIMITED
            )
        bindings.yield_at_epoch_deadline(self.context, 1)
        linked.instances[self.context] = self

    @property
    def memories(self) -> Memories:
        """The memories of its engine that can be found."""
        return self.linked.engine.memories

    @property
    def memory_places(self) -> list[int]:
        """Where closed instances of the component had their memories."""
        return self.linked.memory_places

    def start(self) -> Call:
        """Begin to instantiate the component; must be driven to its end once, before the first call.

        The call raises:
            Trap: the guest's start function trapped, or its memory exceeds the limit.
        """
        linked, space = self.linked, self._address
        future = bindings.instantiate_async(
            linked.linker_address, self.context, linked.component_address, space, space + ERROR_OFFSET
        )
        return Call(self, future, self._find_export)

    def _find_export(self) -> None:
        space = self._address
        if not bindings.instance_get_func(space, self.context, self.linked.export_address, space + FUNCTION_OFFSET):
            raise RuntimeError("the composed component has lost its export")

    def call(self) -> Call:
        """Begin a call of the composed component's `handle`.

        The call raises:
            Trap: the guest trapped; the instance is poisoned.
        """
        self.cpu_used = 0.0
        space = self._address
        return Call(
            self,
            bindings.call_async(space + FUNCTION_OFFSET, self.context, None, 0, None, 0, space + ERROR_OFFSET),
        )

    def memory_pages(self) -> int | None:
        """Return the size of the guest's linear memory in pages of 64 KiB, None when the component cannot tell.

        Must be asked between calls only; takes as long as a call of a guest that does nothing.

        Raises:
            Trap: the guest's code could not be entered; the instance is poisoned.
        """
        export = self.linked.memory_export_address
        if export is None:
            return None
        func, result = ctypes.create_string_buffer(32), ctypes.create_string_buffer(bindings.VALUE_SIZE)
        address, answer = ctypes.addressof(func), ctypes.addressof(result)
        if not bindings.instance_get_func(self._address, self.context, export, address):
            raise RuntimeError("the composed component has lost its export")
        call = Call(self, bindings.call_async(address, self.context, None, 0, answer, 1, self._address + ERROR_OFFSET))
        while not call.step():
            pass
        self.deadline_set_at = -1  # as in `Call.finish`: it may have paused
        (pages,) = _read_pages(answer)
        return int(pages)

    def end_guest(self) -> None:
        """Forget all that is kept for the guest, between calls: the next call finds what the first one found.

        Handles that the guest still has are invalid from then on, and what runs beside it is cancelled. Its memory and
        its own tables are as they were; who calls this resets them too.
        """
        self.tasks.close()
        lasting = {key: kept.end() for key, kept in self.state.items() if isinstance(kept, Kept)}
        self.state.clear()
        self.state.update((key, kept) for key, kept in lasting.items() if kept is not None)

    def close(self) -> None:
        """Free the store and everything in it, and cancel what runs beside the guest."""
        if self.closed:
            return
        self.closed = True
        self.tasks.close()
        for kept in self.state.values():
            if isinstance(kept, Kept):
                kept.close()
        self.state.clear()
        del self.linked.instances[self.context]
        if self.memory is not None:
            self.memory_places.append(self.memory.base)
            self.memories.release(self.memory)
            self.memory = None
        bindings.store_delete(self._store)
        self.linked.places.live -= 1
        self.linked.spaces.append(self.space)

    def __del__(self) -> None:
        if not self.closed:
            warnings.warn(f"instance of `{self.component}` was not closed", ResourceWarning, source=self, stacklevel=2)


async def instantiate(linked: LinkedComponent, limits: InstanceLimits) -> Instance:
    """Return a new instance of `linked`; the caller closes it.

    Raises:
        Trap: the guest's start function trapped, or its initial memory exceeds the limit.
    """
    instance = Instance(linked, limits)
    try:
        await instance.start()
    except BaseException:
        instance.close()
        raise
    return instance

"""What the crate `async-runtime` is to answer: the canonical ABI's semantics, without a thought of speed.

Nothing is kept that can be looked up: an event is looked for among all members of a set, in the order in which they
have come to have one.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

COMPLETED, DROPPED, CANCELLED = 0, 1, 2
BLOCKED = 0xFFFF_FFFF
OWN_COPY = 8
NOT_COPIED = 0xFFFF_FFFF
FUTURE = 1 << 31
NONE = 2**64 - 1
MAX_COUNT = 2**28 - 1


class TrapError(Exception):
    """The guest has broken a rule."""


def trap_if(condition: object) -> None:
    """End the guest."""
    if condition:
        raise TrapError


@dataclass(eq=False)
class WaitableSet:
    """A set, which knows its members alone."""

    members: list["Waitable"] = field(default_factory=list)
    waiting: int = 0


@dataclass(eq=False)
class Waitable:
    """What can be in a set."""

    set: WaitableSet | None = None
    since: int | None = None
    """When it came to have an event in the set where it is."""


@dataclass(eq=False)
class Subtask(Waitable):
    """A call of an import."""

    state: int = 1
    delivered: bool = False
    cancels: bool = False
    deadline: int = 0
    noted: tuple[int, int] = (0, 0)


@dataclass(eq=False)
class Shared:
    """A stream or future: who has its ends, and which copy the other end may meet."""

    kind: int
    ends: list["End | str"]
    """The readable end and the writable one: the guest's, `native`, or `gone`."""
    pending: "End | None" = None
    native: list[int] = field(default_factory=lambda: [0, 0])
    """Elements that native code has for the readable end, and that it takes from the writable one."""

    @property
    def is_future(self) -> bool:
        return bool(self.kind & FUTURE)


@dataclass(eq=False)
class End(Waitable):
    """An end that the guest has; side 0 is the readable one."""

    shared: Shared = field(default_factory=lambda: Shared(0, []))
    side: int = 0
    state: str = "idle"
    result: int | None = None
    size: int = 0
    address: int = 0
    count: int = 0
    progress: int = 0
    due: int = 0

    @property
    def remain(self) -> int:
        return self.count - self.progress

    @property
    def native(self) -> int:
        """Elements that native code has for the copy that is under way."""
        return self.shared.native[self.side] if self.shared.pending is self and self.result is None else 0

    def settle(self, result: int) -> None:
        """Come to an end: nothing more is copied."""
        self.result = result
        if self.shared.pending is self:
            self.shared.pending = None


Item = Subtask | End | WaitableSet


class Model:
    """One instance."""

    def __init__(self) -> None:
        self.table: list[Item | None] = [None]
        self.free: list[int] = []
        self.channels: list[Shared] = []
        self.clock = 0

    # handles

    def _add(self, item: Item) -> int:
        if self.free:
            handle = self.free.pop()
            self.table[handle] = item
            return handle
        self.table.append(item)
        return len(self.table) - 1

    def _get(self, handle: int) -> Item:
        item = self.table[handle] if handle < len(self.table) else None
        if item is None:
            raise TrapError
        return item

    def _remove(self, handle: int) -> None:
        item = self._get(handle)
        if isinstance(item, Waitable):
            self._leave(item)
        self.table[handle] = None
        self.free.append(handle)

    def _waitable(self, handle: int) -> Subtask | End:
        item = self._get(handle)
        if isinstance(item, WaitableSet):
            raise TrapError
        return item

    def _set(self, handle: int) -> WaitableSet:
        item = self._get(handle)
        if not isinstance(item, WaitableSet):
            raise TrapError
        return item

    def _subtask(self, handle: int) -> Subtask:
        item = self._get(handle)
        if not isinstance(item, Subtask):
            raise TrapError
        return item

    def _end(self, side: int, handle: int, kind: int) -> End:
        item = self._get(handle)
        if not isinstance(item, End):
            raise TrapError
        trap_if(item.side != side)
        trap_if(item.shared.kind != kind)
        return item

    # events

    def _has_event(self, item: Subtask | End) -> bool:
        if isinstance(item, Subtask):
            return item.state != 1 and not item.delivered
        return item.state == "copying" and (item.result is not None or item.native > 0)

    def note(self) -> None:
        """Note who has come to have an event: to be called after each call."""
        self.clock += 1
        for item in self.table:
            if isinstance(item, Subtask | End):
                if item.set is None or not self._has_event(item):
                    item.since = None
                elif item.since is None:
                    item.since = self.clock

    def _deliver(self, item: Subtask | End) -> int:
        """Return the payload of an event."""
        item.since = None
        if isinstance(item, Subtask):
            item.delivered = True
            return item.state
        shared = item.shared
        moved = item.progress
        if item.result is None:
            moved = min(item.count, item.native)
            shared.native[item.side] -= moved
            item.due = moved if item.size else 0
            item.settle(COMPLETED)
        result, item.result = item.result, None
        assert result is not None
        if shared.pending is item:
            shared.pending = None
        item.state = "done" if result == DROPPED or (result == COMPLETED and shared.is_future) else "idle"
        return result if shared.is_future else result | moved << 4

    def _expire(self, now: int) -> None:
        late = [item for item in self.table if isinstance(item, Subtask) and item.state == 1 and item.deadline]
        for subtask in sorted((item for item in late if item.deadline <= now), key=self._due):
            subtask.state = 2
            self.note()

    def _due(self, subtask: Subtask) -> tuple[int, int]:
        return subtask.deadline, self.table.index(subtask)

    # sets

    def set_new(self) -> int:
        return self._add(WaitableSet())

    def set_drop(self, handle: int) -> int:
        item = self._set(handle)
        trap_if(item.members)
        trap_if(item.waiting)
        self._remove(handle)
        return 0

    def _leave(self, item: Waitable) -> None:
        if item.set is not None:
            item.set.members.remove(item)
        item.set = item.since = None

    def join(self, waitable: int, handle: int) -> int:
        item = self._waitable(waitable)
        target = self._set(handle) if handle else None
        self._leave(item)
        if target is not None:
            item.set = target
            target.members.append(item)
        return 0

    def poll(self, handle: int, now: int) -> int:
        members = self._set(handle)
        self._expire(now)
        return self.event_of(members) or 0

    def event_of(self, members: WaitableSet) -> int | None:
        """Take the event that a set has had for longest, as it crosses."""
        ready = [member for member in members.members if member.since is not None]
        if not ready:
            return None
        first = min(ready, key=lambda member: member.since or 0)
        assert isinstance(first, Subtask | End)
        code = 1 if isinstance(first, Subtask) else 2 + first.side + 2 * first.shared.is_future
        return code | self.table.index(first) << 4 | self._deliver(first) << 32

    # copies

    def channel_new(self, kind: int) -> int:
        shared = Shared(kind, ["native", "native"])
        readable = self._give(shared, 0)
        return readable | self._give(shared, 1) << 32

    def _give(self, shared: Shared, side: int) -> int:
        end = End(shared=shared, side=side)
        shared.ends[side] = end
        return self._add(end)

    def read(self, handle: int, kind: int, size: int, address: int, count: int) -> int:
        return self._copy(0, handle, kind, (size, address, count))

    def write(self, handle: int, kind: int, size: int, address: int, count: int) -> int:
        return self._copy(1, handle, kind, (size, address, count))

    def _copy(self, side: int, handle: int, kind: int, buffer: tuple[int, int, int]) -> int:
        end = self._end(side, handle, kind)
        size, address, count = buffer
        is_async, count = not count >> 31, count & ~FUTURE
        shared = end.shared
        trap_if(end.state != "idle")
        trap_if(end.set is not None and not is_async)
        trap_if(count > MAX_COUNT or (shared.is_future and count != 1))
        trap_if(end.due)
        end.state, end.size, end.address, end.count = "copying", size, address, count
        end.progress, end.result = 0, None
        met = shared.pending
        copied = None
        if met is not None:
            trap_if(NOT_COPIED in (size, met.size))
            copied = self._meet(end, met)
        elif shared.ends[1 - side] == "gone" and not shared.native[side]:
            end.result = DROPPED
        else:
            shared.pending = end
        if self._has_event(end):
            payload = self._deliver(end)
            return payload if copied is None else payload | OWN_COPY | copied << 32
        return BLOCKED if is_async else NONE

    def _meet(self, end: End, met: End) -> int | None:
        """Copy between two ends of the guest: from or to where, if anything is copied."""
        moved = min(end.remain, met.remain)
        if moved:
            address = met.address + met.progress * met.size
            met.progress += moved
            end.progress = moved
            met.result = end.result = COMPLETED
            if end.shared.is_future:
                met.settle(COMPLETED)
            return address
        if met.remain or (end.side == 1 and not end.count and not met.count):
            end.result = COMPLETED
            return None
        met.settle(COMPLETED)
        end.shared.pending = end
        return None

    def copy_outcome(self, handle: int) -> int:
        item = self._get(handle)
        if not isinstance(item, End):
            raise TrapError
        trap_if(item.state != "copying")
        return self._deliver(item) if self._has_event(item) else NONE

    def cancel_read(self, handle: int, kind: int, is_async: int) -> int:
        return self._cancel(0, handle, kind, is_async)

    def cancel_write(self, handle: int, kind: int, is_async: int) -> int:
        return self._cancel(1, handle, kind, is_async)

    def _cancel(self, side: int, handle: int, kind: int, is_async: int) -> int:
        end = self._end(side, handle, kind)
        trap_if(end.state != "copying")
        trap_if(end.set is not None and not is_async)
        if end.result is None or (end.result == COMPLETED and not end.shared.is_future):
            end.settle(CANCELLED)
        return self._deliver(end)

    def drop_readable(self, handle: int, kind: int) -> int:
        return self._drop(0, handle, kind)

    def drop_writable(self, handle: int, kind: int) -> int:
        return self._drop(1, handle, kind)

    def _drop(self, side: int, handle: int, kind: int) -> int:
        end = self._end(side, handle, kind)
        trap_if(end.state == "copying")
        trap_if(side == 1 and end.shared.is_future and end.state != "done")
        trap_if(end.due)
        self._remove(handle)
        self._let_go(end.shared, side)
        return int(end.shared.ends[1 - side] == "native")

    def _let_go(self, shared: Shared, side: int) -> None:
        shared.ends[side] = "gone"
        if side == 0:
            shared.native = [0, 0]
        if shared.pending is not None and not (side == 1 and shared.native[0]):
            shared.pending.settle(DROPPED)

    # what is moved

    def claim(self, handle: int) -> int:
        item = self._waitable(handle)
        if isinstance(item, End):
            return item.shared.kind | item.address << 32 if item.due else 0
        if not item.delivered or item.state != 2:
            return 0
        (function, address), item.noted = item.noted, (0, 0)
        return function | address << 32

    def take(self, handle: int, kind: int, count: int) -> int:
        return self._move(0, handle, kind, count)

    def put(self, handle: int, kind: int, count: int) -> int:
        return self._move(1, handle, kind, count)

    def _move(self, side: int, handle: int, kind: int, count: int) -> int:
        end = self._end(side, handle, kind)
        trap_if(not count or end.due != count)
        end.due = 0
        return 0

    # native ends

    def native_writer(self, kind: int) -> int:
        shared = Shared(kind, ["native", "native"])
        self.channels.append(shared)
        return self._give(shared, 0)

    def native_reader_of(self, handle: int, kind: int) -> int:
        end = self._end(0, handle, kind)
        trap_if(end.state != "idle")
        trap_if(end.set is not None)
        trap_if(end.due)
        self._remove(handle)
        end.shared.ends[0] = "native"
        self.channels.append(end.shared)
        return 0

    def give_readable(self, channel: int) -> int:
        shared = self.channels[channel]
        trap_if(shared.ends[0] != "native")
        shared.native[1] = 0
        return self._give(shared, 0)

    def offer(self, channel: int, count: int) -> int:
        shared = self.channels[channel]
        if shared.ends[1] == "native" and shared.ends[0] != "gone":
            shared.native[0] += count
        return 0

    def withdraw(self, channel: int) -> int:
        shared = self.channels[channel]
        count, shared.native[0] = shared.native[0], 0
        if shared.ends[1] == "gone":
            self._let_go(shared, 1)
        return count

    def set_room(self, channel: int, count: int) -> int:
        shared = self.channels[channel]
        if shared.ends[0] == "native" and shared.ends != ["gone", "gone"]:
            shared.native[1] = count
        return 0

    def drop_native_writer(self, channel: int) -> int:
        if self.channels[channel].ends[1] == "native":
            self._let_go(self.channels[channel], 1)
        return 0

    def drop_native_reader(self, channel: int) -> int:
        if self.channels[channel].ends[0] == "native":
            self._let_go(self.channels[channel], 0)
        return 0

    def look(self, channel: int) -> int:
        shared = self.channels[channel]
        pending = shared.pending if shared.pending is not None and shared.pending.result is None else None
        waiting = pending.count + 1 if pending is not None and pending.side == 1 else 0
        reader, writer = shared.ends
        flags = (writer == "gone", reader == "gone", pending is not None and pending.side == 0)
        both = reader == "native" and writer == "native"
        bits = sum(flag << bit for bit, flag in enumerate((*flags, both)))
        return shared.native[0] | shared.native[1] << 16 | waiting << 32 | bits << 48

    def can_be_woken(self) -> int:
        waits = any(
            (isinstance(item, Subtask) and item.state == 1)
            or (isinstance(item, End) and item.shared.pending is item and item.shared.ends[1 - item.side] == "native")
            for item in self.table
        )
        return int(waits)

    # subtasks

    def subtask_new(self, deadline: int) -> int:
        return self._add(Subtask(deadline=deadline))

    def subtask_note(self, handle: int, function: int, address: int) -> int:
        subtask = self._subtask(handle)
        trap_if(not function or subtask.noted[0] or subtask.delivered)
        subtask.noted = (function, address)
        return 0

    def subtask_resolve(self, handle: int) -> int:
        self._native(handle, lambda _: True, 2)
        return 0

    def subtask_cancelled(self, handle: int) -> int:
        self._native(handle, lambda subtask: subtask.cancels, 4)
        return 0

    def _native(self, handle: int, may: Callable[[Subtask], bool], state: int) -> None:
        item = self.table[handle] if handle < len(self.table) else None
        if isinstance(item, Subtask) and item.state == 1 and may(item):
            item.state = state

    def subtask_cancel(self, handle: int) -> int:
        subtask = self._subtask(handle)
        trap_if(subtask.delivered or subtask.cancels or subtask.set is not None)
        if subtask.state == 1:
            subtask.cancels = True
            if subtask.deadline:
                subtask.state = 4
        return self._outcome(subtask)

    def subtask_outcome(self, handle: int, now: int) -> int:
        self._expire(now)
        subtask = self._subtask(handle)
        trap_if(subtask.delivered)
        return self._outcome(subtask)

    def _outcome(self, subtask: Subtask) -> int:
        return NONE if subtask.state == 1 else self._deliver(subtask)

    def subtask_drop(self, handle: int) -> int:
        trap_if(not self._subtask(handle).delivered)
        self._remove(handle)
        return 0

    def is_settled(self, handle: int, now: int) -> int:
        self._expire(now)
        return int(self._has_event(self._waitable(handle)))

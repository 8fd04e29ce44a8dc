"""Made-up sequences of calls: the crate `async-runtime` answers what the model does, and is a trap where that is."""

import random
from collections.abc import Iterator

import pytest
from runtime_calls import Call, Crate, Program
from runtime_model import FUTURE, NOT_COPIED, End, Subtask, TrapError, WaitableSet
from runtime_task_model import TaskModel

PROGRAMS = 20_000
PARTS = 4
LONGEST = 32
_SIZES = {0x11: 1, 0x12: 8, 0x13: 0, 0x14: NOT_COPIED}
_KINDS = [0x11, 0x11, 0x12, 0x13, 0x11 | FUTURE, 0x13 | FUTURE]
_NATIVE_KINDS = [*_KINDS, 0x14, 0x14 | FUTURE]
"""Text is mostly native: the guest may not copy it to itself."""
_WEIGHTS = {
    Call.SET_NEW: 1,
    Call.SET_DROP: 1,
    Call.JOIN: 5,
    Call.POLL: 20,
    Call.CHANNEL_NEW: 1,
    Call.READ: 24,
    Call.WRITE: 24,
    Call.CANCEL_READ: 4,
    Call.CANCEL_WRITE: 4,
    Call.DROP_READABLE: 3,
    Call.DROP_WRITABLE: 3,
    Call.CLAIM: 1,
    Call.NATIVE_WRITER: 1,
    Call.NATIVE_READER_OF: 2,
    Call.GIVE_READABLE: 1,
    Call.OFFER: 12,
    Call.SET_ROOM: 12,
    Call.DROP_NATIVE_WRITER: 1,
    Call.DROP_NATIVE_READER: 1,
    Call.LOOK: 3,
    Call.SUBTASK_NEW: 1,
    Call.SUBTASK_RESOLVE: 2,
    Call.SUBTASK_CANCELLED: 1,
    Call.SUBTASK_CANCEL: 1,
    Call.SUBTASK_OUTCOME: 1,
    Call.SUBTASK_DROP: 3,
    Call.IS_SETTLED: 1,
    Call.SUBTASK_NOTE: 1,
    Call.WITHDRAW: 1,
    Call.COPY_OUTCOME: 1,
    Call.CAN_BE_WOKEN: 1,
    Call.TASK_BEGIN: 8,
    Call.SUSPEND: 16,
    Call.NEXT: 16,
    Call.TASK_RETURN: 1,
    Call.TASK_CANCEL: 1,
    Call.REQUEST_CANCEL: 3,
    Call.CURRENT: 1,
}


class Author:
    """Makes up a program whose calls are mostly possible, and what they answer."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - nothing secret
        self._model = TaskModel()
        self.program: Program = []
        self.answers: list[int] = []
        self.is_trap = False
        self._now = 1

    def write(self) -> None:
        """Write calls until there are enough, or one is a trap."""
        for call in self._calls():
            self.program.append(call)
            method = getattr(self._model, Call(call[0]).name.lower())
            try:
                self.answers.append(method(*call[1:]))
            except TrapError:
                self.is_trap = True
                return
            self._model.note()

    def _calls(self) -> Iterator[tuple[int, ...]]:
        yield (Call.SET_NEW,)
        yield Call.CHANNEL_NEW, self._random.choice(_KINDS)
        yield Call.NATIVE_WRITER, self._random.choice(_NATIVE_KINDS)
        yield Call.CHANNEL_NEW, self._random.choice(_NATIVE_KINDS)
        yield Call.NATIVE_READER_OF, 5, self._kind(5)
        yield Call.SUBTASK_NEW, 0
        for handle in [*self._all(End), *self._all(Subtask)]:
            if self._random.random() < 0.7:
                yield Call.JOIN, handle, 1
        picked = self._random.choices(list(_WEIGHTS), list(_WEIGHTS.values()), k=LONGEST)
        for call in picked:
            arguments = self._arguments(call)
            if arguments is not None:
                yield call, *arguments
                yield from self._moves()

    def _moves(self) -> Iterator[tuple[int, ...]]:
        """Move what an answer has let move, as the guest does at once."""
        for handle, item in enumerate(self._model.table):
            if isinstance(item, End) and item.due and self._random.random() < 0.95:
                yield Call.CLAIM, handle
                yield (Call.PUT if item.side else Call.TAKE), handle, item.shared.kind, item.due

    def _arguments(self, call: Call) -> tuple[int, ...] | None:
        """Return arguments for a call, which are mostly right; None if there are none."""
        pick = self._random
        if call in {Call.SET_NEW, Call.CAN_BE_WOKEN}:
            return ()
        if call in range(Call.TASK_BEGIN, Call.CAN_BE_WOKEN):
            return self._task(call)
        if call in {Call.CHANNEL_NEW, Call.NATIVE_WRITER}:
            return (pick.choice(_NATIVE_KINDS if call is Call.NATIVE_WRITER or pick.random() < 0.02 else _KINDS),)
        if call is Call.SUBTASK_NEW:
            return (pick.choice([0, self._now + pick.randrange(5)]),)
        if Call.GIVE_READABLE <= call <= Call.LOOK or call is Call.WITHDRAW:
            return self._channel(call)
        return self._handles(call)

    def _task(self, call: Call) -> tuple[int, ...] | None:
        task, tasks, pick = self._model.running, self._model.tasks, self._random
        if call is Call.REQUEST_CANCEL:
            return (pick.randrange(len(tasks)),) if tasks else None
        if (
            call is not Call.CURRENT
            and (call in {Call.TASK_BEGIN, Call.NEXT}) == (task is not None)
            and pick.random() < 0.995
        ):
            return None
        if call is Call.SUSPEND:
            is_over = task is not None and task.state == "resolved"
            codes = [1, *(2 | handle << 4 for handle in self._all(WaitableSet) * 2), *([0] * 3 * is_over)]
            return (pick.choice(codes) if pick.random() < 0.99 else pick.randrange(40),)
        returns_again = call is Call.TASK_RETURN and task is not None and task.state == "resolved"
        cancels_early = call is Call.TASK_CANCEL and task is not None and task.state != "told"
        if (returns_again or cancels_early) and pick.random() < 0.98:
            return None
        return (self._now,) if call is Call.NEXT else ()

    def _channel(self, call: Call) -> tuple[int, ...] | None:
        if not self._model.channels:
            return None
        channel = self._random.randrange(len(self._model.channels))
        shared = self._model.channels[channel]
        count = 1 if shared.is_future else self._random.randrange(12)
        if call is Call.GIVE_READABLE and shared.ends[0] != "native" and self._random.random() < 0.98:
            return None
        if call is Call.OFFER:
            return channel, 0 if shared.is_future and shared.native[0] else count
        return (channel, count) if call is Call.SET_ROOM else (channel,)

    def _handles(self, call: Call) -> tuple[int, ...] | None:
        pick = self._random
        self._now += pick.random() < 0.3
        handle = self._handle(call)
        if handle is None:
            return None
        if call is Call.JOIN:
            return handle, 0 if pick.random() < 0.15 else pick.choice(self._all(WaitableSet) or [0])
        if call in {Call.POLL, Call.SUBTASK_OUTCOME, Call.IS_SETTLED}:
            return handle, self._now
        if call is Call.SUBTASK_NOTE:
            return handle, pick.randrange(20) and 3, 8 * pick.randrange(9)
        if call in {Call.SET_DROP, Call.CLAIM, Call.COPY_OUTCOME} or call in range(Call.SUBTASK_NEW, Call.SUBTASK_NOTE):
            return (handle,)
        return self._end(call, handle)

    def _end(self, call: Call, handle: int) -> tuple[int, ...]:
        pick = self._random
        item = self._model.table[handle] if handle < len(self._model.table) else None
        kind = self._kind(handle) if pick.random() < 0.998 else pick.choice(_KINDS)
        is_async = item is None or isinstance(item, WaitableSet) or item.set is not None or pick.random() < 0.8
        is_async = is_async and pick.random() < 0.998
        if call in {Call.READ, Call.WRITE}:
            count = 1 if kind & FUTURE else pick.choice([0, 0, *range(1, 10)])
            return handle, kind, _SIZES[kind & ~FUTURE], 16 * pick.randrange(1000), count | FUTURE * (not is_async)
        if call in {Call.CANCEL_READ, Call.CANCEL_WRITE}:
            return handle, kind, int(is_async)
        return handle, kind

    def _kind(self, handle: int) -> int:
        item = self._model.table[handle] if handle < len(self._model.table) else None
        return item.shared.kind if isinstance(item, End) else self._random.choice(_KINDS)

    def _handle(self, call: Call) -> int | None:
        pick = self._random
        if pick.random() < 0.002:
            return pick.randrange(len(self._model.table) + 2)
        candidates = [
            handle for handle in self._fitting(call) if pick.random() < 0.004 or self._is_possible(call, handle)
        ]
        return pick.choice(candidates) if candidates else None

    def _fitting(self, call: Call) -> list[int]:
        """Return the handles of what a call is of."""
        if call in {Call.POLL, Call.SET_DROP}:
            return self._all(WaitableSet)
        if call in range(Call.SUBTASK_NEW, Call.IS_SETTLED) or call is Call.SUBTASK_NOTE:
            return self._all(Subtask)
        if call in {Call.JOIN, Call.CLAIM, Call.IS_SETTLED}:
            return self._all(Subtask) + self._all(End)
        reads = {Call.READ, Call.CANCEL_READ, Call.DROP_READABLE, Call.NATIVE_READER_OF}
        side = 0 if call in reads else 1
        return [
            handle
            for handle, item in enumerate(self._model.table)
            if isinstance(item, End) and (call is Call.COPY_OUTCOME or item.side == side)
        ]

    def _all(self, kind: type) -> list[int]:
        return [handle for handle, item in enumerate(self._model.table) if isinstance(item, kind)]

    def _is_possible(self, call: Call, handle: int) -> bool:
        """Whether a call is likely to be no trap."""
        item = self._model.table[handle]
        if isinstance(item, WaitableSet):
            return bool(item.members) == (call is Call.POLL)
        if isinstance(item, Subtask):
            cancels = call is Call.SUBTASK_CANCEL and (item.cancels or item.set is not None or item.delivered)
            drops = call is Call.SUBTASK_DROP and not item.delivered
            told = call in {Call.SUBTASK_OUTCOME, Call.SUBTASK_NOTE} and (item.delivered or item.noted[0] != 0)
            return not (cancels or drops or told)
        return isinstance(item, End) and _is_in_state(call, item)


def _is_in_state(call: Call, end: End) -> bool:
    if call in {Call.READ, Call.WRITE}:
        return end.state == "idle"
    if call in {Call.CANCEL_READ, Call.CANCEL_WRITE, Call.COPY_OUTCOME}:
        return end.state == "copying"
    if call is Call.NATIVE_READER_OF:
        return end.state == "idle" and end.set is None
    if call in {Call.DROP_READABLE, Call.DROP_WRITABLE}:
        return end.state == "done" or (end.state == "idle" and not (end.side and end.shared.is_future))
    return True


@pytest.mark.parametrize("part", range(PARTS))
def test_the_crate_answers_as_the_model_does(part: int) -> None:
    crate = Crate(longest=5 * LONGEST)
    lengths, traps = 0, 0
    for seed in range(part, PROGRAMS, PARTS):
        author = Author(seed)
        author.write()
        answers = crate.run(author.program)
        assert answers == author.answers, (
            f"program {seed}: {[(Call(call[0]).name, call[1:]) for call in author.program]}"
        )
        lengths += len(answers)
        traps += author.is_trap
    assert lengths > 15 * PROGRAMS // PARTS, "programs are long"
    assert 0.02 < traps * PARTS / PROGRAMS < 0.5, "some are traps, most are not"

"""What the tasks of the crate `async-runtime` are to do: who goes on, and what it is told."""

from dataclasses import dataclass

from runtime_model import NONE, Model, WaitableSet, trap_if

CANCELLED, DONE = 6, 8


@dataclass(eq=False)
class Task:
    """A call of the guest: `started`, then `pending` and `told` where it is cancelled, then `resolved`, then `over`."""

    state: str = "started"
    waits: WaitableSet | None = None


class TaskModel(Model):
    """An instance with tasks."""

    def __init__(self) -> None:
        super().__init__()
        self.tasks: list[Task] = []
        self.running: Task | None = None
        self._queue: list[Task] = []
        self._waiting: list[Task] = []
        """Those that wait for a set, in the order in which they began to."""

    def note(self) -> None:
        """Note who has come to have an event, and wake who waits for its set."""
        had = [item for item in self.table if not isinstance(item, WaitableSet) and item and item.since]
        super().note()
        for item in self.table:
            if item and not isinstance(item, WaitableSet) and item.since and item not in had:
                for task in self._waiting:
                    if task.waits is item.set:
                        self._enqueue(task)

    def _enqueue(self, task: Task) -> None:
        if task not in self._queue:
            self._queue.append(task)

    def task_begin(self) -> int:
        trap_if(self.running)
        self.running = Task()
        self.tasks.append(self.running)
        return 0

    def suspend(self, code: int) -> int:
        task = self.running
        trap_if(task is None or code & 15 > 2)
        assert task is not None
        if code & 15 == 0:
            trap_if(task.state != "resolved")
            task.state = "over"
        elif task.state == "pending":
            self._queue.insert(0, task)
        elif code & 15 == 1:
            self._enqueue(task)
        else:
            task.waits = self._set(code >> 4)
            task.waits.waiting += 1
            self._waiting.append(task)
            if any(member.since for member in task.waits.members):
                self._enqueue(task)
        self.running = None
        return 0

    def next(self, now: int) -> int:
        trap_if(self.running)
        self._expire(now)
        while self._queue:
            task = self._queue.pop(0)
            event = self._event(task)
            if event is None:
                continue
            if task.waits is not None:
                task.waits.waiting -= 1
                self._waiting.remove(task)
            task.waits = None
            self.running = task
            return event
        return DONE if all(task.state == "over" for task in self.tasks) else NONE

    def _event(self, task: Task) -> int | None:
        if task.state == "pending":
            task.state = "told"
            return CANCELLED
        return 0 if task.waits is None else self.event_of(task.waits)

    def task_return(self) -> int:
        return self._resolve({"started", "pending", "told"})

    def task_cancel(self) -> int:
        return self._resolve({"told"})

    def _resolve(self, states: set[str]) -> int:
        trap_if(self.running is None or self.running.state not in states)
        assert self.running is not None
        self.running.state = "resolved"
        return 0

    def request_cancel(self, index: int) -> int:
        task = self.tasks[index]
        if task.state != "started":
            return 0
        task.state = "pending"
        if task is not self.running:
            self._enqueue(task)
        return 1

    def current(self) -> int:
        return NONE if self.running is None else self.tasks.index(self.running)

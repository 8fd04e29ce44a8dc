"""What stands for an instance where a test calls a bridge by itself."""

from typing import Any

from whorl.engine.memories import Memories
from whorl.engine.tasks import TaskTable


class Caller:
    """An instance, as far as a bridge needs it; no memory is found."""

    def __init__(self) -> None:
        self.tasks = TaskTable()
        self.state: dict[object, Any] = {}
        self.memories = Memories(None)

"""The part that one process of an SQS client plays, as the harness tells it and the client is told it."""

import json
from dataclasses import asdict, dataclass

TASKS = ("generate", "reduce", "count")
"""The seed's: a word, its vowels, their number."""

SUBMIT = "submit"
"""Not a stage: the first task is done once, and its output is in its queue."""


@dataclass(frozen=True)
class Part:
    """The stage `task` of `domain`, whose pipe has the first `stages` tasks; it makes `count` words if it is the first.

    `seconds` is what a task takes beside its work. Words for another task make no difference to this one.
    """

    task: str
    domain: str = "words"
    stages: int = 3
    count: int = 1
    workers: int = 1
    priorities: int = 1
    seconds: float = 0

    def queue(self, task: str, priority: int = 0) -> str:
        """Return the queue with a task's output, as both packages name it."""
        return f"{self.domain}-{task}{f'--p{priority}' if priority else ''}.fifo"

    @property
    def inputs(self) -> list[str]:
        """Return the queues that it receives from."""
        before = TASKS.index(self.task) - 1
        return [self.queue(TASKS[before], priority) for priority in range(self.priorities)] if before >= 0 else []

    def word(self) -> str:
        """Return it as a word of the command line."""
        return json.dumps(asdict(self))

"""What a run of a task is to do, as it was asked for."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqs_pipes.settings import Settings
from sqs_pipes.task import Task

Priority = int | Callable[[Any], int]


@dataclass(frozen=True)
class Plan:
    """`sources`: level and URL of each queue it reads, none for the first task. `targets`: URLs it fills, by level."""

    task: Task
    args: tuple[Any, ...]
    iterate: bool
    priority: Priority
    workers: int
    sources: tuple[tuple[int, str], ...]
    targets: tuple[str, ...]
    times: int | None
    settings: Settings

    @property
    def yields_first(self) -> bool:
        """Return whether the iterator's caller has an output before its input is deleted: after the last task."""
        return self.iterate and not self.targets

"""What holds for all runs of a client."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqs_pipes.errors import WrongTask

LONGEST_VISIBILITY_SECONDS = 43_200
"""12 hours (SQS quotas)."""

LONGEST_LINGER_SECONDS = 5


@dataclass(frozen=True)
class Settings:
    """As TaskClient takes them; raise WrongTask where one cannot be."""

    ignore_none: bool
    fifo: bool
    group: Callable[[Any], Any] | None
    on_error: str
    visibility_seconds: int
    linger_seconds: float

    def __post_init__(self) -> None:
        if self.on_error not in ("stop", "retry"):
            raise WrongTask(f"on_error is 'stop' or 'retry', not {self.on_error!r}")
        if self.group is not None and not (callable(self.group) and self.fifo):
            raise WrongTask("group= is a function of an output, and for FIFO queues; with fifo=False there is no order")
        if not isinstance(self.visibility_seconds, int):
            raise WrongTask(f"visibility_seconds is a whole number, not {self.visibility_seconds!r}")
        self._check("visibility_seconds", self.visibility_seconds, 1, LONGEST_VISIBILITY_SECONDS)
        self._check("linger_seconds", self.linger_seconds, 0, LONGEST_LINGER_SECONDS)

    def _check(self, name: str, value: object, least: int, most: int) -> None:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not least <= value <= most:
            raise WrongTask(f"{name} is a number of seconds from {least} to {most}, not {value!r}")

"""What a consumer was asked for."""

from collections.abc import Callable
from dataclasses import dataclass

from lapinmq import payload
from lapinmq.message import Message, MessageStatus
from lapinmq.queues import NO_LIMIT, Binding, Queue, dead_letters, limited

Task = Callable[[Message], MessageStatus]

LONGEST = 1_000_000
"""Seconds; Erlang's timers end at 50 days."""


@dataclass(frozen=True)
class Settings:
    """The arguments of Consumer, checked."""

    queue_name: str
    task: Task
    threads: int
    prefetch: int
    quorum: bool
    delivery_limit: int
    disconnected_timeout: float | None
    bindings: tuple[Binding, ...]
    retry_limit: int | None
    retry_delay: float
    retry_delay_max: float
    dead_letter_queue: str
    gather_acks: bool

    def __post_init__(self) -> None:
        if not isinstance(self.queue_name, str):  # before names are made of it
            raise TypeError(f"queue_name is a str, not {type(self.queue_name).__name__}")
        if not callable(self.task):
            raise TypeError(f"task_function is a function of one message, not {type(self.task).__name__}")
        if self.threads < 1:
            raise ValueError(f"worker_threads is 1 or more, not {self.threads}")
        if not self.threads <= self.prefetch <= 65535:
            raise ValueError(f"prefetch is {self.threads} (worker_threads) to 65535, not {self.prefetch}")
        for name in (self.queue_name, self.retry_queue, self.dead_letter_queue):
            payload.short("queue_name", name)
        if self.retry_limit is not None and self.retry_limit < 0:
            raise ValueError(f"retry_limit is 0 or more, or None for no limit, not {self.retry_limit}")
        if not 0 <= (self.disconnected_timeout or 0) <= LONGEST:
            text = f"disconnected_timeout is 0 to {LONGEST} seconds, or None for the broker's own setting"
            raise ValueError(f"{text}, not {self.disconnected_timeout}")
        if self.retry_delay <= 0 or self.retry_delay_max < self.retry_delay:
            raise ValueError("retry_delay is more than 0 seconds, and retry_delay_max not less than that")

    @property
    def temporary(self) -> bool:
        """Whether the queue is to be exclusive and named by the broker."""
        return not self.queue_name

    @property
    def retry_queue(self) -> str:
        """The queue in which messages wait for their retry, '' where there is none."""
        return "" if self.temporary or self.retry_limit == 0 else f"{self.queue_name}.retry"

    @property
    def main(self) -> Queue:
        """The consumed queue."""
        if self.temporary or not self.quorum:
            return Queue(self.queue_name)
        return limited(self.queue_name, self.delivery_limit, self.dead_letter_queue, self.disconnected_timeout)

    @property
    def others(self) -> list[Queue]:
        """The retry queue and the dead-letter queue, as far as they are wanted."""
        retry, dead = self.retry_queue, self.dead_letter_queue
        if not self.quorum:
            return [Queue(name) for name in (retry, dead) if name]
        queues = [limited(retry, NO_LIMIT, dead, self.disconnected_timeout)] if retry else []
        return queues + ([dead_letters(dead, self.disconnected_timeout)] if dead else [])

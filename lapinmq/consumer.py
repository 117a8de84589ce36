"""A consumer that lives as long as its process: worker threads that run a task on each message of a queue."""

import contextlib
import logging
import threading
from collections.abc import Iterable
from types import TracebackType

from lapinmq.connection import Connection, shared
from lapinmq.errors import ConnectionLost, LapinError
from lapinmq.queues import Binding
from lapinmq.settings import Settings, Task
from lapinmq.subscription import Subscription
from lapinmq.waiting import wait_for

logger = logging.getLogger(__name__)

EXIT_SECONDS = 5
"""How long the end of the process waits for the tasks of consumers that nobody stopped."""

_started: "set[Consumer]" = set()


class Consumer:
    """Consumes from a queue with N worker threads; the I/O thread speaks with the broker however long a task takes."""

    def __init__(  # noqa: PLR0913 - each is a keyword that a user may need
        self,
        queue_name: str,
        task_function: Task,
        worker_threads: int = 1,
        *,
        prefetch: int | None = None,
        quorum: bool = False,
        delivery_limit: int = 20,
        disconnected_timeout: float | None = 5.0,
        bindings: Iterable[Binding] = (),
        retry_limit: int | None = 5,
        retry_delay: float = 1.0,
        retry_delay_max: float = 60.0,
        dead_letter_queue: str | None = None,
        gather_acks: bool = False,
        connection: Connection | None = None,
    ) -> None:
        """Set up; nothing is connected before start().

        A queue that exists is used as it is, another is declared durable; '' asks for a temporary one. `prefetch`
        is how many messages are here at a time, by default one a worker. A message that failed waits `retry_delay`
        seconds in the queue NAME.retry, then twice as long, up to `retry_delay_max`; after `retry_limit` retries (None:
        without end) it goes to `dead_letter_queue`, by default NAME.dead ('': to what the broker's policy says).
        `gather_acks` acknowledges gapless runs with one frame. Without `connection` the shared one is used.
        `disconnected_timeout` is how many seconds a quorum queue of RabbitMQ 4.3 or newer holds what it delivered
        through a node that is gone (None: the broker's own setting, 60 s).
        """
        dead = dead_letter_queue if dead_letter_queue is not None or not queue_name else f"{queue_name}.dead"
        self._settings = Settings(
            queue_name, task_function, worker_threads, worker_threads if prefetch is None else prefetch, quorum,
            delivery_limit, disconnected_timeout, tuple(bindings), retry_limit, retry_delay, retry_delay_max,
            dead or "", gather_acks,
        )  # fmt: skip
        self._connection = connection
        self._lock = threading.Lock()
        self._running: Subscription | None = None

    def __repr__(self) -> str:
        return f"<Consumer of {self.queue_name or 'a temporary queue'}, {self._settings.threads} worker threads>"

    def __enter__(self) -> "Consumer":
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.stop()

    @property
    def queue_name(self) -> str:
        """The queue's name; that of a temporary queue is known while it is consumed from."""
        running = self._running
        return running.queue_name if running is not None else self._settings.queue_name

    def start(self, timeout: float = 30.0) -> None:
        """Consume. Blocks until the broker delivers; one that cannot be reached is tried again, with growing pauses.

        Raises ConnectionLost after `timeout` seconds; AuthenticationFailed, and Refused by the broker, at once.
        """
        with self._lock:
            if self._running is not None and not self._running.stopping:
                self._running.link.check_fork()
                return
            running = self._running = Subscription(self._connection or shared(), self._settings)
        heard = running.link.inside or wait_for(running.heard, timeout)
        error = running.error
        if not heard:
            cause = running.link.error
            text = f"queue {self.queue_name} at {cause}; gave up after {timeout:g} s"
            error = ConnectionLost(text, cause=cause.cause)
        if error is not None:
            self.stop(1)
            raise error
        _started.add(self)

    def stop(self, timeout: float = 30.0) -> bool:
        """Take no more messages, wait for the tasks in hand, acknowledge them. May be called by anybody, twice.

        Returns whether all tasks ended within `timeout` seconds; the messages of the others are back on the queue.
        Called by a task or a callback it returns False at once, and the rest happens once that has returned.
        """
        running = self._running
        if running is None:
            return True
        with contextlib.suppress(LapinError):
            running.link.check_fork()
            return self._stop(running, timeout)
        self._running = None  # its parent's; here it may be started anew
        return True

    def _stop(self, running: Subscription, timeout: float) -> bool:
        running.stop()
        if running.link.inside or running.crew.inside:
            return False
        ended = wait_for(running.ended, timeout)
        if not ended:
            text = "queue %s: tasks still work after %g s; their messages go back to the queue"
            logger.warning(text, self.queue_name, timeout)
            running.abandon()
            wait_for(running.ended, 5)
        _started.discard(self)
        running.join()
        with self._lock:
            if self._running is running:
                self._running = None
        return ended


def stop_all() -> None:
    """Let the tasks in hand end, where nobody stopped their consumer: for the end of the process."""
    for consumer in list(_started):
        consumer.stop(EXIT_SECONDS)

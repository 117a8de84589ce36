"""One run of a consumer, from its start to its stop: its queues, its workers, and its place on the connection.

Threads: the link and the intakes call it in the I/O thread, the workers settle messages in theirs, and `stop` and
`abandon` are for any thread.
"""

import logging
import threading
from collections.abc import Callable

from lapinmq.connection import Connection
from lapinmq.crew import Crew
from lapinmq.errors import LapinError, Refused, Stopped
from lapinmq.intake import Intake
from lapinmq.message import Message
from lapinmq.queues import SetUp
from lapinmq.retries import Retries
from lapinmq.settings import Settings
from lapinmq.wire import Wire

logger = logging.getLogger(__name__)

WAITING_ROOM = 100
"""How many messages that wait for their retry one consumer holds at a time; the others wait in the retry queue."""


class Subscription:
    """Consumes until it is stopped, and ends with each begun message settled or back on its queue."""

    def __init__(self, connection: Connection, settings: Settings) -> None:
        self.settings, self._connection = settings, connection
        self.error: LapinError | None = None
        self.heard, self.ended = threading.Event(), threading.Event()
        self._ready: set[Intake] = set()
        self.stopping = self._closing = self._last = False
        self.link = connection.attach()
        self.crew = Crew(settings.queue_name, settings.task, settings.threads)
        self._retries = Retries(settings, connection, self.link, self.crew.inbox.put, self._mend)
        set_up = SetUp([settings.main], list(settings.bindings))
        self._main = Intake(self.link, self, set_up, settings.prefetch, settings.gather_acks)
        self._others: Intake | None = None  # on another channel, so that one that is down stops no work
        if settings.others:
            room = max(WAITING_ROOM, settings.prefetch) if settings.retry_queue else 0
            self._others = Intake(self.link, self, SetUp(settings.others, []), room, False)
        self._intakes = [self._main] if self._others is None else [self._main, self._others]
        self._mending: Intake | None = None
        self._wire: Wire | None = None  # on which the main queue is still to be consumed from
        self._open_wire: Wire | None = None
        self.link.enter(self)

    @property
    def queue_name(self) -> str:
        """The queue's name, also that of a temporary one."""
        return self._main.name

    # the link's member

    def opened(self, wire: Wire) -> None:
        """Consume on a new connection, once the queues for what fails are there."""
        self._wire = self._open_wire = wire
        if self._others is not None:
            self._others.opened(wire)
        else:
            self._open_main()

    def _open_main(self) -> None:
        wire, self._wire = self._wire, None
        if wire is not None:
            self._main.opened(wire)

    def _mend(self) -> None:
        """Declare the queues for failed messages again, on a channel that has nothing in hand."""
        if self._mending is None and self._open_wire is not None:
            self._mending = Intake(self.link, self, SetUp(self.settings.others, []), 0, False)
            self._mending.opened(self._open_wire)

    def lost(self, error: LapinError) -> None:
        """Forget the connection; the channels' ends have been told by then."""
        self._open_wire = self._mending = None

    def failed(self, error: LapinError) -> None:
        """End: there will be no connection any more."""
        self.error = error
        self.heard.set()
        self.stop()

    # the intakes' listener

    def ready(self, intake: Intake) -> None:
        """Take note that one of the two does what it shall."""
        if intake is self._mending:
            self._mending = None
            return
        self._open_main()
        self._ready.add(intake)
        if len(self._ready) == len(self._intakes):
            self.heard.set()

    def refused(self, intake: Intake, reason: Exception) -> None:
        """Fail a start at once; later, say it and go on."""
        queue = intake.name
        if intake is not self._mending:
            self._open_main()
        text = getattr(reason, "reply_text", str(reason))
        if not self.heard.is_set():
            self.error = Refused(f"queue {queue}: the broker refused to let it be consumed from ({text})", cause=reason)
            self.heard.set()
        elif not self.stopping:
            logger.error("queue %s: the broker closed the channel (%s); opening it again", queue, text)

    def deliver(self, queue: str, message: Message) -> None:
        """Give the message to a worker; one from the retry queue when it is due."""
        seconds = self._retries.recall(message) if queue == self.settings.retry_queue else 0
        if seconds > 0:
            self.link.later(seconds, lambda: self.crew.inbox.put(message))
        else:
            self.crew.inbox.put(message)

    def retry(self, message: Message, reason: str) -> None:
        """Have it done again later."""
        self._kept(message, lambda: self._retries.retry(message, reason))

    def bury(self, message: Message, reason: str) -> None:
        """Put it into the dead-letter queue."""
        self._kept(message, lambda: self._retries.bury(message, reason))

    def _kept(self, message: Message, move: Callable[[], None]) -> None:
        try:
            move()
        except Exception:  # a fault of ours: the message was claimed, and nobody else would settle it
            logger.exception("queue %s: a message could not be moved; it goes back to its queue", self.queue_name)
            self.link.later(self.settings.retry_delay, lambda: message.put_back(requeue=True))

    def settled(self) -> None:
        """Finish, once all begun messages are settled after a stop."""
        if self.stopping and not self._closing and not any(intake.ledger.busy for intake in self._intakes):
            self._close()

    # the end

    def stop(self) -> None:
        """Begin to end: take no more messages, wait for those in hand."""
        if not self.stopping:
            self.stopping = True
            if not self.heard.is_set():
                text = f"queue {self.queue_name}: the consumer was stopped while it started"
                self.error = self.error or Stopped(text)
                self.heard.set()
            self.crew.dismiss()
            self.link.call(self._pause)

    def abandon(self) -> None:
        """End now: messages in hand go back to their queue."""
        self.link.call(self._close)

    def join(self) -> None:
        """Block until idle workers, and the I/O thread where this was its last member, have ended."""
        for thread in self.crew.threads:
            thread.join(0.2)
        if self._last:
            self.link.thread.join(5)

    def _pause(self) -> None:
        for intake in self._intakes:
            intake.pause()
        self.settled()

    def _close(self) -> None:
        if self._closing:
            return
        self._closing = True
        left = iter([*self._intakes, *([self._mending] if self._mending is not None else [])])

        def close_next() -> None:
            intake = next(left, None)
            if intake is not None:
                intake.close(close_next)
            else:
                self._retries.close(self._leave)

        close_next()

    def _leave(self) -> None:
        self._last = self._connection.detach(self, self.link)
        self.ended.set()

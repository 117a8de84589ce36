"""One run of a consumer, from its start to its stop: its queues, its workers, and its place on the connection.

Threads: the link and the intakes call it in the I/O thread, the workers settle messages in theirs, and `stop` and
`abandon` are for any thread.
"""

import logging
import threading

from lapinmq.connection import Connection
from lapinmq.crew import Crew
from lapinmq.errors import LapinError, Refused
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
        self._consuming: set[str] = set()
        self.stopping = self._closing = self._last = False
        self.link = connection.attach()
        self.crew = Crew(settings.queue_name, settings.task, settings.threads)
        self._retries = Retries(settings, connection, self.link, self.crew.inbox.put)
        bindings, gather = list(settings.bindings), settings.gather_acks
        separate = bool(settings.retry_queue)  # another channel for the other queues: one that is down stops no work
        queues = [settings.main, *([] if separate else settings.others)]
        self._main = Intake(self.link, self, SetUp(queues, bindings), settings.prefetch, gather)
        self._intakes = [self._main]
        if separate:
            room = max(WAITING_ROOM, settings.prefetch)
            self._intakes.append(Intake(self.link, self, SetUp(settings.others, []), room, False))
        self.link.enter(self)

    @property
    def queue_name(self) -> str:
        """The queue's name, also that of a temporary one."""
        return self._main.name

    # the link's member

    def opened(self, wire: Wire) -> None:
        """Consume on a new connection."""
        for intake in self._intakes:
            intake.opened(wire)

    def lost(self, error: LapinError) -> None:
        """Nothing to do: the channels' ends have been told by then."""

    def failed(self, error: LapinError) -> None:
        """End: there will be no connection any more."""
        self.error = error
        self.heard.set()
        self.stop()

    # the intakes' listener

    def consuming(self, queue: str) -> None:
        """Take note that one of the queues is consumed from."""
        self._consuming.add(queue)
        if len(self._consuming) >= len(self._intakes):
            self.heard.set()

    def refused(self, queue: str, reason: Exception) -> None:
        """Fail a start at once; later, say it and go on."""
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
        self._retries.retry(message, reason)

    def bury(self, message: Message, reason: str) -> None:
        """Put it into the dead-letter queue."""
        self._retries.bury(message, reason)

    def settled(self) -> None:
        """Finish, once all begun messages are settled after a stop."""
        if self.stopping and not self._closing and not any(intake.ledger.busy for intake in self._intakes):
            self._close()

    # the end

    def stop(self) -> None:
        """Begin to end: take no more messages, wait for those in hand."""
        if not self.stopping:
            self.stopping = True
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
        self._retries.close()
        left = iter(self._intakes)

        def close_next() -> None:
            intake = next(left, None)
            if intake is not None:
                intake.close(close_next)
            else:
                self._last = self._connection.detach(self, self.link)
                self.ended.set()

        close_next()



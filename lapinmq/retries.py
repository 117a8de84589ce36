"""What becomes of messages that were not acknowledged: they wait in a retry queue, and end in a dead-letter queue.

A message is published to the queue it goes to, and acknowledged in the one it comes from once that is confirmed. So it
is always on one of the two; after a crash in between on both, which its message_id tells.
"""

import logging
import threading
import time
import uuid
from collections.abc import Callable

from pika import BasicProperties

from lapinmq import frames, payload
from lapinmq.backoff import Backoff
from lapinmq.connection import Connection
from lapinmq.errors import LapinError, Stopped, Unroutable
from lapinmq.link import Link
from lapinmq.message import Message
from lapinmq.outbox import Outbox
from lapinmq.outgoing import Outgoing
from lapinmq.settings import Settings

logger = logging.getLogger(__name__)

COUNT, DUE, REASON, QUEUE = "x-lapinmq-retries", "x-lapinmq-due", "x-lapinmq-reason", "x-lapinmq-queue"
"""Headers: how often it failed; when it is due, in milliseconds since 1970; why it failed last; its queue."""

ORIGIN = ("x-lapinmq-exchange", "x-lapinmq-routing-key")
"""Headers: what it was sent with."""

COPIES = ("CC", "BCC")
"""Headers by which the broker would send it to other queues once more (https://www.rabbitmq.com/docs/sender-selected)."""

REASON_LENGTH = 500

MOST_PROPERTIES = 1 << 16
"""Bytes: with more, and ours, they might not fit into a frame, and only ours are kept."""

MOST_MOVING = 1000


class Retries:
    """Moves messages to the retry queue and to the dead-letter queue. For any thread."""

    def __init__(
        self, settings: Settings, connection: Connection, link: Link, redo: Callable[[Message], None],
        mend: Callable[[], None],
    ) -> None:  # fmt: skip
        """Set up: `redo` gives a message to a worker, `mend` has the two queues declared again."""
        self._settings, self._connection, self._link, self._redo, self._mend = settings, connection, link, redo, mend
        self._lock = threading.Lock()
        self._made: Outbox | None = None
        self._closed = False
        self._name = settings.queue_name or "(temporary)"

    def retry(self, message: Message, reason: str) -> None:
        """Have the message done again after a pause, or bury it when it has failed too often."""
        limit = self._settings.retry_limit
        if limit is not None and message.retries >= limit:
            self.bury(message, f"failed {message.retries + 1} times, the last: {reason}")
            return
        pause = self._pause(message.retries)
        attempt = f"{message.retries + 1}" if limit is None else f"{message.retries + 1} of {limit}"
        logger.warning("queue %s: retry %s of a message in %.1f s (%s)", self._name, attempt, pause, reason)
        if self._settings.temporary:
            message.retries += 1
            message.again()
            self._link.later(pause, lambda: self._redo(message))
            return
        due = int((time.time() + pause) * 1000)
        self._move(message, self._settings.retry_queue, {COUNT: message.retries + 1, DUE: due, REASON: reason})

    def bury(self, message: Message, reason: str) -> None:
        """Put the message into the dead-letter queue; without one, the broker does what the queue's policy says."""
        dead = self._settings.dead_letter_queue
        where = f"to the queue {dead}" if dead else "where the queue's dead-letter exchange says, if it has one"
        logger.error("queue %s: a message %s; it goes %s", self._name, reason, where)
        if dead:
            self._move(message, dead, {COUNT: message.retries, REASON: reason, QUEUE: self._settings.queue_name})
        else:
            message.put_back(requeue=False)

    def recall(self, message: Message) -> float:
        """Read how often the message has failed, and return the seconds until it is due."""
        headers = _properties(message).headers or {}
        message.retries = _number(headers, COUNT)
        message.origin = tuple(str(headers.get(header, "")) for header in ORIGIN)
        seconds = _number(headers, DUE) / 1000 - time.time()
        return min(seconds, self._settings.retry_delay_max)  # another machine's clock may be far ahead

    def close(self, then: Callable[[], None]) -> None:
        """Move no more, and call `then`. In the I/O thread only.

        What is not answered is given up: its message is on its own queue, and perhaps where it was to be moved, too.
        """
        with self._lock:
            self._closed, made = True, self._made
        if made is None:
            then()
        else:
            made.end(Stopped(f"queue {self._name}: the consumer was stopped"), then)

    def _pause(self, failed: int) -> float:
        backoff = Backoff(self._settings.retry_delay, self._settings.retry_delay_max)
        backoff.attempts = failed
        return backoff.pause()

    def _move(self, message: Message, queue: str, headers: dict[str, object]) -> None:
        properties = _properties(message)
        properties.expiration = properties.user_id = None  # it shall not expire; only its sender may send as its sender
        headers[REASON] = str(headers[REASON])[:REASON_LENGTH]
        headers |= dict(zip(ORIGIN, (message.exchange, message.routing_key), strict=True))
        kept = {name: value for name, value in (properties.headers or {}).items() if name not in COPIES}
        properties.headers = kept | headers
        properties.delivery_mode = frames.PERSISTENT
        properties.message_id = properties.message_id or uuid.uuid4().hex  # by which a duplicate can be told
        encoded = payload.encode(properties)
        if len(encoded) > MOST_PROPERTIES:
            properties.headers = headers
            encoded = payload.encode(properties)
        moved = Outgoing("", queue, message.body, encoded, properties.message_id, waited_for=False)
        moved.ack = message.settle
        moved.nack = lambda: self._keep(message, moved)
        try:
            self._outbox().put(moved, timeout=30)
        except LapinError as error:
            logger.error("%s; the message goes back to its queue", error)
            message.put_back(requeue=True)

    def _keep(self, message: Message, moved: Outgoing) -> None:
        """Give a message that could not be moved back to its queue, after a pause."""
        if self._closed:  # the end of its channel gives it back
            return
        logger.error("%s; the message goes back to queue %s", moved.error, self._name)
        if isinstance(moved.error, Unroutable):
            self._mend()
        self._link.later(self._settings.retry_delay, lambda: message.put_back(requeue=True))

    def _outbox(self) -> Outbox:
        with self._lock:
            if self._closed:
                raise Stopped(f"queue {self._name}: the consumer was stopped")
            if self._made is None:
                self._made = Outbox(self._connection, MOST_MOVING)
            return self._made


def _properties(message: Message) -> BasicProperties:
    """Return the message's properties; none where another client has sent what pika cannot read."""
    try:
        return message.original()
    except Exception as error:  # of many kinds: a time in milliseconds is a year 55840 that datetime does not know
        logger.error("a message's properties cannot be read (%s); it is kept without them", error)
        return payload.decode(b"\0\0")


def _number(headers: dict[str, object], name: str) -> int:
    """Return a header that is a number; 0 where somebody else has put the message there."""
    found = headers.get(name)
    return found if isinstance(found, int) else 0

"""The messages of one publisher on their way: those that wait, those sent and not confirmed, and their channel.

Threads: `put`, `close` and `wait_for` are for any thread; everything else runs in the I/O thread.
"""

import itertools
import threading
import time
from collections import deque
from collections.abc import Callable

from pika import BasicProperties, spec
from pika.channel import Channel as PikaChannel
from pika.exceptions import ChannelClosedByBroker

from lapinmq import causes, frames
from lapinmq.address import place
from lapinmq.channel import Channel
from lapinmq.connection import Connection
from lapinmq.errors import Blocked, ConnectionLost, LapinError, Nacked, Refused, Stopped, TimedOut, Unroutable
from lapinmq.outgoing import Outgoing
from lapinmq.unconfirmed import Unconfirmed
from lapinmq.wire import Wire

BATCH_BYTES = 1 << 15
"""How much is put together for one write. With more the broker waits while a batch is made: a fifth slower at 10 KB."""

BACKLOG_BYTES = 1 << 22
"""How much may wait for the socket; past it the next batch waits for a confirm."""

DOUBT_SECONDS = 1.0
"""For how long the broker may only nack before the channel is changed. RabbitMQ 3.10 nacks all that a channel sends to
a quorum queue, for ever, when its first message came while the queue had no leader."""

HEADER_ROOM = 32
"""Bytes of a header frame beside the properties."""

MOST_ROUTES = 1000
"""How many encoded pairs of exchange and routing key are kept."""


class Outbox:
    """At most `most` messages without an answer. Each is answered once: confirmed, or failed with its cause.

    After a lost connection what was sent and not confirmed is sent again, in its order and with its message_id; only a
    message that a caller waits for fails, so that the caller decides. Where the broker closes the channel over one of
    several messages, they are sent again one by one, so that only the one it refuses fails.
    """

    def __init__(self, connection: Connection, most: int) -> None:
        self._most, self._low = most, most * 3 // 4
        self._room = threading.Condition()  # of an RLock: a signal handler may stop the publisher
        self._waiters = 0
        self._open = 0  # messages without an answer
        self._waiting: deque[Outgoing] = deque()
        self._sent = Unconfirmed()
        self._suspects = 0  # messages to be sent one by one
        self._nacked: dict[tuple[str, str], float] = {}  # since when the broker only nacks what takes this route
        self._doubt_seconds = DOUBT_SECONDS
        self._doubted = False  # the channel is to be changed once nothing is out on it
        self._flagged = False  # a flush is on its way to the I/O thread
        self._routes: dict[tuple[str, str], bytes] = {}
        self._wire: Wire | None = None
        self._number = 0
        self.error: LapinError | None = None
        """Why it takes no more messages, or None."""
        self.heard = threading.Event()
        """Set once the channel was open, or will never be."""
        self.closed_for_good = threading.Event()
        self.stopping = self._closing = self._last = False
        self._after: Callable[[], None] | None = None
        self._connection = connection
        self.link = connection.attach()
        self._channel = Channel(self.link, self)
        self.link.enter(self)

    # any thread

    def put(self, message: Outgoing, timeout: float) -> None:
        """Queue the message. Blocks while `most` are unanswered, but never in the I/O thread.

        Raises Blocked, ConnectionLost or TimedOut after `timeout` seconds, Stopped and AuthenticationFailed at once.
        """
        with self._room:
            if self._open >= self._most and self.error is None and not self.link.inside:
                self._wait_for_room(message, timeout)
            if self.error is not None:
                raise type(self.error)(str(self.error), exchange=message.exchange, routing_key=message.routing_key,
                                       cause=self.error.cause)  # fmt: skip
            self._open += 1
            self._waiting.append(message)
        if not self._flagged:
            self._flagged = True
            self.link.call(self._flush)

    def late(self, message: Outgoing, seconds: float) -> LapinError:
        """Return what the caller is told who has waited so long."""
        if self.link.blocked:
            text = f"the broker takes no messages now ({self.link.blocked}), also not within {seconds:g} s"
            return self._told(Blocked, message, f"{text}; see rabbitmqctl alarms, and send it again when they are over")
        if self._wire is None:
            why = "its channel is being opened again" if self.link.connected else str(self.link.error)
            text = f"not connected within {seconds:g} s ({why}); it was not sent"
            return self._told(ConnectionLost, message, text, self.link.error.cause)
        text = f"no confirm within {seconds:g} s; it may be stored or not; send it again with the same message_id"
        return self._told(TimedOut, message, text)

    def everything(self) -> threading.Event:
        """Return an event that is set when all messages put so far are answered."""
        done = threading.Event()
        if self.closed_for_good.is_set():
            done.set()
        self.link.call(lambda: self._when_answered(done))
        return done

    def close(self) -> None:
        """Take no more messages; the channel is closed when all are answered."""
        with self._room:
            self.error = self.error or Stopped("the publisher was stopped; start it again to send")
            self.stopping = self._closing = True
            self._room.notify_all()
        self.heard.set()  # a start that waits
        self.link.call(self._close_if_empty)

    @property
    def unanswered(self) -> int:
        """How many messages wait for their answer."""
        return self._open

    def _wait_for_room(self, message: Outgoing, timeout: float) -> None:
        self._waiters += 1
        try:
            if not self._room.wait_for(lambda: self._open < self._most or self.error is not None, timeout):
                raise self.late(message, timeout)
        finally:
            self._waiters -= 1

    # the link's member

    def opened(self, wire: Wire) -> None:
        """Open the channel."""
        self._channel.opened(wire)

    def impossible(self, error: Exception) -> None:
        """Fail all messages: there is no channel to be had."""
        self.failed(Refused(f"{place(self.link.where)}: {error}", cause=error))

    def lost(self, error: LapinError) -> None:
        """Nothing to do: the channel's end has been told by then."""

    def failed(self, error: LapinError) -> None:
        """Fail all messages: there will be no connection any more."""
        with self._room:
            self.error = self.error if self._closing else error
            self._room.notify_all()
        self.give_up(error)
        self.heard.set()

    # the channel's owner

    def set_up(self, channel: PikaChannel, wire: Wire) -> None:
        """Ask for confirms."""
        channel.add_on_return_callback(self._returned)
        channel.confirm_delivery(lambda _: None, callback=lambda _: self._ready(channel, wire))

    def _ready(self, channel: PikaChannel, wire: Wire) -> None:
        self._wire, self._number = wire, channel.channel_number
        self._routes.clear()
        self._nacked.clear()
        self._doubted = False
        self.heard.set()
        self._flush()

    def closed(self, reason: Exception) -> bool:
        """Sort out what was sent and not confirmed; return True where the channel shall be opened again at once."""
        self._wire = None
        unconfirmed, self._sent = self._sent.everything(), Unconfirmed()
        if isinstance(reason, ChannelClosedByBroker):
            again = self._after_refusal(unconfirmed, reason)
        else:
            again = self._after_loss(unconfirmed, reason)
        for message in again:
            message.returned = None
        self._waiting.extendleft(reversed(again))
        return bool(unconfirmed) and isinstance(reason, ChannelClosedByBroker)

    def _after_refusal(self, unconfirmed: list[Outgoing], reason: ChannelClosedByBroker) -> list[Outgoing]:
        if len(unconfirmed) != 1:
            self._suspects = len(unconfirmed)
            return unconfirmed
        text = f"the broker refused it ({reason.reply_text}); declare what is missing, or correct the message"
        self._fail(unconfirmed, Refused, text, reason)
        return []

    def _after_loss(self, unconfirmed: list[Outgoing], reason: Exception) -> list[Outgoing]:
        waited_for = [message for message in unconfirmed if message.waited_for]
        told = causes.explained(reason, self.link.where)
        if waited_for:
            text = f"{told.args[0].partition(': ')[2]}, before it was confirmed; it may be stored or not"
            self._fail(waited_for, type(told), f"{text}; send it again with the same message_id", told.cause)
        return [message for message in unconfirmed if not message.waited_for]

    # the channel's sink

    def confirmed(self, tag: int, multiple: bool) -> None:
        """Take basic.ack: the message is on the broker's disk, or was returned before."""
        self._channel.settled()
        messages = self._sent.take(tag, multiple)
        for message in messages if self._nacked else ():
            if self._nacked.pop((message.exchange, message.routing_key), None):
                self._doubt_seconds = DOUBT_SECONDS
        for message in messages:
            message.confirm()
        self._answered(len(messages))

    def nacked(self, tag: int, multiple: bool) -> None:
        """Take basic.nack: a full queue with reject-publish, or a quorum queue without its quorum."""
        messages = self._sent.take(tag, multiple)
        for message in messages:
            since = self._nacked.setdefault((message.exchange, message.routing_key), time.monotonic())
            self._doubted = self._doubted or time.monotonic() - since > self._doubt_seconds
        text = "the broker did not store it (negative acknowledgement: the queue is full, or has no leader now)"
        self._fail(messages, Nacked, f"{text}; send it again later")

    def delivered(self, tag: int, redelivered: bool, routing: bytes, properties: bytes, body: bytes) -> None:
        """Nothing is delivered on a publisher's channel."""

    def _returned(self, _: object, method: spec.Basic.Return, properties: BasicProperties, __: bytes) -> None:
        """Mark the message that no queue takes; its basic.ack follows."""
        message = self._sent.find(properties.message_id, method.exchange, method.routing_key)
        if message is not None:
            text = f"it was not stored, since no queue takes it ({method.reply_text}); declare the queue, or bind one"
            message.returned = self._told(Unroutable, message, text)

    # sending and answering, in the I/O thread

    def _flush(self) -> None:
        if self._open > 1 and self._waiting and self._waiting[0].waited_for:
            time.sleep(0)  # callers who were told together send again together: let them, for one write of all
        self._flagged = False
        wire = self._wire
        while wire is not None and self._waiting and self._may_send(wire):
            batch = self._batch(wire.frame_max)
            if batch:
                wire.write(batch)

    def _may_send(self, wire: Wire) -> bool:
        if not self._sent:
            return True
        return not self._suspects and not self._doubted and wire.backlog < BACKLOG_BYTES

    def _batch(self, frame_max: int) -> bytes:
        """Return the frames of the next messages, which count as sent from here on."""
        pieces: list[bytes] = []
        size = 0
        while self._waiting and size < BATCH_BYTES:
            message = self._waiting.popleft()
            if message.abandoned:
                self._fail([message], TimedOut, "its sender gave up before it was sent")
                continue
            if len(message.properties) > frame_max - HEADER_ROOM:  # it would cost all their connection
                text = f"its properties have {len(message.properties)} bytes, more than a frame of {frame_max}"
                self._fail([message], Refused, f"{text}; put less into the headers")
                continue
            self._sent.add(message)
            pieces.append(self._route(message.exchange, message.routing_key))
            pieces.extend(frames.content(self._number, message.properties, message.body, frame_max))
            size += len(message.body) + 100
            if self._suspects:
                break
        return b"".join(pieces)

    def _route(self, exchange: str, routing_key: str) -> bytes:
        known = self._routes.get((exchange, routing_key))
        if known is None:
            if len(self._routes) >= MOST_ROUTES:
                self._routes.clear()
            known = frames.publish(self._number, exchange.encode(), routing_key.encode())
            self._routes[exchange, routing_key] = known
        return known

    def _answered(self, count: int) -> None:
        self._suspects = max(0, self._suspects - count)
        with self._room:
            self._open -= count
            if self._waiters and self._open <= self._low:
                self._room.notify_all()
        if self._doubted and not self._sent:
            self._wire, self._doubted = None, False
            self._doubt_seconds = min(60.0, self._doubt_seconds * 2)  # a full queue nacks, too
            self._channel.settled()
            self._channel.renew()
        if self._waiting and self._wire is not None and not self._flagged:
            self._flagged = True
            self.link.call(self._flush)
        if self._closing:
            self._close_if_empty()

    def _when_answered(self, done: threading.Event) -> None:
        open_now = [*self._waiting, *self._sent.everything()]
        left = itertools.count(len(open_now), -1)

        def one_less() -> None:
            if next(left) <= 1:
                done.set()

        for message in open_now:
            message.watch(one_less)
        if not open_now:
            done.set()

    def _fail(
        self, messages: list[Outgoing], kind: type[LapinError], text: str, cause: BaseException | None = None
    ) -> None:
        for message in messages:
            message.fail(self._told(kind, message, text, cause))
        self._answered(len(messages))

    def _told(
        self, kind: type[LapinError], message: Outgoing, text: str, cause: BaseException | None = None
    ) -> LapinError:
        about = f"exchange {message.exchange}, routing key {message.routing_key!r}"
        if not message.exchange:
            about = f"queue {message.routing_key}"
        line = f"{about} at {place(self.link.where)}: {text}"
        return kind(line, exchange=message.exchange, routing_key=message.routing_key, cause=cause)

    # the end

    def end(self, error: LapinError, then: Callable[[], None]) -> None:
        """Give up what is unanswered, close the channel, and call `then`."""
        self._after = then
        self.close()
        self.give_up(error)

    def give_up(self, error: LapinError) -> None:
        """Fail all that is unanswered."""
        messages = [*self._sent.everything(), *self._waiting]
        self._sent = Unconfirmed()
        self._waiting.clear()
        self._fail(messages, type(error), str(error).partition(": ")[2] or str(error), error.cause)

    def _close_if_empty(self) -> None:
        if self._open == 0 and not self.closed_for_good.is_set() and self._closing:
            self._closing = False  # once is enough
            self._channel.close(self._leave)

    def _leave(self) -> None:
        self._last = self._connection.detach(self, self.link)
        self.closed_for_good.set()
        if self._after is not None:
            self._after()

    def join(self) -> None:
        """Block until the I/O thread has ended, where this was its last member."""
        if self._last:
            self.link.thread.join(5)

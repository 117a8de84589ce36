"""One consumed queue: its channel, its declaration, its prefetch, and the ledger of what it has delivered.

Thread: the I/O thread only, but for `wake`.
"""

import logging
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

from pika.channel import Channel as PikaChannel
from pika.exceptions import ChannelClosedByBroker, NoFreeChannels

from lapinmq.channel import Channel
from lapinmq.ledger import Ledger
from lapinmq.link import Link
from lapinmq.message import Message, Refusals
from lapinmq.queues import SetUp, look_up
from lapinmq.wire import Wire

logger = logging.getLogger(__name__)


class Listener(Refusals, Protocol):
    """Who takes what the queue delivers."""

    def deliver(self, queue: str, message: Message) -> None:
        """Take a message of the queue."""

    def settled(self) -> None:
        """Take note that settled messages have been told to the broker."""

    def ready(self, intake: "Intake") -> None:
        """Take note that its queues are there, and that it consumes."""

    def refused(self, intake: "Intake", reason: Exception) -> None:
        """Take note that the broker closed the channel, which is opened again after a pause; or of what pika raised."""


class Intake:
    """Consumes from one queue, and goes on after lost connections, closed channels and deleted queues.

    With a prefetch of 0 it only sees to it that its queues are there.
    """

    def __init__(self, link: Link, listener: Listener, set_up: SetUp, prefetch: int, gather: bool) -> None:
        self._link, self._listener, self._set_up = link, listener, set_up
        self._prefetch, self._gather = prefetch, gather
        self._channel = Channel(link, self)
        self._wire: Wire | None = None
        self._pika: PikaChannel | None = None
        self._tag = ""
        self._flagged = False
        self.ledger = Ledger(0, gather, self.wake)
        self.ledger.close()
        self._paused = False

    @property
    def name(self) -> str:
        """The queue's name."""
        return self._set_up.name

    def wake(self) -> None:
        """Have what was settled told to the broker soon. For any thread."""
        if not self._flagged:
            self._flagged = True
            self._link.call(self._flush)

    def opened(self, wire: Wire) -> None:
        """Open the channel on a new connection."""
        self._channel.opened(wire)

    def pause(self) -> None:
        """Take no more messages, and give back what nobody has begun."""
        self._paused = True
        if self._pika is not None and self._pika.is_open and self._tag:
            self._pika.basic_cancel(self._tag)
        self.ledger.pause()

    def close(self, then: Callable[[], None]) -> None:
        """Tell the broker what was settled, and close the channel; what was not goes back to the queue."""
        self._flush()
        self.ledger.close()
        self._channel.close(then)

    def set_up(self, channel: PikaChannel, wire: Wire) -> None:
        """Declare, then consume."""
        self._wire, self._pika = wire, channel
        self.ledger = Ledger(channel.channel_number, self._gather, self.wake)
        channel.add_on_cancel_callback(self._cancelled)
        self._set_up.run(channel, lambda: self._consume(channel), self.impossible)

    def impossible(self, error: Exception) -> None:
        """Pass on what keeps it from consuming."""
        self._listener.refused(self, error)

    def _consume(self, channel: PikaChannel) -> None:
        if self._paused:
            return
        if not self._prefetch:
            self._consuming(None)
            self._channel.rest()
            return
        channel.basic_qos(prefetch_count=self._prefetch)
        self._tag = channel.basic_consume(self.name, lambda *_: None, callback=self._consuming)

    def _consuming(self, _: object) -> None:
        self._channel.settled()
        self._listener.ready(self)

    def _cancelled(self, frame: Any) -> None:
        """Ask whether the queue still exists: basic.cancel carries no reason."""
        if frame.method.consumer_tag != self._tag or self._wire is None or self._pika is None:
            return
        self._tag = ""
        answer = partial(self._continue, self._pika)
        try:
            look_up(self._wire, self.name, answer)
        except NoFreeChannels:
            answer("no channel is left on the connection to look for it")

    def _continue(self, channel: PikaChannel, missing: str) -> None:
        """Consume again; `missing` is why the queue is not there, '' if it is.

        A queue that was deleted is declared on the same channel: what it has delivered is only here. One that exists
        has taken messages back, which RabbitMQ 4.3 does after the acknowledgement timeout; older brokers close the
        channel then, and so it is closed here.
        """
        if channel is not self._pika or not channel.is_open or self._paused:
            return
        if not missing:
            text = (
                "queue %s: the broker cancelled the consumer, though the queue exists (was a message not acknowledged "
            )
            text += "within the acknowledgement timeout?); consuming again on a new channel"
            logger.error(text, self.name)
            self._channel.renew()
            return
        logger.warning("queue %s: the broker cancelled the consumer (%s); declaring the queue", self.name, missing)
        self._set_up.gone()
        self._set_up.run(channel, lambda: self._consume(channel), self.impossible)

    def closed(self, reason: Exception) -> bool:
        """Drop the deliveries of this channel; return whether it only has to declare what is missing."""
        self.ledger.close()
        self._wire = self._pika = None
        self._tag = ""
        self._listener.settled()
        if not isinstance(reason, ChannelClosedByBroker):
            return False
        if self._set_up.missing(reason.reply_code):
            return True
        self._listener.refused(self, reason)
        return False

    def delivered(self, tag: int, redelivered: bool, routing: bytes, properties: bytes, body: bytes) -> None:
        """Enter a delivery and hand it on."""
        self.ledger.deliver(tag)
        if self._paused:
            self.ledger.give_back(tag)
            return
        message = Message(self.ledger, self._listener, tag, redelivered, routing, properties, body)
        self._listener.deliver(self.name, message)

    def confirmed(self, tag: int, multiple: bool) -> None:
        """Nothing is published on this channel."""

    def nacked(self, tag: int, multiple: bool) -> None:
        """Nothing is published on this channel."""

    def _flush(self) -> None:
        self._flagged = False
        told = self.ledger.frames()
        if told and self._wire is not None:
            self._wire.write(told)
        self._listener.settled()

"""A channel that comes back: opened on each new connection, and again after the broker closed it.

Thread: the I/O thread only.
"""

from collections.abc import Callable
from typing import Protocol

from pika.channel import Channel as PikaChannel
from pika.exceptions import ChannelClosedByBroker, ChannelClosedByClient, NoFreeChannels

from lapinmq.backoff import Backoff
from lapinmq.errors import Refused
from lapinmq.link import Link
from lapinmq.wire import Sink, Wire

FIRST_PAUSE, LONGEST_PAUSE = 0.05, 4.0
"""Seconds before a channel that the broker closed is opened again."""

FAREWELL_SECONDS = 2
"""How long the broker may take to answer the closing of a channel."""


class Owner(Sink, Protocol):
    """Whose channel it is."""

    def set_up(self, channel: PikaChannel, wire: Wire) -> None:
        """Take the channel up: it is open."""

    def impossible(self, error: Exception) -> None:
        """Take note that the connection has no channel left."""

    def closed(self, reason: Exception) -> bool:
        """Take note that the channel is gone, with all its delivery tags; return whether to open it again at once."""


class Channel:
    """One channel on one link."""

    def __init__(self, link: Link, owner: Owner) -> None:
        self._link, self._owner = link, owner
        self._wire: Wire | None = None
        self._open: PikaChannel | None = None
        self._resting = False
        self._then: Callable[[], None] | None = None
        self._backoff = Backoff(FIRST_PAUSE, LONGEST_PAUSE)

    def opened(self, wire: Wire) -> None:
        """Open the channel on a new connection."""
        self._wire, self._resting = wire, False
        self._begin()

    def settled(self) -> None:
        """Take note that the channel does its work, so that the next pause is a short one again."""
        self._backoff.reset()

    def close(self, then: Callable[[], None]) -> None:
        """Close the channel for good, and call `then` once it is."""
        self._wire, self._then = None, then
        if self._open is None or not self._connected:
            self._finish()
            return
        if self._open.is_open:
            self._open.close()
        self._link.later(FAREWELL_SECONDS, self._finish)  # a frozen broker does not answer

    def renew(self) -> None:
        """Have a fresh channel after a pause."""
        if self._resting:
            self._resting = False
            self._link.later(self._backoff.pause(), self._begin)
        elif self._open is not None and self._open.is_open and self._connected:
            self._open.close()

    def rest(self) -> None:
        """Close the channel until it is renewed, or the connection is."""
        if self._open is not None and self._open.is_open and self._connected:
            self._resting = True
            self._open.close()

    @property
    def _connected(self) -> bool:
        """Whether its connection is open; when that is lost, pika tells the channels one after the other."""
        return self._open is not None and bool(self._open.connection.is_open)

    def _finish(self) -> None:
        then, self._then = self._then, None
        if then is not None:
            then()

    def _begin(self) -> None:
        if self._wire is not None and self._wire.is_open and self._open is None:
            try:
                self._open = self._wire.channel(on_open_callback=self._opened)
            except NoFreeChannels as error:
                text = "no channel is left on the connection (channel_max); use a Connection() of its own"
                self._owner.impossible(Refused(text, cause=error))
            else:
                self._open.add_on_close_callback(self._closed)

    def _opened(self, channel: PikaChannel) -> None:
        if self._wire is None:
            channel.close()
            return
        self._wire.sinks[channel.channel_number] = self._owner
        self._owner.set_up(channel, self._wire)

    def _closed(self, channel: PikaChannel, reason: Exception) -> None:
        self._open = None
        wire = channel.connection
        if isinstance(wire, Wire):
            wire.forget(channel.channel_number)
        at_once = self._owner.closed(reason)
        self._finish()
        if at_once:
            self._link.later(0, self._begin)
        elif not self._resting and isinstance(reason, (ChannelClosedByBroker, ChannelClosedByClient)):
            self._link.later(self._backoff.pause(), self._begin)

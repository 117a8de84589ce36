"""One I/O thread and the TCP connection that it keeps: dialled again, through all hosts, whenever it is lost."""

import contextlib
import logging
import os
import threading
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from pika.adapters.select_connection import IOLoop
from pika.connection import Parameters

from lapinmq import causes
from lapinmq.address import place
from lapinmq.backoff import Backoff
from lapinmq.errors import AuthenticationFailed, ConnectionLost, Forked, LapinError
from lapinmq.wire import Wire

logger = logging.getLogger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 2.0
"""Seconds between attempts to connect."""

FAREWELL_SECONDS = 2
"""How long the broker may take to answer the closing of the connection."""

STABLE_SECONDS = 5
"""How long a connection has to last before the next pause is a short one again: some faults close each new one."""

TOLD_EACH = 10
"""While the broker stays away, each tenth attempt is a warning in the log; the others are at level INFO."""


class Member(Protocol):
    """Who uses the connection. All three are called in the I/O thread."""

    def opened(self, wire: Wire) -> None:
        """Take the connection up: it is open, for the first time or again."""

    def lost(self, error: LapinError) -> None:
        """Take note that there is no connection; `opened` follows when there is one."""

    def failed(self, error: LapinError) -> None:
        """Take note that there will be no connection any more."""


class Link:
    """A thread that connects, keeps the connection and its heartbeats, and ends with its last member.

    `call`, `later`, `enter` and `inside` may be used from any thread, everything else in the I/O thread only.
    """

    def __init__(self, hosts: Sequence[Parameters]) -> None:
        self.hosts, self._turn = list(hosts), 0
        self.pid = os.getpid()
        self.error: LapinError = ConnectionLost(f"{place(self.where)}: not connected yet")
        self.blocked = ""
        """Why the broker takes no messages now, or nothing."""
        self._members: list[Member] = []
        self._wire: Wire | None = None
        self._ending = self._hopeless = False
        self._backoff = Backoff(FIRST_PAUSE, LONGEST_PAUSE)
        self._away_since = time.monotonic()
        self._loop = IOLoop()
        self.thread = threading.Thread(target=self._run, name=f"lapinmq I/O {place(self.where)}", daemon=True)
        self.thread.start()

    @property
    def where(self) -> Parameters:
        """The host that is connected, or tried next."""
        return self.hosts[self._turn % len(self.hosts)]

    @property
    def inside(self) -> bool:
        """Whether the caller is in the I/O thread."""
        return threading.current_thread() is self.thread

    @property
    def usable(self) -> bool:
        """Whether it may still connect: not in a child of the process that made it, nor after a refused login."""
        return os.getpid() == self.pid and self.thread.is_alive() and not self._hopeless

    @property
    def connected(self) -> bool:
        """Whether the connection is open."""
        return self._wire is not None and self._wire.is_open

    def check_fork(self) -> None:
        """Raise Forked in a child of the process that made this."""
        if os.getpid() != self.pid:
            raise Forked(
                f"{place(self.where)}: started in process {self.pid}, used in its child {os.getpid()}; a connection "
                "belongs to one process, so start publishers and consumers after the fork"
            )

    def call(self, function: Callable[[], None]) -> None:
        """Run the function in the I/O thread soon. Does nothing once the thread has ended."""
        self._loop.add_callback_threadsafe(function)

    def later(self, seconds: float, function: Callable[[], None]) -> None:
        """Run the function in the I/O thread after so many seconds."""

        def begin() -> None:
            self._loop.call_later(seconds, self._guarded(function))

        self.call(begin)

    def enter(self, member: Member) -> None:
        """Add a member; it is told at once where the connection is open or there will be none."""
        self.call(lambda: self._enter(member))

    def _enter(self, member: Member) -> None:
        self._members.append(member)
        if self._hopeless:
            member.failed(self.error)
        elif self._wire is not None and self._wire.is_open:
            member.opened(self._wire)

    def leave(self, member: Member) -> None:
        """Take a member away."""
        if member in self._members:
            self._members.remove(member)

    def end(self) -> None:
        """Close the connection and end the thread; drop it without a farewell where the broker does not answer."""
        self._ending = True
        wire = self._wire
        if wire is None:
            self._loop.stop()
        elif wire.is_open:
            wire.close()
            self._loop.call_later(FAREWELL_SECONDS, lambda: wire.abort("the broker did not answer the farewell"))
            self._loop.call_later(FAREWELL_SECONDS + 1, self._loop.stop)
        elif not wire.is_closing and not wire.is_closed:  # it is being dialled; else _closed follows
            wire.close()
            self._loop.call_later(FAREWELL_SECONDS, self._loop.stop)

    def _run(self) -> None:
        self._loop.add_callback_threadsafe(self._guarded(self._dial))
        while True:
            try:
                self._loop.start()
                break
            except BaseException:  # a fault of ours or pika's: say so, and connect anew
                logger.exception("%s: the I/O thread met an error; it goes on", place(self.where))
                with contextlib.suppress(Exception):
                    if self._wire is not None:
                        self._wire.abort("an error in the I/O thread")
        self._loop.close()

    def _guarded(self, function: Callable[[], None]) -> Callable[[], None]:
        def run() -> None:
            if not self._ending:
                function()

        return run

    def _dial(self) -> None:
        try:
            self._wire = Wire(
                self.where, on_open_callback=self._opened, on_open_error_callback=self._refused,
                on_close_callback=self._closed, custom_ioloop=self._loop,
            )  # fmt: skip
        except Exception as error:  # nothing is to leave this thread without another attempt
            self._again(causes.explained(error, self.where))

    def _opened(self, wire: Wire) -> None:
        if self._backoff.attempts:
            logger.warning("%s: connected after %.1f s", place(self.where), time.monotonic() - self._away_since)
        self._loop.call_later(STABLE_SECONDS, lambda: self._stable(wire))
        wire.add_on_connection_blocked_callback(self._broker_blocks)
        wire.add_on_connection_unblocked_callback(self._broker_goes_on)
        for member in list(self._members):
            member.opened(wire)

    def _stable(self, wire: Wire) -> None:
        if wire is self._wire:
            self._backoff.reset()

    def _refused(self, _: Wire, error: BaseException) -> None:
        told = causes.explained(error, self.where)
        self._turn += 1
        self._again(told)

    def _closed(self, _: Wire, error: BaseException) -> None:
        self._away_since = time.monotonic()
        told = causes.explained(error, self.where)
        self.blocked = ""
        if not self._ending:
            for member in list(self._members):
                member.lost(told)
        self._again(told)

    def _again(self, error: LapinError) -> None:
        """Dial again after a pause; or end, where that would not help or nobody is left."""
        self._wire, self.error = None, error
        if self._ending:
            self._loop.stop()
        elif isinstance(error, AuthenticationFailed):
            self._hopeless = True
            logger.error("%s", error)
            for member in list(self._members):
                member.failed(error)
        else:
            level = logging.INFO if self._backoff.attempts % TOLD_EACH else logging.WARNING
            pause = self._backoff.pause()
            logger.log(level, "%s; trying again in %.1f s", error, pause)
            self._loop.call_later(pause, self._guarded(self._dial))

    def _broker_blocks(self, _: object, frame: object) -> None:
        self.blocked = str(getattr(getattr(frame, "method", None), "reason", "") or "an alarm")
        logger.warning("%s: the broker takes no messages now (%s)", place(self.where), self.blocked)

    def _broker_goes_on(self, *_: object) -> None:
        self.blocked = ""
        logger.warning("%s: the broker takes messages again", place(self.where))

"""A publisher that lives as long as its process: each message is confirmed by the broker, or its sender hears why not.

A sync publisher returns when the broker has confirmed; an async one at once, and tells by a future and callbacks.
"""

import contextlib
import itertools
import logging
import threading
import time
import uuid
from concurrent.futures import Future
from types import TracebackType
from typing import Literal

import pika

from lapinmq import outgoing, payload
from lapinmq.connection import Connection, shared
from lapinmq.errors import ConnectionLost, LapinError, NotStarted, Stopped, TimedOut, WrongThread
from lapinmq.outbox import Outbox
from lapinmq.outgoing import Callback, Outgoing
from lapinmq.waiting import wait_for

logger = logging.getLogger(__name__)

MAX_BODY = 16 * 2**20
"""Bytes. RabbitMQ's own limit, by default, from 4.0 (its setting max_message_size)."""

EXIT_SECONDS = 10
"""How long the end of the process waits for the confirms of publishers that nobody stopped."""

LEAVE_SECONDS = 5
"""How long the I/O thread may take to close a channel; a broker that does not answer gets 2 s of them."""

_CONFIRMED: "Future[None]" = Future()  # what sync sends return
_CONFIRMED.set_result(None)

_started: "set[Publisher]" = set()


class Publisher:
    """Sends messages on a channel of its own, from any number of threads.

    Callbacks, and done-callbacks of the futures, run in the I/O thread: they may publish (async) and stop, but while
    one works nothing else is sent or confirmed, so keep them short.
    """

    def __init__(
        self,
        kind: Literal["sync", "async"] = "sync",
        *,
        connection: Connection | None = None,
        max_unconfirmed: int = 10_000,
        timeout: float = 30.0,
        max_body: int = MAX_BODY,
    ) -> None:
        """Set up; nothing is connected before start().

        `timeout` is in seconds: how long a send waits for its confirm, or for room where `max_unconfirmed` messages are
        without one. `max_body` is in bytes. Without `connection` the process's shared one is used.
        """
        if kind not in ("sync", "async"):
            raise ValueError(f"kind is 'sync' or 'async', not {kind!r}")
        if max_unconfirmed < 1:
            raise ValueError(f"max_unconfirmed is 1 or more, not {max_unconfirmed}")
        self.kind, self.timeout, self.max_body = kind, timeout, max_body
        self._connection, self._most = connection, max_unconfirmed
        self._lock = threading.Lock()
        self._outbox: Outbox | None = None
        self._stopped = False
        self._prefix, self._numbers = uuid.uuid4().hex, itertools.count(1)

    def __repr__(self) -> str:
        return f"<Publisher {self.kind}>"

    def __enter__(self) -> "Publisher":
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.stop()

    def start(self, timeout: float = 30.0) -> None:
        """Open the channel. Blocks until it is; a broker that cannot be reached is tried again, with growing pauses.

        Raises ConnectionLost after `timeout` seconds, AuthenticationFailed at once.
        """
        with self._lock:
            old = self._outbox
            if old is not None:
                old.link.check_fork()
            if old is None or old.stopping or old.error is not None:
                self._outbox, self._stopped = Outbox(self._connection or shared(), self._most), False
            outbox = self._outbox
        if old is not None and old is not outbox:
            old.close()
        assert outbox is not None
        heard = outbox.link.inside or wait_for(outbox.heard, timeout)
        error = outbox.error
        if not heard:
            cause = outbox.link.error
            error = ConnectionLost(f"{cause}; gave up after {timeout:g} s", cause=cause.cause)
        if error is not None:
            outbox.close()
            self._leave(outbox)
            raise error
        _started.add(self)

    def send_message_to_queue(
        self,
        queue_name: str,
        body: str | bytes,
        expiration: int | str | None = None,
        callbacks: dict[str, Callback] | None = None,
        *,
        properties: pika.BasicProperties | None = None,
        message_id: str | None = None,
        timeout: float | None = None,
    ) -> "Future[None]":
        """Send to a queue by its name, through the default exchange; else as send_message does."""
        return self.send_message(
            "", queue_name, body, expiration, callbacks, properties=properties, message_id=message_id, timeout=timeout
        )

    def send_message(  # noqa: PLR0913 - each is a field that a message may need
        self,
        exchange: str,
        routing_key: str,
        body: str | bytes,
        expiration: int | str | None = None,
        callbacks: dict[str, Callback] | None = None,
        *,
        properties: pika.BasicProperties | None = None,
        message_id: str | None = None,
        timeout: float | None = None,
    ) -> "Future[None]":
        """Send a persistent message. `expiration` is in milliseconds, `timeout` in seconds.

        sync: blocks until the broker has confirmed, and raises what it says else: Unroutable, Nacked, Refused,
        TimedOut, Blocked, ConnectionLost. async: returns a future that ends so, and blocks only while max_unconfirmed
        are out. Of the callbacks one is called, once. Raises TypeError and ValueError before the wire.
        """
        outbox = self._outbox
        if outbox is None:
            raise self._not_running()
        outbox.link.check_fork()
        sync = self.kind == "sync"
        if sync and outbox.link.inside:
            raise WrongThread("a sync publisher cannot wait for its confirm in a callback; use an async one there")
        encoded = payload.body(body, self.max_body)
        number = payload.short("message_id", message_id) if message_id else f"{self._prefix}-{next(self._numbers):x}"
        fields, number = payload.properties(properties, number, payload.expiration(expiration))
        payload.short("exchange", exchange)
        payload.short("routing_key", routing_key)
        message = Outgoing(exchange, routing_key, encoded, fields, number, sync)
        if callbacks:
            message.ack, message.nack = outgoing.callbacks(callbacks)
        patience = self.timeout if timeout is None else timeout
        begun = time.monotonic() if sync else 0
        outbox.put(message, patience)
        if not sync:
            return message.future
        self._wait(outbox, message, patience, begun)
        return _CONFIRMED

    def flush(self, timeout: float = 30.0) -> None:
        """Block until all that was sent so far is confirmed or failed; raise TimedOut after `timeout` seconds."""
        outbox = self._outbox
        if outbox is None:
            raise self._not_running()
        outbox.link.check_fork()
        if outbox.link.inside:
            raise WrongThread("flush() cannot wait for confirms in a callback")
        answered = outbox.everything()
        if not wait_for(answered, timeout) and not outbox.closed_for_good.is_set():
            raise self._unanswered(outbox, timeout, "")

    def stop(self, timeout: float = 30.0) -> None:
        """Take no more messages, wait until all are confirmed, and close the channel. May be called by anybody, twice.

        In a callback it does not block: the rest happens once the callback has returned. Raises TimedOut where the
        broker has not answered all within `timeout` seconds; their futures and nack callbacks have told then.
        """
        outbox, self._stopped = self._outbox, True
        if outbox is None:
            return
        if not _is_of_this_process(outbox):
            self._outbox = None  # its parent's; here it may be started anew
            return
        outbox.close()
        if outbox.link.inside:
            return
        answered = wait_for(outbox.closed_for_good, timeout)
        error = None if answered else self._unanswered(outbox, timeout, "; they may be stored or not")
        if error is not None:
            reason = Stopped(f"stop(): no confirm within {timeout:g} s; it may be stored or not")
            outbox.link.call(lambda: outbox.give_up(reason))
        self._leave(outbox)
        if error is not None:
            raise error

    def _leave(self, outbox: Outbox) -> None:
        wait_for(outbox.closed_for_good, LEAVE_SECONDS)
        _started.discard(self)
        outbox.join()
        with self._lock:
            if self._outbox is outbox:
                self._outbox = None

    def _wait(self, outbox: Outbox, message: Outgoing, patience: float, begun: float) -> None:
        try:
            answered = message.wait(max(0.0, patience - (time.monotonic() - begun)))
        except BaseException:  # Ctrl+C, or what the broker said
            message.abandoned = True
            raise
        if not answered:
            message.abandoned = True
            if not message.wait(0):
                raise outbox.late(message, patience)

    def _not_running(self) -> LapinError:
        if self._stopped:
            return Stopped("the publisher was stopped; start() it again to send")
        return NotStarted("the publisher was not started; call start() first, or use it in a with statement")

    def _unanswered(self, outbox: Outbox, timeout: float, more: str) -> TimedOut:
        blocked = f" (the broker takes no messages: {outbox.link.blocked})" if outbox.link.blocked else ""
        return TimedOut(f"{outbox.unanswered} messages are not confirmed after {timeout:g} s{blocked}{more}")


def _is_of_this_process(outbox: Outbox) -> bool:
    with contextlib.suppress(LapinError):
        outbox.link.check_fork()
        return True
    return False


def stop_all() -> None:
    """Wait for the confirms of publishers that nobody stopped: the end of the process would lose their messages."""
    for publisher in list(_started):
        try:
            publisher.stop(EXIT_SECONDS)
        except LapinError as error:
            logger.error("at the end of the process: %s", error)

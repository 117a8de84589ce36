"""A message as a task gets it, and what the task may say of it."""

import enum
from typing import Protocol

from pika import BasicProperties

from lapinmq import payload
from lapinmq.ledger import Ledger


class MessageStatus(enum.Enum):
    """What a task returns."""

    SUCCESS = "success"
    """The work is done: acknowledge the message."""
    FAIL_RETRY_LATER = "fail_retry_later"
    """The work failed: give the message to a worker again, after a pause that grows with each time."""
    FAIL_DO_NOT_RETRY = "fail_do_not_retry"
    """The work will never succeed: the message goes to the dead-letter queue at once."""
    HANDLED_VIA_CALLBACK = "handled_via_callback"
    """Something else calls message.ack(), reject() or reject_retry()."""


class Refusals(Protocol):
    """Who takes the messages that are not acknowledged."""

    def retry(self, message: "Message", reason: str) -> None:
        """Give the message to a worker again later."""

    def bury(self, message: "Message", reason: str) -> None:
        """Put the message away."""


class Message:
    """One delivery. `body` is bytes.

    `ack`, `reject` and `reject_retry` may be called in any thread. The first call counts. After the connection was lost
    they do nothing: the broker delivers the message again.
    """

    __slots__ = (
        "_encoded", "_ledger", "_properties", "_redelivered", "_refusals", "_routing", "_tag", "body", "origin",
        "retries",
    )  # fmt: skip

    def __init__(
        self, ledger: Ledger, refusals: Refusals, tag: int, redelivered: bool, routing: bytes, properties: bytes,
        body: bytes,
    ) -> None:  # fmt: skip
        self._ledger, self._refusals, self._tag = ledger, refusals, tag
        self._redelivered, self._routing, self._encoded = redelivered, routing, properties
        self._properties: BasicProperties | None = None
        self.body = body
        self.retries = 0
        """How often a task has failed on it."""
        self.origin: tuple[str, ...] = ()
        """Its exchange and routing key, where it came through the retry queue."""

    def __repr__(self) -> str:
        return f"<Message {self.properties.message_id or '(without id)'} {len(self.body)} bytes>"

    @property
    def properties(self) -> BasicProperties:
        """The message's properties, with its headers and message_id."""
        if self._properties is None:
            self._properties = payload.decode(self._encoded)
        return self._properties

    @property
    def redelivered(self) -> bool:
        """Whether it may have been given to a consumer before."""
        return self._redelivered or self.retries > 0

    @property
    def exchange(self) -> str:
        """The exchange that it was sent to, '' for the default one."""
        return self.origin[0] if self.origin else self._routing[1 : 1 + self._routing[0]].decode(errors="replace")

    @property
    def routing_key(self) -> str:
        """The routing key that it was sent with."""
        return self.origin[1] if self.origin else self._routing[2 + self._routing[0] :].decode(errors="replace")

    def ack(self) -> None:
        """Acknowledge the message: its queue forgets it."""
        if self._ledger.claim(self._tag):
            self._ledger.ack(self._tag)

    def reject(self) -> None:
        """Do not try the message again: it goes to the dead-letter queue."""
        self.refuse("was rejected by its consumer")

    def reject_retry(self) -> None:
        """Give the message to a worker again later; after the last retry it goes to the dead-letter queue."""
        self.retry("rejected for a retry by its consumer")

    def retry(self, reason: str) -> None:
        """Do as reject_retry, and tell the reason to who finds the message in the dead-letter queue."""
        if self._ledger.claim(self._tag):
            self._refusals.retry(self, reason)

    def refuse(self, reason: str) -> None:
        """Do as reject, and tell the reason to who finds the message in the dead-letter queue."""
        if self._ledger.claim(self._tag):
            self._refusals.bury(self, reason)

    # for the consumer

    def original(self) -> BasicProperties:
        """Return the properties as they came, whatever a task has done to `properties`."""
        return payload.decode(self._encoded)

    def begin(self) -> bool:
        """Return whether the task may begin: not after the connection was lost or the consumer stopped."""
        return self._ledger.begin(self._tag)

    def settle(self) -> None:
        """Acknowledge a message that was claimed before, once what replaces it is confirmed."""
        self._ledger.ack(self._tag)

    def put_back(self, requeue: bool) -> None:
        """Give a message that was claimed before back to the broker."""
        self._ledger.reject(self._tag, requeue)

    def again(self) -> None:
        """Let a message that was claimed before be begun once more."""
        self._ledger.reopen(self._tag)

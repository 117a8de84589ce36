"""A dead-letter queue: what is in it, and the way back."""

import hashlib
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from sqs_pipes.envelope import opened
from sqs_pipes.errors import NotReached, WrongMessage
from sqs_pipes.hand import Held, tens
from sqs_pipes.sqs import BATCH, Entry, Received, Sqs

HIDDEN_SECONDS = 120
"""For which a message is hidden while it is looked at."""


@dataclass(frozen=True)
class DeadLetter:
    """A message that no receiver could do. `value` is None where no task has sent it; `body` is what it holds."""

    id: str
    value: Any
    priority: int
    body: str


class DeadLetters:
    """Those of one queue."""

    def __init__(self, sqs: Sqs, dead: str, targets: list[str]) -> None:
        """Set up; `targets` are the URLs of the queues they came from, by level."""
        self._sqs, self._dead, self._targets = sqs, dead, targets

    def letters(self) -> list[DeadLetter]:
        """Return them; of one message group the first. They stay."""
        found: list[DeadLetter] = []

        def look(message: Received) -> bool:
            found.append(_letter(message))
            return False

        self._each(look)
        return found

    def put_back(self, ids: Collection[str] | None) -> int:
        """Send all, or those, to the queues they came from, and return how many. What is sent is deleted here then."""
        return self._each(lambda message: (ids is None or message.id in ids) and self._sent(message))

    def _each(self, takes: Callable[[Received], bool]) -> int:
        """Offer each message, delete what is taken, show the rest again; return how many were taken."""
        count, left = 0, dict[str, Received]()
        try:
            while found := [each for each in self._received() if each.id not in left]:
                for message in found:
                    if not takes(message):
                        left[message.id] = message
                        continue
                    self._sqs.delete([message])
                    count += 1
        finally:
            for some in tens(Held(message, 0) for message in left.values()):
                self._sqs.hide([each.message for each in some], 0)
        return count

    def _received(self) -> list[Received]:
        # A standard queue's short poll asks only some of the servers (SQS, short and long polling).
        return self._sqs.receive(self._dead, BATCH, 0 if self._dead.endswith(".fifo") else 1, HIDDEN_SECONDS)

    def _sent(self, message: Received) -> bool:
        level = min(_letter(message).priority, len(self._targets) - 1)
        # Not the id that it was sent with at first: SQS would take it for a duplicate. Put back twice, it is one.
        again = hashlib.sha256(f"put back\n{message.id}".encode()).hexdigest()
        entry = Entry(message.body, message.group, again if message.group else "")
        if reason := self._sqs.send(self._targets[level], [entry])[0]:
            queue = self._targets[level].rsplit("/", 1)[1]
            raise NotReached(f"queue {queue}: message {message.id} was refused: {reason}")
        return True


def _letter(message: Received) -> DeadLetter:
    try:
        told = opened(message.body, message.id, "")
        return DeadLetter(message.id, told.value, told.priority, message.body)
    except WrongMessage:
        return DeadLetter(message.id, None, 0, message.body)

"""The messages that a run has received and not yet settled. One thread, the keeper, keeps them hidden from others."""

import itertools
import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from sqs_pipes.errors import PipesError
from sqs_pipes.settings import LONGEST_VISIBILITY_SECONDS
from sqs_pipes.sqs import BATCH, Received, Sqs, is_lost

log = logging.getLogger(__name__)


def _now() -> float:
    """Return seconds that also pass while the machine sleeps, where its system tells them."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


@dataclass(eq=False)
class Held:
    """A message in hand since `began`: ours until `until`, to be extended at `due`, all of _now()."""

    message: Received
    level: int
    until: float = 0
    due: float = 0
    began: float = 0

    def hidden(self, seconds: float) -> None:
        """Note that it is hidden from now on for so long."""
        now = _now()
        self.began = self.began or now
        self.until, self.due = now + seconds, now + seconds / 3

    @property
    def ours(self) -> bool:
        """Return whether nobody else can have it."""
        return _now() < self.until


class Hand:
    """All of them. Any thread may use it."""

    def __init__(self, sqs: Sqs, visibility_seconds: int) -> None:
        """Begin empty."""
        self._sqs, self._visibility, self._closed = sqs, visibility_seconds, False
        self._held: set[Held] = set()
        self._changed = threading.Condition()

    def start(self, name: str, failed: Callable[[BaseException], None]) -> None:
        """Start the keeper; `failed` is called with what ends it."""
        threading.Thread(target=self._keep, args=(failed,), name=f"{name} keeper", daemon=True).start()

    def add(self, held: Iterable[Held]) -> None:
        """Keep these."""
        with self._changed:
            if not self._held:  # else the keeper looks by itself
                self._changed.notify()
            self._held.update(held)

    def remove(self, held: Iterable[Held]) -> list[Held]:
        """Keep these no longer, and return those that were kept."""
        with self._changed:
            found = [each for each in held if each in self._held]
            self._held.difference_update(found)
            return found

    def release(self, held: Iterable[Held], seconds: int = 0) -> None:
        """Keep these no longer: others may have them after `seconds`. A failure is logged: SQS shows them later."""
        left = self.remove(held)
        try:
            for some in tens(left):
                for reason in self._sqs.hide([each.message for each in some], seconds):
                    if reason and not is_lost(reason):
                        log.warning("a message is visible again only after its timeout: %s", reason)
        except PipesError as error:  # the rest would fail alike, and nobody shall wait for that
            log.warning("%d messages are visible again only after their timeout: %s", len(left), error)

    def close(self) -> None:
        """Release all, and end the keeper."""
        with self._changed:
            self._closed, left = True, list(self._held)
            self._changed.notify()
        self.release(left)

    def __len__(self) -> int:
        return len(self._held)

    def _keep(self, failed: Callable[[BaseException], None]) -> None:
        try:
            while not self._closed:
                for some in tens(self._due()):
                    self._extend(some)
        except BaseException as error:
            failed(error)

    def _due(self) -> list[Held]:
        """Return what is to be extended. Blocks for a while, and while nothing is in hand."""
        with self._changed:
            self._changed.wait_for(lambda: self._held or self._closed)
            self._changed.wait_for(lambda: self._closed, min(1, self._visibility / 6))
            now = _now()
            return [each for each in self._held if each.due <= now and not self._closed]

    def _extend(self, some: Sequence[Held]) -> None:
        left = LONGEST_VISIBILITY_SECONDS - int(_now() - min(each.began for each in some)) - 1
        try:
            refused = self._sqs.hide([each.message for each in some], max(1, min(self._visibility, left)))
        except PipesError as error:
            log.warning("%d messages were not kept hidden, tried again: %s", len(some), error)
            return
        for each, reason in zip(some, refused, strict=True):
            if not reason:
                each.hidden(self._visibility)
            elif not is_lost(reason):
                log.warning("message %s was not kept hidden, tried again: %s", each.message.id, reason)
            elif self.remove([each]):
                each.until = 0
                log.warning("message %s is its next receiver's now, no longer this run's: %s", each.message.id, reason)


def tens(held: Iterable[Held]) -> Iterable[list[Held]]:
    """Yield them in lists for one request each: of one queue, ten at most."""
    ordered = sorted(held, key=lambda each: each.message.url)
    for _, same in itertools.groupby(ordered, key=lambda each: each.message.url):
        found = list(same)
        yield from (found[start : start + BATCH] for start in range(0, len(found), BATCH))

"""The receiving side of a run: for each priority a lane, a thread that waits in long polls on the queue of that level.

A lane whose poll is under way has nothing to bring, so a lower one may bring something meanwhile. That keeps the order
of the levels without asking all queues each time: an idle level costs a request in 20 s.
"""

import itertools
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from sqs_pipes.errors import NotReached
from sqs_pipes.hand import Hand, Held
from sqs_pipes.plan import Plan
from sqs_pipes.ready import Ready
from sqs_pipes.sqs import BATCH, Received, Sqs

log = logging.getLogger(__name__)

LONGEST_POLL_SECONDS = 20
"""The longest that SQS offers (ReceiveMessage)."""

JOIN_SECONDS = 1.2
"""A run that is stopped waits for the shortest polls, and leaves longer ones behind."""

SHORT_POLL_SECONDS = 3

LEFT_BEHIND_SECONDS = 5
"""For how long a longer poll hides what it brings at first, since its reader may be gone by then."""

PATIENCE = 8
"""So many batches may pass by a lower level before it gets a turn."""


@dataclass(eq=False)
class Lane:
    """One level. `flows`: its last request brought all it asked for; `passed`: batches of others since its turn."""

    level: int
    url: str
    wait: int
    flows: bool = True  # at first they are asked one after the other, the highest first
    passed: int = 0

    def brought(self, found: int, asked: int, first_wait: int) -> None:
        """Note what a request brought: the next one waits longer where this one waited in vain."""
        self.flows = found == asked
        self.wait = first_wait if found else min(LONGEST_POLL_SECONDS, 2 * self.wait)


class Lanes:
    """All of them, highest first."""

    def __init__(self, sqs: Sqs, plan: Plan, ready: Ready, hand: Hand, stopped: threading.Event) -> None:
        """Set up. Once `stopped` is set they ask no more; what a poll under way still brings is given back."""
        self._sqs, self._ready, self._hand, self._stopped = sqs, ready, hand, stopped
        settings, levels = plan.settings, plan.sources
        self._visibility, self._linger = settings.visibility_seconds, settings.linger_seconds
        self._first_wait = min(LONGEST_POLL_SECONDS, len(levels))
        self._lanes = [Lane(level, url, self._first_wait) for level, url in sorted(levels, reverse=True)]
        self._threads: list[threading.Thread] = []

    def start(self, name: str, failed: Callable[[BaseException], None]) -> None:
        """Start the threads; `failed` is called with what cannot be helped by trying again."""
        for lane in self._lanes:
            about = f"{name} lane {lane.level}"
            self._threads.append(threading.Thread(target=self._run, args=(lane, failed), name=about, daemon=True))
            self._threads[-1].start()

    def join(self) -> None:
        """Wait for the ends of short polls: they would catch what the run gives back."""
        until = time.monotonic() + JOIN_SECONDS
        for thread in self._threads:
            thread.join(max(0, until - time.monotonic()))

    def _run(self, lane: Lane, failed: Callable[[BaseException], None]) -> None:
        pauses = itertools.chain((0.2, 0.5, 1, 2), itertools.repeat(5))
        while most := self._turn(lane):
            wait, begun = self._wait(lane), time.monotonic()
            try:
                found = self._sqs.receive(lane.url, most, wait, self._hidden(lane))
            except NotReached as error:
                self._note(lane, 0, most)  # the lower ones need not wait for it
                if not self._stopped.is_set():
                    pause = next(pauses)
                    log.warning("tried again in %s s: %s", pause, error)
                    self._stopped.wait(pause)
                continue
            except BaseException as error:  # also what nobody thought of: without its lane a run waits for ever
                return failed(error)
            pauses = itertools.chain((0.2, 0.5, 1, 2), itertools.repeat(5))
            self._brought(lane, found, most)
            if not found and time.monotonic() - begun < wait / 2:
                self._stopped.wait(1)  # what does not wait as SQS does shall not be asked without a pause
        return None

    def _wait(self, lane: Lane) -> int:
        # A lower lane waits for the answer of one that flows.
        return 0 if lane.flows and len(self._lanes) > 1 else lane.wait

    def _hidden(self, lane: Lane) -> int:
        short = self._wait(lane) <= SHORT_POLL_SECONDS
        return self._visibility if short else min(LEFT_BEHIND_SECONDS, self._visibility)

    def _turn(self, lane: Lane) -> int:
        """Return how many messages to ask for, 0 at the end. Blocks until it is the lane's turn."""
        with self._ready.lock:
            while not self._stopped.is_set():
                if (wanted := self._ready.wanted()) and self._may(lane):
                    lane.passed = 0
                    return wanted if lane.flows or len(self._lanes) == 1 else 1
                self._ready.room.wait(1)  # so that no forgotten notice lasts
        return 0

    def _may(self, lane: Lane) -> bool:
        above = itertools.takewhile(lambda other: other is not lane, self._lanes)
        return lane.passed >= PATIENCE or not any(other.flows for other in above)

    def _brought(self, lane: Lane, found: list[Received], asked: int) -> None:
        hidden = self._hidden(lane)
        held = [Held(message, lane.level) for message in found]
        for each in held:
            each.hidden(hidden)
        self._hand.add(held)
        surplus = self._ready.put(held)
        self._hand.release(surplus)
        self._note(lane, len(found), asked)
        if 0 < len(found) < asked == BATCH:
            self._stopped.wait(self._linger)  # the queue is nearly empty: let it fill, a request costs the same

    def _note(self, lane: Lane, found: int, asked: int) -> None:
        with self._ready.lock:
            lane.brought(found, asked, self._first_wait)
            if found:
                for other in self._lanes[self._lanes.index(lane) + 1 :]:
                    other.passed += 1
            self._ready.room.notify_all()

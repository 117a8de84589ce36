"""One run of a task, from its first fetch to its last delete.

Its threads: a lane for each priority receives, workers run the task, couriers send and delete, the keeper keeps what is
in hand hidden from others, the closer ends it all. The caller's thread waits, or iterates over the outputs.
"""

import logging
import sys
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any

from sqs_pipes.buffer import Buffer
from sqs_pipes.courier import GRACE_SECONDS, Courier
from sqs_pipes.ending import Ending
from sqs_pipes.envelope import opened
from sqs_pipes.errors import WrongOutput
from sqs_pipes.hand import Hand, Held
from sqs_pipes.lanes import Lanes
from sqs_pipes.outcome import Outcome, outcome
from sqs_pipes.pace import Pace
from sqs_pipes.plan import Plan
from sqs_pipes.progress import Progress
from sqs_pipes.queues import RECEIVES
from sqs_pipes.ready import Ready
from sqs_pipes.sqs import BATCH, Sqs

log = logging.getLogger(__name__)

LONGEST_BACKOFF_SECONDS = 60
LOOK_SECONDS = 0.2
"""How long a wait of the caller's thread may be: Windows delivers Ctrl+C only between two of them."""

LAST_SECONDS = 1
"""After the end was asked for, outputs of the last task are given out so long; the others' inputs are given back."""

WORKERS_A_COURIER, MOST_COURIERS = 8, 4


class Run:
    """Starts when it is iterated over. Any thread may end it, through its Ending."""

    def __init__(self, sqs: Sqs, plan: Plan, ending: Ending, progress: bool) -> None:
        """Set up."""
        name = plan.task.name
        self._sqs, self._plan, settings = sqs, plan, plan.settings
        self._error: BaseException | None = None
        self._ending, self._stopped, self._ended = ending, ending.stopped, threading.Event()
        self._hand = Hand(sqs, settings.visibility_seconds)
        self._ready = Ready(plan.workers, self._stopped)
        self._pace = Pace(plan.task, plan.times, self._stopped)
        self._lanes = Lanes(sqs, plan, self._ready, self._hand, self._stopped)
        couriers = min(MOST_COURIERS, 1 + plan.workers // WORKERS_A_COURIER)
        self._courier = Courier(sqs, self._hand, settings.linger_seconds, couriers)
        self._values: Buffer[Outcome] = Buffer(BATCH)
        self._taken: deque[Outcome] = deque()
        target = self._take_turns if not plan.sources else self._take_messages
        self._workers = [
            threading.Thread(target=target, name=f"{name} worker {number}", daemon=True)
            for number in range(1, plan.workers + 1)
        ]
        self._closer = threading.Thread(target=self._close, name=f"{name} closer", daemon=True)
        self._done = 0
        waiting = self._waiting if plan.sources else None
        self._progress = Progress(name, lambda: (self._done, len(self._hand)), waiting) if progress else None

    def outputs(self) -> Iterator[Any]:
        """Yield what the task gives until it is stopped; raise what ended it."""
        try:
            self._start()
            for found in self._finished():
                yield found.value
                if self._plan.yields_first:  # asked for the next: this one is done with
                    self._courier.line.put(found, hurry=self._ready.blocked())
        finally:
            self._end()
        if self._error:
            raise self._error

    def _finished(self) -> Iterator[Outcome]:
        """Yield outcomes as they come."""
        while not self._values.ended:
            self._taken.extend(self._values.take(BATCH, timeout=LOOK_SECONDS))
            while found := self._next_taken():
                yield found

    def _next_taken(self) -> Outcome | None:
        with suppress(IndexError):  # the closer may have taken it
            return self._taken.popleft()
        return None

    def _start(self) -> None:
        name = self._plan.task.name
        self._hand.start(name, self._fail)
        self._courier.start(name, self._settled, self._failed, self._lost, self._fail)
        for worker in self._workers:
            worker.start()
        self._lanes.start(name, self._fail)
        self._closer.start()
        if self._progress:
            self._progress.start()

    def _close(self) -> None:
        """Wait for the end to be asked for, and bring it about."""
        while not self._stopped.wait(LOOK_SECONDS) and not self._ending.signalled:
            if not any(worker.is_alive() for worker in self._workers):
                break
        self._stopped.set()
        self._ready.close()
        self._courier.stop()
        self._lanes.join()
        self._hand.release(self._ready.left())
        for worker in self._workers:
            worker.join()
        if not self._plan.yields_first:
            self._courier.close()
            self._courier.join(GRACE_SECONDS)
        self._values.close()
        if self._plan.yields_first and not self._ended.wait(LAST_SECONDS):
            self._taken.extend(self._values.take(sys.maxsize))
            left = [self._taken.popleft() for _ in range(len(self._taken))]
            self._hand.release(each.held for each in left if each.held)

    def _end(self) -> None:
        """Wait until all is settled; give back what is not. A second Ctrl+C cuts the wait short."""
        self._stopped.set()
        self._ended.set()
        try:
            self._values.close()  # nobody takes from it any more: workers shall not wait for room
            while self._closer.is_alive() and not (self._ending.at_once or sys.is_finalizing()):
                self._closer.join(LOOK_SECONDS)
            self._courier.close()
            self._courier.join(0 if self._ending.at_once else GRACE_SECONDS)
        finally:
            self._hand.close()
            if self._progress:
                self._progress.close()

    def _take_messages(self) -> None:
        while held := self._ready.take():
            begun = time.monotonic()
            if held.ours:
                self._work(held)
                self._ready.took(time.monotonic() - begun)
            else:
                self._lost(held)

    def _take_turns(self) -> None:
        failures = 0
        try:
            while self._pace.turn():
                failures = 0 if self._work(None) else failures + 1
                if failures:
                    self._stopped.wait(min(0.1 * 2**failures, LONGEST_BACKOFF_SECONDS))
        except BaseException as error:
            self._fail(error)

    def _work(self, held: Held | None) -> bool:
        """Run the task, and pass on what it gives; return whether it gave something."""
        try:
            source = opened(held.message.body, held.message.id, _queue(held)) if held else None
            given = (source.value,) if source else ()
            found = outcome(self._plan, held, source, self._plan.task.method(*given, *self._plan.args))
        except BaseException as error:  # also sys.exit() in a task: its message must be given back
            self._failed(held, _raisable(error, self._plan.task.name))
            return False
        if self._plan.yields_first and not found.empty:
            self._values.put(found)
        else:
            self._courier.line.put(found, hurry=self._ready.blocked())
        return True

    def _settled(self, done: Sequence[Outcome]) -> None:
        self._done += len(done)
        self._free(each.held for each in done)
        if self._plan.iterate and not self._plan.yields_first:
            self._values.put_all([each for each in done if not each.empty])

    def _failed(self, held: Held | None, error: BaseException) -> None:
        """End the run, or with on_error='retry' give the message back for a while."""
        if self._plan.settings.on_error == "stop" or not isinstance(error, Exception):
            return self._fail(error)
        name = self._plan.task.name
        if held is None and isinstance(error, WrongOutput):
            return self._fail(error)  # no queue keeps it
        if held is None:
            return log.error("task %s failed, it is run again after a pause: %s", name, _told(error))
        receives = held.message.receives
        last = receives == RECEIVES
        pause = 1 if last else min(2 ** (receives - 1), LONGEST_BACKOFF_SECONDS)
        then = "it goes to the dead-letter queue" if last else f"again in {pause} s"
        log.warning("task %s failed at receive %d of %s, %s: %s", name, receives, held.message.id, then, _told(error))
        self._hand.release(self._ready.forget(held.message.group))
        self._hand.release([held], pause)
        return self._free([held])

    def _lost(self, held: Held) -> None:
        log.warning("message %s is no longer this run's: it was not kept hidden in time", held.message.id)
        self._hand.release(self._ready.forget(held.message.group))
        self._hand.remove([held])
        self._free([held])

    def _free(self, held: Iterable[Held | None]) -> None:
        self._ready.free([each.message.group for each in held if each])

    def _fail(self, error: BaseException) -> None:
        self._error = self._error or error
        self._stopped.set()

    def _waiting(self) -> int:
        """Return how many messages wait in the queues, roughly."""
        return sum(int(self._sqs.attribute(url, "ApproximateNumberOfMessages")) for _, url in self._plan.sources)


def _queue(held: Held) -> str:
    return held.message.url.rsplit("/", 1)[1]


def _told(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


def _raisable(error: BaseException, name: str) -> BaseException:
    """Return the error, or one for it that may leave a generator."""
    if not isinstance(error, StopIteration):
        return error
    found = RuntimeError(f"task {name} raised StopIteration")
    found.__cause__ = error
    return found

"""What happens after the work: the output is sent, its callback run, and then the input deleted. In batches of ten.

Its threads share one line of outcomes. Order within a message group holds, since of a group one message is under way.
"""

import itertools
import logging
import threading
import time
from collections.abc import Callable, Sequence

from sqs_pipes.buffer import Buffer
from sqs_pipes.errors import NotReached, Refused, WrongOutput
from sqs_pipes.hand import Hand, Held, tens
from sqs_pipes.outcome import Outcome
from sqs_pipes.sqs import BATCH, Sqs, batches

log = logging.getLogger(__name__)

GRACE_SECONDS = 2
"""How long a run that was stopped goes on trying to send and delete."""


class Courier:
    """Sends and deletes for one run."""

    def __init__(self, sqs: Sqs, hand: Hand, linger: float, threads: int) -> None:
        """Set up."""
        self._sqs, self._hand, self._linger, self._count = sqs, hand, linger, threads
        self.line: Buffer[Outcome] = Buffer(2 * BATCH * threads)
        self._turn = threading.Lock()
        self._stopped, self._deadline = threading.Event(), float("inf")
        self._threads: list[threading.Thread] = []

    def start(
        self,
        name: str,
        settled: Callable[[Sequence[Outcome]], None],
        failed: Callable[[Held | None, BaseException], None],
        lost: Callable[[Held], None],
        ended: Callable[[BaseException], None],
    ) -> None:
        """Start: tell what is `settled`, cannot be sent (`failed`), is another's now (`lost`), and what `ended` it."""
        self._settled, self._failed, self._lost, self._ended = settled, failed, lost, ended
        for number in range(1, self._count + 1):
            self._threads.append(threading.Thread(target=self._run, name=f"{name} courier {number}", daemon=True))
            self._threads[-1].start()

    def stop(self) -> None:
        """Note that it ends: what fails from now on is tried for a few seconds only."""
        self._deadline = time.monotonic() + GRACE_SECONDS
        self.line.unbound()
        self._stopped.set()

    def close(self) -> None:
        """Let it end once all is carried."""
        self.line.close()

    def join(self, seconds: float) -> bool:
        """Return whether it has ended. Blocks up to `seconds`."""
        until = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0, until - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def _run(self) -> None:
        while outcomes := self._next():
            try:
                sent = self._sent([each for each in outcomes if self._is_ours(each)])
                done = [each for each in sent if self._called(each) and self._is_ours(each)]
                self._delete(done)
                self._settled(done)
            except BaseException as error:
                self._ended(error)  # what it had in hand is given back at the run's end

    def _next(self) -> list[Outcome]:
        with self._turn:  # one of them waits for a full batch, not each for a part of it
            return self.line.take(BATCH, self._linger)

    def _is_ours(self, outcome: Outcome) -> bool:
        """Return whether the input is still ours. If not, its next receiver sends the output, with the same id."""
        if outcome.held and not outcome.valid:
            self._lost(outcome.held)
        return outcome.valid

    def _sent(self, outcomes: Sequence[Outcome]) -> list[Outcome]:
        """Return those whose outputs are sent, with those that have none."""
        done = [each for each in outcomes if not each.entry]
        ordered = sorted((each for each in outcomes if each.entry), key=lambda each: each.target)
        for target, same in itertools.groupby(ordered, key=lambda each: each.target):
            group = list(same)
            for positions in batches([each.entry for each in group if each.entry]):
                done += self._send(target, [group[position] for position in positions])
        return done

    def _send(self, target: str, outcomes: list[Outcome]) -> list[Outcome]:
        refused = self._answers(target, outcomes)
        done = [each for each, reason in zip(outcomes, refused, strict=True) if not reason]
        for each, reason in zip(outcomes, refused, strict=True):
            if reason and self._sent_alone(target, each, reason):
                done.append(each)
        return done

    def _answers(self, target: str, outcomes: Sequence[Outcome]) -> list[str]:
        """Send in one request; return for each '' or why it was not sent."""
        try:
            return self._trying(lambda: self._sqs.send(target, [each.entry for each in outcomes if each.entry]))
        except Refused as error:  # as a whole, for one of them perhaps
            return [str(error)] * len(outcomes)

    def _sent_alone(self, target: str, outcome: Outcome, reason: str) -> bool:
        """Return whether a message that failed in its batch goes alone."""
        for pause in (0.1, 0.5, 1):
            log.warning("queue %s: refused in its batch, tried alone: %s", target.rsplit("/", 1)[1], reason)
            self._wait(pause)
            if not (reason := self._answers(target, [outcome])[0]):
                return True
        self._failed(outcome.held, WrongOutput(f"queue {target.rsplit('/', 1)[1]}: SQS refused the output: {reason}"))
        return False

    def _called(self, outcome: Outcome) -> bool:
        try:
            if outcome.callback:
                outcome.callback.run()
        except BaseException as error:  # also sys.exit() in a callback: this thread is needed
            self._failed(outcome.held, error)
            return False
        return True

    def _delete(self, outcomes: Sequence[Outcome]) -> None:
        for some in tens(each.held for each in outcomes if each.held):
            refused = self._trying(lambda some=some: self._sqs.delete([each.message for each in some]))  # type: ignore[misc]
            for each, reason in zip(some, refused, strict=True):
                if reason and (reason := self._trying(lambda each=each: self._sqs.delete([each.message]))[0]):  # type: ignore[misc]
                    log.warning("message %s was not deleted, and will be received again: %s", each.message.id, reason)
            self._hand.remove(some)

    def _trying(self, request: Callable[[], list[str]]) -> list[str]:
        """Return its answer; repeat it while SQS is not reached, after a stop for a few seconds only."""
        for pause in itertools.chain((0.2, 0.5, 1, 2), itertools.repeat(5)):
            try:
                return request()
            except NotReached as error:
                if time.monotonic() > self._deadline:
                    raise
                log.warning("tried again in %s s: %s", pause, error)
                self._wait(pause)
        raise AssertionError

    def _wait(self, seconds: float) -> None:
        """Wait so long, less after a stop."""
        if self._stopped.wait(seconds):
            time.sleep(min(seconds, 0.2))

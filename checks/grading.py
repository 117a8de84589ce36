"""Grading: all exercises of all submissions, several at a time, to a Mark for each.

Threads take the exercises. The next one is of the submission that has the fewest under way, and of those the one that
has taken the least time: who hangs, waits for himself.
"""

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from checks import marks, running, scratch
from checks.classroom import Classroom
from checks.exercise import Exercise
from checks.marks import Mark
from checks.mistake import Mistake
from checks.submission import Submission

JOBS = 8
"""How many at a time: checks wait most of their time, so two cores serve eight."""

INTERRUPTED = "grading was interrupted before"


@dataclass(frozen=True)
class Turn:
    """An exercise of a submission, to be judged."""

    submission: Submission
    exercise: Exercise


class Grading:
    """One grading run. `done` is called with each mark, by any thread, one at a time."""

    def __init__(
        self, classroom: Classroom, submissions: Sequence[Submission], exercises: Sequence[Exercise],
        done: Callable[[Mark], None] = lambda mark: None,
    ) -> None:  # fmt: skip
        self._classroom, self._done = classroom, done
        self._turns = [Turn(one, exercise) for one in submissions for exercise in exercises]
        self._pending = list(self._turns)
        self._marks: dict[Turn, Mark] = {}
        self._under_way: list[Turn] = []
        self._again: set[Turn] = set()
        self._seconds: defaultdict[Submission, float] = defaultdict(float)
        self._changed = threading.Condition()
        self._broken = {exercise.name: reason for exercise in exercises if (reason := _broken(exercise))}
        alone = (each for each in exercises if each.name not in self._broken and any(s.own_broker for s in each.steps))
        self._alone = {exercise.name for exercise in alone}
        """The exercises that need the one broker that may be killed."""

    @property
    def size(self) -> int:
        """Return how many marks there will be."""
        return len(self._turns)

    def run(self, jobs: int = JOBS) -> None:
        """Judge everything, so many at a time. Blocks until all is done; after stop(), until what runs is ended."""
        threads = [threading.Thread(target=self._work, name=f"grading {n}", daemon=True) for n in range(jobs)]
        for thread in threads:
            thread.start()
        for thread in threads:
            while thread.is_alive():
                thread.join(0.2)  # in steps, since on Windows a join without end holds Ctrl+C back

    def stop(self) -> None:
        """End what is under way, from any thread. Blocks until it is gone."""
        with self._changed:
            self._pending.clear()
        self._classroom.stop()
        with self._changed:
            self._changed.wait_for(lambda: not self._under_way, running.GRACE_SECONDS)

    def marks(self) -> list[Mark]:
        """Return a mark for each turn, in the order of submissions and exercises."""
        with self._changed:
            return [self._marks.get(turn) or self._not_judged(turn, INTERRUPTED) for turn in self._turns]

    def _work(self) -> None:
        while turn := self._next():
            begun = time.monotonic()
            mark = self._judged(turn)
            mark.seconds = time.monotonic() - begun
            with self._changed:
                self._under_way.remove(turn)
                self._seconds[turn.submission] += mark.seconds
                self._changed.notify_all()
                if not self._second_chance(turn, mark):
                    self._marks[turn] = mark
                    self._done(mark)

    def _second_chance(self, turn: Turn, mark: Mark) -> bool:
        """Put what could not be judged at the end of the line, once: the broker may have been slow for a moment."""
        hopeless = turn in self._again or turn.exercise.name in self._broken or self._classroom.stopped
        if mark.status != marks.NOT_JUDGED or hopeless:
            return False
        self._again.add(turn)
        self._pending.append(turn)
        return True

    def _next(self) -> Turn | None:
        """Take the next turn, None when all are taken. Blocks while those left wait for the broker that is killed."""
        with self._changed:
            while self._pending:
                if free := [turn for turn in self._pending if not self._waits(turn)]:
                    turn = min(free, key=self._order)
                    self._pending.remove(turn)
                    self._under_way.append(turn)
                    return turn
                self._changed.wait()
        return None

    def _waits(self, turn: Turn) -> bool:
        """Return whether two are under way with the broker that is killed: one has it, one is to be the next."""
        alone = turn.exercise.name in self._alone
        return alone and sum(other.exercise.name in self._alone for other in self._under_way) > 1

    def _order(self, turn: Turn) -> tuple[bool, int, float]:
        """Return what tells which is next: first what can only be done one after the other."""
        its = sum(other.submission == turn.submission for other in self._under_way)
        return turn.exercise.name not in self._alone, its, self._seconds[turn.submission]

    def _judged(self, turn: Turn) -> Mark:
        submission, exercise = turn.submission, turn.exercise
        if exercise.name in self._broken:
            return self._not_judged(turn, self._broken[exercise.name])
        if not submission.holds(exercise):
            return self._unrun(turn, marks.ABSENT)
        try:
            if submission.unchanged(exercise):
                return self._unrun(turn, marks.UNCHANGED, f"{exercise.file} is the starter, unchanged.")
            with scratch.folder("grade-") as folder:
                outcome = running.run(self._classroom, exercise, submission.copy(exercise, folder))
            return self._of(turn, outcome)
        except Mistake as mistake:
            return self._unrun(turn, marks.NOT_SOLVED, mistake.headline, mistake)
        except Exception as error:
            return self._not_judged(turn, f"the grading itself failed ({error!r})")

    def _of(self, turn: Turn, outcome: running.Outcome) -> Mark:
        status = marks.NOT_JUDGED if outcome.trouble else marks.SOLVED if outcome.solved else marks.NOT_SOLVED
        mistake = None if outcome.trouble else outcome.mistake
        headline = mistake.headline if mistake else outcome.trouble
        steps = [(result.step.claim, result.status) for result in outcome.results]
        name, exercise = turn.submission.name, turn.exercise
        return Mark(name, exercise.name, exercise.file, status, headline, steps=steps, mistake=mistake)

    def _unrun(self, turn: Turn, status: str, headline: str = "", mistake: Mistake | None = None) -> Mark:
        steps = [(step.claim, status) for step in turn.exercise.steps]
        name, exercise = turn.submission.name, turn.exercise
        return Mark(name, exercise.name, exercise.file, status, headline, steps=steps, mistake=mistake)

    def _not_judged(self, turn: Turn, reason: str) -> Mark:
        if turn.exercise.name in self._broken:
            return Mark(turn.submission.name, turn.exercise.name, "", marks.NOT_JUDGED, reason)
        return self._unrun(turn, marks.NOT_JUDGED, reason)


def _broken(exercise: Exercise) -> str:
    """Return why its check cannot be used, empty where it can."""
    try:
        return "" if exercise.file and exercise.steps else f"checks/topics/{exercise.topic}.py has no steps"
    except Exception as error:  # whatever an import may raise
        return f"its check cannot be imported ({error!r})"

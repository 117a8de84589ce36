"""Running an exercise's check: each step in its turn, under a time limit, to an Outcome."""

import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from pika.exceptions import AMQPError

from brokers.unavailable import Unavailable
from checks.classroom import Classroom
from checks.exercise import Exercise, Step
from checks.lab import Lab
from checks.mistake import Mistake, NotJudged

GRACE_SECONDS = 20
"""How long a step may take to end after its time limit, when all its scripts are ended; then it is given up."""


@dataclass
class Result:
    """What became of a step: passed, failed (then `mistake`), skipped, or not judged (then `trouble`)."""

    step: Step
    status: str
    seconds: float = 0
    mistake: Mistake | None = None
    trouble: str = ""


@dataclass
class Outcome:
    """What became of an exercise."""

    exercise: Exercise
    results: list[Result] = field(default_factory=list)

    @property
    def solved(self) -> bool:
        """Return whether all steps passed."""
        return all(result.status == "passed" for result in self.results)

    @property
    def mistake(self) -> Mistake | None:
        """Return the first mistake."""
        return next((result.mistake for result in self.results if result.mistake), None)

    @property
    def trouble(self) -> str:
        """Return why it could not be judged, empty where it could."""
        return next((result.trouble for result in self.results if result.trouble), "")


def run(
    classroom: Classroom, exercise: Exercise, file: Path, passed: Callable[[Result], None] = lambda result: None
) -> Outcome:
    """Check the student's `file`; call `passed` after each step. Blocks until all are done."""
    outcome = Outcome(exercise)
    bad: set[object] = set()
    for step in exercise.steps:
        if not file.exists():
            result = Result(step, "failed", mistake=_absent(exercise, file))
        elif bad & set(step.needs) or outcome.trouble:
            result = Result(step, "skipped")
        else:
            result = _limited(classroom, exercise, file, step)
        if result.status != "passed":
            bad.add(step.function)
        outcome.results.append(result)
        passed(result)
    return outcome


def _absent(exercise: Exercise, file: Path) -> Mistake:
    return Mistake(
        f"There is no {exercise.file}.",
        seen=f"the folder {file.parent.name} has no such file",
        expected=f"your work in {exercise.name}/{exercise.file}",
        why="The check runs this file.",
    )


def _limited(classroom: Classroom, exercise: Exercise, file: Path, step: Step) -> Result:
    """Run a step in a thread of its own, so that one that does not come back holds nobody."""
    begun = time.monotonic()
    result = Result(step, "not judged", trouble="the check did not come to its end; is the broker slow, or hanging?")
    lab = Lab(classroom, exercise, file, step)
    opened, over = threading.Event(), threading.Event()

    def work() -> None:
        nonlocal result
        try:
            with lab:
                opened.set()
                result = _done(lab, step)  # here, so that closing the lab slowly does not undo it
        except Exception as error:
            if result.status == "not judged":
                result = Result(step, "not judged", trouble=_trouble(lab, error))
        finally:
            over.set()

    thread = threading.Thread(target=work, name=step.claim, daemon=True)
    thread.start()
    try:
        while not over.is_set() and not opened.wait(0.1):  # what the classroom starts has limits of its own
            continue
        if not over.wait(step.seconds):
            lab.expire()
            over.wait(GRACE_SECONDS)
    except BaseException:  # Ctrl+C: the lab is to be closed all the same
        lab.expire()
        over.wait(GRACE_SECONDS)
        raise
    result.seconds = time.monotonic() - begun
    return result


def _done(lab: Lab, step: Step) -> Result:
    try:
        step.function(lab)
        if lab.exceeded:
            raise _flood(lab)
        return Result(step, "passed")
    except Exception as error:
        mistake = _mistake(lab, error)
        if mistake and not lab.classroom.stopped:
            mistake.done = list(lab.story)
            return Result(step, "failed", mistake=mistake)
        return Result(step, "not judged", trouble=_trouble(lab, error))


def _mistake(lab: Lab, error: Exception) -> Mistake | None:
    """Return what the student is to be told, None where the error is not the student's."""
    if lab.exceeded:
        return _flood(lab)
    if isinstance(error, Mistake):
        return error
    lost = isinstance(error, (AMQPError, OSError)) and lab.deadline == 0  # what it worked with was ended by expire()
    return _late(lab) if lost else None


def _trouble(lab: Lab, error: Exception) -> str:
    if lab.classroom.stopped:
        return "interrupted"
    if isinstance(error, NotJudged):
        return str(error)
    if isinstance(error, (AMQPError, OSError, Unavailable)):
        return f"the check lost its broker or its folder ({error!r}); {_TELL}"
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"the check itself failed ({error!r}; {Path(place.filename).name}, line {place.lineno}); {_TELL}"


_TELL = "this is not your mistake: run it again, and if it stays, tell your instructor"


def _late(lab: Lab) -> Mistake:
    return Mistake(
        f"{lab.exercise.file} took too long.",
        seen=f"this check was not over after {lab.step.seconds:g} s",
        expected="much less",
        why="A program that hangs helps nobody. Look for a wait that nothing ends.",
    )


def _flood(lab: Lab) -> Mistake:
    return Mistake(
        f"{lab.exercise.file} was cut off: {lab.exceeded}.",
        seen="traffic without end",
        expected="some dozens of messages",
        why="What is published or requeued in an endless loop fills the broker, and stops everybody who uses it.",
    )

"""Check the exercises: python check.py [NN] [--all] [--watch] [--hint]

Without a number, the exercises are checked in their order up to the first that is not solved. What was solved, and not
changed since, is not run again. Exit status: 0 solved, 1 not yet, 2 it could not be judged.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from contextlib import suppress

import environment

try:
    from rich.console import Console
    from rich.text import Text

    from checks import report, running
    from checks.classroom import Classroom
    from checks.exercise import FOLDER, Exercise, catalogue
    from checks.mistake import NotJudged
    from checks.progress import Progress
    from endings import end_as_by_ctrl_c
except ModuleNotFoundError as missing:
    sys.exit(environment.advice(missing))

LOOK_SECONDS = 0.5
"""How often --watch looks for a changed file."""

SOLVED, NOT_YET, NOT_JUDGED = 0, 1, 2


def main(words: Sequence[str] | None = None) -> int:
    """Do what the command line says; return the exit status."""
    end_as_by_ctrl_c()
    console = Console(highlight=False)
    exercises = catalogue()
    asked = _asked(words, [f"{exercise.number:02}" for exercise in exercises])
    wanted = [one for one in exercises if asked.number in (None, one.number)]
    progress = Progress()
    if asked.hint:
        return _hint(console, progress, wanted)
    classroom = Classroom(console.print)
    try:
        while True:
            before = _times()  # what is saved during the check counts as a change
            status = _check(console, classroom, Progress(), wanted, asked)
            if not asked.watch:
                return status
            _wait_for_a_change(console, before)
    except NotJudged as reason:
        return _not_judged(console, str(reason))
    except KeyboardInterrupt:
        console.print("\nStopped; what the check started is ended.")
        return 130
    finally:
        classroom.close()


def _asked(words: Sequence[str] | None, numbers: list[str]) -> argparse.Namespace:
    told = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(description=told[0], epilog=told[2])
    parser.add_argument("number", nargs="?", type=int, metavar="NN", help="check this exercise only, anew")
    parser.add_argument("--all", action="store_true", help="check all of them, anew, and go on after one not solved")
    parser.add_argument("--watch", action="store_true", help="check again whenever a file changes, until Ctrl+C")
    parser.add_argument("--hint", action="store_true", help="show the next hint")
    asked = parser.parse_args(words)
    if asked.number is not None and f"{asked.number:02}" not in numbers:
        parser.error(f"there is no exercise {asked.number}; there are {numbers[0]} to {numbers[-1]}")
    return asked


def _check(
    console: Console, classroom: Classroom, progress: Progress, wanted: list[Exercise], asked: argparse.Namespace
) -> int:
    """Check those wanted, up to the first not solved, and show what is left to do."""
    anew = asked.all or asked.number is not None
    outcomes = []
    for exercise in wanted:
        if progress.solved(exercise) and not anew:
            continue
        outcome = _run(console, classroom, exercise)
        outcomes.append(outcome)
        if not outcome.trouble:
            progress.note(exercise, outcome.solved)
        if outcome.solved:
            console.print(Text.assemble(exercise.title, ": ", ("solved", "green")))
        elif not asked.all:
            break
    everything = catalogue()
    console.print(report.bar(sum(progress.solved(one) for one in everything), len(everything)))
    return _left(console, outcomes)


def _run(console: Console, classroom: Classroom, exercise: Exercise) -> running.Outcome:
    if not exercise.sqs:
        with console.status("Waiting for RabbitMQ to answer ..."):
            classroom.broker()
    with console.status(f"Checking {exercise.title} ...") as line:
        return running.run(
            classroom, exercise, exercise.starter,
            lambda result: line.update(f"Checking {exercise.title}: {result.step.claim} {result.status}"),
        )  # fmt: skip


def _left(console: Console, outcomes: list[running.Outcome]) -> int:
    """Show the first that is not solved."""
    outcome = next((one for one in outcomes if not one.solved), None)
    if outcome is None:
        return SOLVED
    console.print()
    console.print(Text.assemble(outcome.exercise.title, ": ", ("not solved yet", "yellow")))
    report.show(console, report.steps(outcome))
    if outcome.trouble:
        return _not_judged(console, outcome.trouble)
    if outcome.mistake:
        console.print()
        report.show(console, report.mistake(outcome.exercise, outcome.mistake))
    return NOT_YET


def _not_judged(console: Console, reason: str) -> int:
    console.print(Text(f"Not judged, and not your mistake: {reason}"), soft_wrap=True)
    return NOT_JUDGED


def _hint(console: Console, progress: Progress, wanted: list[Exercise]) -> int:
    exercise = next((one for one in wanted if len(wanted) == 1 or not progress.solved(one)), None)
    if exercise is None:
        console.print("All exercises are solved; there is nothing to hint at.")
        return SOLVED
    number, hints = progress.next_hint(exercise), exercise.hints
    console.print(f"{exercise.title}, hint {number} of {len(hints)}:")
    console.print(Text(hints[number - 1]), soft_wrap=True)
    if number == len(hints):
        console.print(f"That was the last one. A solution: {exercise.solution.relative_to(FOLDER.parent).as_posix()}")
    return SOLVED


def _wait_for_a_change(console: Console, before: dict[str, int]) -> None:
    """Block until a file of the exercises is another than before."""
    console.print("\nWaiting for a change in exercises/; Ctrl+C ends this.")
    while _times() == before:
        time.sleep(LOOK_SECONDS)


def _times() -> dict[str, int]:
    found = {}
    for path in FOLDER.rglob("*.py"):
        with suppress(FileNotFoundError):  # an editor's lock, or a file that is being replaced
            found[str(path)] = path.stat().st_mtime_ns
    return found


if __name__ == "__main__":
    sys.exit(main())

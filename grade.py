"""Grade the exercises of many submissions: python grade.py FOLDER [--out DIR] [--only NN,NN] [--jobs N]

Each folder in FOLDER is a submission; it holds NN_topic/FILE, or exercises/NN_topic/FILE. Into DIR go grades.csv,
junit.xml and classroom/NAME.json. Exit status: 0 all was judged, whatever the marks; 1 something could not be judged;
2 there is no broker, or nothing to grade; 130 Ctrl+C.

A submission is a stranger's program: README.md, For instructors, tells what it can do here, and what it cannot.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import environment

try:
    from rich import box
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeElapsedColumn
    from rich.table import Column, Table
    from rich.text import Text

    from brokers import finding
    from brokers.broker import Broker
    from brokers.unavailable import Unavailable
    from checks import apart, login, marks
    from checks.classroom import Classroom
    from checks.exercise import Exercise, catalogue
    from checks.grading import JOBS, Grading
    from checks.marks import Mark
    from checks.mistake import NotJudged
    from checks.submission import Submission, submissions
    from checks.warden import Limits
    from endings import end_as_by_ctrl_c
except ModuleNotFoundError as missing:
    sys.exit(environment.advice(missing))

JUDGED, SOME_NOT_JUDGED, NOTHING, INTERRUPTED = 0, 1, 2, 130

told = Console(stderr=True, highlight=False, soft_wrap=True)
"""How it goes; the result goes to standard output."""


def main(words: Sequence[str] | None = None) -> int:
    """Do what the command line says; return the exit status."""
    end_as_by_ctrl_c()
    asked = _asked(words)
    broker = None
    try:
        if any(not exercise.sqs for exercise in asked.exercises if _known(exercise)):
            broker = finding.find(told.print)
            broker.wait()
            login.close(broker)
        return _grade(asked, broker)
    except (finding.NoBroker, Unavailable, NotJudged) as reason:
        told.print(Text(f"Nothing was graded: {reason}"))
        return NOTHING
    except KeyboardInterrupt:
        told.print("Stopped before anything was graded.")
        return INTERRUPTED
    finally:
        if broker:
            broker.end()


def _asked(words: Sequence[str] | None) -> argparse.Namespace:
    title, _, more = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(description=title, epilog=more)
    parser.add_argument("folder", type=Path, help="the folder that holds the submissions")
    parser.add_argument("--out", type=Path, default=Path("grades"), metavar="DIR", help="where the results go (grades)")
    parser.add_argument("--only", metavar="NN,NN", help="grade these exercises only")
    parser.add_argument("--jobs", type=int, default=JOBS, metavar="N", help=f"how many at a time ({JOBS})")
    asked = parser.parse_args(words)
    exercises = catalogue()
    numbers = {f"{exercise.number:02}" for exercise in exercises}
    only = {number.zfill(2) for number in asked.only.split(",")} if asked.only else numbers
    if asked.jobs < 1:
        parser.error("--jobs is how many are judged at a time: 1 or more")
    if only - numbers:
        parser.error(f"there is no exercise {', '.join(sorted(only - numbers))}")
    asked.exercises = [exercise for exercise in exercises if f"{exercise.number:02}" in only]
    asked.submissions = submissions(asked.folder) if asked.folder.is_dir() else []
    if not asked.submissions:
        parser.error(f"there is no submission in {asked.folder}: each is a folder there, as {asked.folder}/NAME")
    return asked


def _known(exercise: Exercise) -> bool:
    with suppress(Exception):  # an exercise that cannot be imported is named later
        return bool(exercise.module)
    return False


def _grade(asked: argparse.Namespace, broker: Broker | None) -> int:
    _warn(broker)
    classroom = Classroom(told.print, broker, Limits(apart=True))
    shown = _Shown()
    grading = Grading(classroom, asked.submissions, asked.exercises, shown.done)
    begun, stopped = time.monotonic(), False
    try:
        with shown.of(grading.size):
            grading.run(asked.jobs)
    except KeyboardInterrupt:
        stopped = True
        told.print("Stopping: what runs is ended, and what is known is written ...")
        grading.stop()
    finally:
        classroom.close()
    found = grading.marks()
    marks.write(found, asked.out)
    _summarize(found, asked.submissions, time.monotonic() - begun)
    print(f"Written: {asked.out / 'grades.csv'}, {asked.out / 'junit.xml'}, {asked.out / 'classroom'}")
    if stopped:
        print("Stopped by Ctrl+C: what was not judged until then has no points, and is no zero.")
        return INTERRUPTED
    return SOME_NOT_JUDGED if any(mark.status == marks.NOT_JUDGED for mark in found) else JUDGED


def _warn(broker: Broker | None) -> None:
    if broker and login.is_open(broker):
        told.print("Warning: the broker's login is guest, guest, which a submission may try, too. Take another one.")
    if not apart.unshare():
        told.print(
            "Warning: submissions cannot be kept apart here: one may end this program. "
            "Grade in a container that holds nothing else (README.md, For instructors)."
        )


class _Shown:
    """How far it is: a bar in a terminal, lines elsewhere."""

    def __init__(self) -> None:
        self._bar = Progress(
            "Grading", BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), "{task.description}",
            console=told, disable=not told.is_terminal,
        )  # fmt: skip
        self._count = self._size = 0

    def of(self, size: int) -> Progress:
        """Begin with so many; the bar is shown inside a with statement."""
        self._task, self._size = self._bar.add_task("", total=size), size
        return self._bar

    def done(self, mark: Mark) -> None:
        """Take note of a mark."""
        self._count += 1
        line = f"{mark.submission} {mark.exercise}: {mark.status}"
        self._bar.update(self._task, advance=1, description=line.replace("[", r"\["))
        if not told.is_terminal:
            told.print(Text(f"{self._count}/{self._size} {line}" + (f" ({mark.headline})" if mark.headline else "")))


def _summarize(found: list[Mark], of: list[Submission], seconds: float) -> None:
    first = Column("submission", min_width=10, overflow="fold")
    table = Table(first, *marks.STATUSES, "points", box=box.SIMPLE, pad_edge=False)
    for name in dict.fromkeys(submission.name for submission in of):
        its = [mark for mark in found if mark.submission == name]
        count = Counter(mark.status for mark in its)
        points = f"{sum(mark.points or 0 for mark in its)}/{sum(mark.of for mark in its if mark.points is not None)}"
        table.add_row(Text(name), *(str(count[status] or "") for status in marks.STATUSES), points)
    console = Console(highlight=False)
    console.print(table)
    total = Counter(mark.status for mark in found)
    print(f"{len(of)} submission{'' if len(of) == 1 else 's'}, {len(found)} marks in {seconds:.0f} s: "
          + ", ".join(f"{total[status]} {status}" for status in marks.STATUSES if total[status]))  # fmt: skip
    for mark in found:
        if mark.status == marks.NOT_JUDGED and mark.headline:
            print(f"not judged: {mark.submission} {mark.exercise}: {mark.headline}")


if __name__ == "__main__":
    sys.exit(main())

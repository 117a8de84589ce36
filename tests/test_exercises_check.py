"""check.py as a student meets it: the README's transcript, hints, --watch, and what is not the student's fault."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event

import psutil
import pytest
from conftest import ROOT
from made import made_by
from waiting import until as wait_until

from brokers.broker import Broker
from brokers.node import Node
from chapters.playing import Player
from chapters.reading import EXERCISES, Block, chapters, excerpts
from chapters.terminal import Terminal
from checks import journal, running
from checks.classroom import Classroom
from checks.exercise import Exercise, Step, catalogue
from checks.journal import Noted
from checks.lab import Lab
from checks.mistake import Mistake, NotJudged

NEEDED = ["brokers", "chapters", "checks", "exercises", "solutions", "sqs_pipes"]
FIRST, SECOND = catalogue()[:2]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A student's copy of the repository, with the starters as they are here, and nothing reached."""
    folder = tmp_path / "copy"
    for name in NEEDED:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ROOT.glob("*.py"):
        shutil.copy(file, folder)
    return folder


def solve(copy: Path, exercise: Exercise) -> None:
    shutil.copy(exercise.solution, copy / "exercises" / exercise.name)


def check(copy: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "check.py", *words], cwd=copy, env={**os.environ, "NO_COLOR": "1", **environment},
        capture_output=True, encoding="utf-8", timeout=100, check=False,
    )  # fmt: skip


class Student(Player):
    """Types what the README says, and before that writes what it shows of a solution into the exercise's file."""

    line_seconds = 90  # a check is silent until it is over

    def _play_block(self, block: Block, later: Block | None) -> None:
        for excerpt in excerpts():
            folder = excerpt.file.split("/")
            if folder[0] == "solutions" and excerpt.line < block.segments[0].line:
                shutil.copy(ROOT / excerpt.file, self.folder / "exercises" / folder[1])
        super()._play_block(block, later)


@pytest.fixture
def running_broker(vhost: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The broker that a student has running: the suite's, which check.py finds by the environment."""
    monkeypatch.setenv("RABBITMQ_FROM", "environment")


@pytest.mark.slow
@pytest.mark.usefixtures("running_broker")
def test_the_readme_shows_how_a_student_solves_the_first_two(copy: Path) -> None:
    (chapter,) = (chapter for chapter in chapters() if chapter.number == EXERCISES)
    Student(copy, {**os.environ, "PYTHONPATH": "", "CHECK_SEED": "1"}).play(chapter)


@pytest.mark.slow
@pytest.mark.usefixtures("running_broker")
def test_what_was_solved_is_not_run_again_until_it_is_changed(copy: Path) -> None:
    solve(copy, FIRST)
    assert f"{FIRST.title}: solved" in check(copy).stdout
    again = check(copy)
    assert f"{FIRST.title}: solved" not in again.stdout
    assert f"1 of {len(catalogue())} exercises solved" in again.stdout
    shutil.copy(FIRST.starter, copy / "exercises" / FIRST.name)
    changed = check(copy)
    assert f"{FIRST.title}: not solved yet" in changed.stdout
    assert changed.returncode == 1


@pytest.mark.usefixtures("running_broker")
def test_a_number_checks_that_exercise_and_nothing_else(copy: Path) -> None:
    solve(copy, SECOND)
    done = check(copy, "02")
    assert f"{SECOND.title}: solved" in done.stdout
    assert FIRST.title not in done.stdout
    assert done.returncode == 0


def test_a_number_that_is_none_is_said(copy: Path) -> None:
    done = check(copy, "77")
    assert done.returncode == 2
    assert f"there is no exercise 77; there are 01 to {len(catalogue()):02}" in done.stderr


@pytest.mark.slow
def test_hints_open_one_by_one(copy: Path) -> None:
    shown = [check(copy, "01", "--hint").stdout for _ in range(4)]
    assert [text.splitlines()[0].split(", ")[-1] for text in shown] == [
        "hint 1 of 3:", "hint 2 of 3:", "hint 3 of 3:", "hint 3 of 3:",
    ]  # fmt: skip
    assert all(hint in text for hint, text in zip(FIRST.hints, shown, strict=False))
    assert f"solutions/{FIRST.name}/{FIRST.file}" not in shown[1]
    assert f"solutions/{FIRST.name}/{FIRST.file}" in shown[2]


@pytest.mark.usefixtures("running_broker")
def test_watch_checks_again_when_a_file_changes_and_ends_on_ctrl_c(
    copy: Path, terminal: Callable[[Path], Terminal]
) -> None:
    shell = terminal(copy)
    shell.environment["PYTHONPATH"] = ""
    shell.type("python check.py --watch")
    assert until(shell, "Waiting for a change") >= {f"{FIRST.title}: not solved yet"}
    solve(copy, FIRST)
    assert until(shell, "Waiting for a change") >= {f"{FIRST.title}: solved", f"{SECOND.title}: not solved yet"}
    shell.interrupt()
    until(shell, None)
    assert shell.status == 130


@pytest.mark.usefixtures("running_broker")
def test_ctrl_c_in_the_middle_of_a_check_leaves_nothing(
    broker: Broker, copy: Path, terminal: Callable[[Path], Terminal]
) -> None:
    shell = terminal(copy)
    shell.environment["PYTHONPATH"] = ""
    shell.type("python check.py 02")
    wait_until(lambda: len(scripts_of(shell)), 1, 60)
    (script,), checker = scripts_of(shell), shell.child.pid
    shell.interrupt()
    assert "Stopped; what the check started is ended." in until(shell, None)
    assert shell.status == 130
    assert not script.is_running()
    assert made_by(broker, checker) == set()


def scripts_of(shell: Terminal) -> list[psutil.Process]:
    """Return the students' scripts that the check in this terminal runs now."""
    children = psutil.Process(shell.child.pid).children()
    return [child for child in children if any(word.endswith("consumer.py") for word in child.cmdline())]


@pytest.mark.slow
@pytest.mark.usefixtures("running_broker")
def test_a_lock_file_of_an_editor_disturbs_nobody(copy: Path) -> None:
    solve(copy, FIRST)
    (copy / "exercises" / FIRST.name / ".#producer.py").symlink_to("nobody@nowhere.1")
    assert check(copy, "01").returncode == 0


def until(shell: Terminal, last: str | None) -> set[str]:
    """Return the lines up to one that begins so, or to the end."""
    found = set()
    while (line := shell.line(60)) is not None:
        found.add(line)
        if last and line.startswith(last):
            return found
    assert last is None, found
    return found


def test_a_broker_that_is_down_is_not_the_students_fault(copy: Path) -> None:
    done = check(copy, RABBITMQ_FROM="environment", RABBITMQ_HOST="127.0.0.1", RABBITMQ_PORT="1")
    assert done.returncode == 2
    assert "Not judged, and not your mistake" in done.stdout
    assert "connection refused" in done.stdout
    assert "not solved yet" not in done.stdout


def test_a_missing_package_is_said_with_what_to_type() -> None:
    done = subprocess.run(
        [sys.executable, "-S", "check.py"], cwd=ROOT, capture_output=True, encoding="utf-8", timeout=120, check=False
    )
    assert "python3 environment.py" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.fixture
def classroom(broker: Broker) -> Iterator[Classroom]:
    found = Classroom(print, broker)
    yield found
    found.close()


def with_steps(monkeypatch: pytest.MonkeyPatch, *functions: Callable[[Lab], None], seconds: float = 30) -> Exercise:
    steps = [Step(function.__name__, function, functions[:place], seconds, None, False)
             for place, function in enumerate(functions)]  # fmt: skip
    monkeypatch.setattr(Exercise, "steps", property(lambda self: steps))
    return FIRST


def test_a_crash_of_the_check_is_not_the_students_fault(classroom: Classroom, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(lab: Lab) -> None:
        raise ZeroDivisionError("by the teacher")

    def dependent(lab: Lab) -> None:
        raise AssertionError("it was to be skipped")

    outcome = running.run(classroom, with_steps(monkeypatch, broken, dependent), FIRST.solution)
    assert [result.status for result in outcome.results] == ["not judged", "skipped"]
    assert "this is not your mistake" in outcome.trouble
    assert "by the teacher" in outcome.trouble
    assert outcome.mistake is None


@pytest.mark.slow
def test_a_step_ends_with_its_time_limit(broker: Broker, classroom: Classroom, monkeypatch: pytest.MonkeyPatch) -> None:
    over = Event()
    labs = []

    def endless(lab: Lab) -> None:
        labs.append(lab)
        lab.start()
        over.wait()

    monkeypatch.setattr(running, "GRACE_SECONDS", 1)
    try:
        outcome = running.run(classroom, with_steps(monkeypatch, endless, seconds=1), FIRST.solution)
        assert [script.ended for lab in labs for script in lab.scripts] == [True]
    finally:
        over.set()
    assert outcome.trouble.startswith("the check did not come to its end")
    wait_until(lambda: made_by(broker, os.getpid()), set())


@pytest.mark.usefixtures("running_broker")
def test_a_run_leaves_no_vhost_no_user_and_no_folder(
    broker: Broker, classroom: Classroom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert running.run(classroom, FIRST, FIRST.solution).solved
    assert made_by(broker, os.getpid()) == set()
    assert list(tmp_path.iterdir()) == []


def test_a_script_gets_a_user_that_reaches_its_own_vhost_only(
    classroom: Classroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, str] = {}

    def look(lab: Lab) -> None:
        seen.update(lab.environment())

    assert running.run(classroom, with_steps(monkeypatch, look), FIRST.solution).solved
    assert seen["RABBITMQ_VHOST"] == seen["RABBITMQ_USERNAME"] != "guest"
    assert not [name for name in seen if name.startswith(("AWS_", "PYTEST"))]


def test_without_a_broker_that_may_be_killed_a_step_is_not_judged(
    classroom: Classroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(*words: object) -> None:
        raise NotJudged("none could be started")

    monkeypatch.setattr(classroom, "victim", none)

    def needy(lab: Lab) -> None: ...

    exercise = with_steps(monkeypatch, needy)
    monkeypatch.setattr(Exercise, "steps", property(lambda self: [Step("needy", needy, (), 5, None, True)]))
    assert running.run(classroom, exercise, FIRST.solution).trouble == "none could be started"


@pytest.mark.slow
def test_a_broker_that_is_killed_under_a_check_is_not_the_students_fault(
    own: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    classroom = Classroom(print, own)

    def robbed(lab: Lab) -> None:
        lab.declare("greetings")
        own.kill()
        lab.publish("greetings", *lab.words(2))

    outcome = running.run(classroom, with_steps(monkeypatch, robbed), FIRST.solution)
    assert "the check lost its broker" in outcome.trouble
    own.run()
    own.wait()


@pytest.mark.slow
def test_a_broker_that_stands_still_holds_no_check_for_ever(own: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    if not isinstance(own, Node):
        pytest.skip("a container's broker cannot be told to stand still from here")
    classroom = Classroom(print, own)
    server = psutil.Process(int((own.folder / "pid").read_text(encoding="utf-8")))

    def held_up(lab: Lab) -> None:
        lab.declare("greetings")
        server.suspend()
        lab.waiting("greetings")

    monkeypatch.setattr(running, "GRACE_SECONDS", 1)
    try:
        outcome = running.run(classroom, with_steps(monkeypatch, held_up, seconds=15), FIRST.solution)
    finally:
        server.resume()
    assert outcome.trouble.startswith("the check did not come to its end")


def test_a_flood_is_cut_off_and_named(classroom: Classroom, monkeypatch: pytest.MonkeyPatch) -> None:
    def flooded(lab: Lab) -> None:
        lab.tap._most_methods = 20
        lab.until(lambda: lab.start("a", "b").wait(5) and lab.exceeded)
        lab.publish("greetings", "there may be no such queue by now")

    outcome = running.run(classroom, with_steps(monkeypatch, flooded), FIRST.solution)
    assert outcome.mistake
    assert "was cut off: more than 20 commands" in outcome.mistake.headline


def test_stop_ends_what_is_under_way_and_judges_nobody(classroom: Classroom, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(lab: Lab) -> None:
        classroom.stop()
        raise Mistake("It was ended in the middle.", seen="", expected="", why="")

    def never(lab: Lab) -> None:
        raise AssertionError("no lab is opened after stop()")

    outcome = running.run(classroom, with_steps(monkeypatch, interrupted), FIRST.solution)
    assert (outcome.trouble, outcome.mistake) == ("interrupted", None)
    assert running.run(classroom, with_steps(monkeypatch, never), FIRST.solution).trouble == "interrupted"


@pytest.mark.parametrize("kind", ["link", "pipe", "words", "fields"])
def test_a_journal_is_not_believed(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "journal"
    if kind == "link":
        path.symlink_to("/dev/zero")
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.write_text('no JSON\n[1.5, "done"]\n[1.5, 7, "a"]\n[1.5, "done", "a"]\n[1', encoding="utf-8")
    told = journal.read(path)
    assert told == ([Noted(1.5, "done", "a")] if path.is_file() else [])

"""The exercises' checks are checked: every solution and right answer passes, every starter and wrong answer fails, and
with the words meant for it."""

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from answer import FOLDER, Answer, answers, whole
from conftest import ROOT, emulator

from brokers.broker import Broker
from chapters.playing import Player
from chapters.reading import README, chapters
from checks import running
from checks.classroom import Classroom
from checks.exercise import Exercise, catalogue
from checks.running import Outcome
from checks.sqs_bench import Bench
from sqs_pipes.emulator import Emulator

EXERCISES = {exercise.name: exercise for exercise in catalogue()}


def name(answer: Answer) -> str:
    return f"{answer.folder.name[:2]}-{answer.name}"


KILLS_ITS_BROKER = "11_confirms"
"""The exercise whose checks take turns with one broker, so that one process runs them."""


def marked(answer: Answer, *marks: Any) -> Any:
    """Return the answer as a parameter."""
    group = [pytest.mark.xdist_group(KILLS_ITS_BROKER)] if answer.folder.name == KILLS_ITS_BROKER else []
    return pytest.param(answer, marks=[*marks, *group])


def slow(answer: Answer) -> Any:
    """Return an answer that is not in the everyday tier."""
    return marked(answer, pytest.mark.slow, pytest.mark.answers)


FOLDERS = sorted(FOLDER.glob("[0-9][0-9]_*"))
RIGHT, WRONG = ([answer for folder in FOLDERS for answer in answers(folder, kind)] for kind in ("right", "wrong"))


@pytest.fixture(scope="session")
def classroom(broker: Broker, pytestconfig: pytest.Config) -> Iterator[Classroom]:
    """What all checks share, with the suite's broker and SQS."""

    class Shared(Classroom):
        def emulator(self) -> Emulator:
            return emulator(pytestconfig)

    found = Shared(print, broker)
    yield found
    found.close()


def exercise_of(answer: Answer) -> Exercise:
    return EXERCISES[answer.folder.name]


ONE_EACH = list({answer.folder: answer for answer in reversed(WRONG)}.values())
"""The wrong answers that are in the everyday tier."""

OTHERS = [answer for answer in WRONG if answer not in ONE_EACH]

STARTERS = [whole(exercise.starter) for exercise in EXERCISES.values()]
SOLUTIONS = [whole(exercise.solution) for exercise in EXERCISES.values()]


def says(answer: Answer) -> str:
    """Return the words that the check must say of a wrong answer, or of a starter."""
    return answer.says or (FOLDER / answer.folder.name / "starter.says").read_text(encoding="utf-8").strip()


def told(outcome: Outcome) -> str:
    mistake = outcome.mistake
    said = [outcome.trouble, *(f"{result.step.claim} {result.status}" for result in outcome.results)]
    return "\n".join([*said, *([mistake.headline, *mistake.done, mistake.seen, mistake.expected] if mistake else [])])


@pytest.mark.broker
@pytest.mark.parametrize("answer", [*map(marked, SOLUTIONS), *map(slow, RIGHT)], ids=name)
def test_a_right_answer_passes(answer: Answer, classroom: Classroom, tmp_path: Path) -> None:
    outcome = running.run(classroom, exercise_of(answer), answer.file(tmp_path))
    assert outcome.solved, told(outcome)


@pytest.mark.broker
@pytest.mark.parametrize(
    "answer", [*((marked if a in ONE_EACH else slow)(a) for a in WRONG), *map(marked, STARTERS)], ids=name
)
def test_a_wrong_answer_fails_with_the_words_for_its_mistake(
    answer: Answer, classroom: Classroom, tmp_path: Path
) -> None:
    outcome = running.run(classroom, exercise_of(answer), answer.file(tmp_path))
    assert outcome.mistake, told(outcome)
    assert says(answer) in outcome.mistake.headline, told(outcome)
    assert outcome.mistake.why
    assert outcome.mistake.expected
    assert outcome.mistake.seen


@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=lambda e: e.name)
def test_an_exercise_is_complete(exercise: Exercise) -> None:
    assert exercise.starter.exists()
    assert exercise.solution.exists()
    assert "TODO" not in exercise.solution.read_text(encoding="utf-8")
    assert len(exercise.hints) == 3
    assert all(exercise.hints)
    assert len([answer for answer in RIGHT if answer.folder.name == exercise.name]) >= 2
    assert len([answer for answer in WRONG if answer.folder.name == exercise.name]) >= 6
    assert [path.name for path in (exercise.starter.parent).glob("*.py")] == [exercise.file]
    readme = (exercise.starter.parent / "README.md").read_text(encoding="utf-8")
    assert f"python check.py {exercise.number:02}" in readme


def test_no_answer_says_nothing() -> None:
    assert [name(answer) for answer in WRONG if not answer.says] == []


def test_no_answer_is_for_an_exercise_that_is_not_there() -> None:
    assert {folder.name for folder in FOLDERS} <= set(EXERCISES)


@pytest.mark.slow
@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=lambda e: e.name)
def test_the_solution_shows_what_the_exercise_says(
    exercise: Exercise, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    with ExitStack() as opened:
        if exercise.sqs:
            bench = opened.enter_context(Bench(request.getfixturevalue("ministack")))
            where = {**os.environ, **bench.environment()}
        else:
            request.getfixturevalue("vhost")
            where = dict(os.environ)
        play(exercise, tmp_path, {**where, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"})


def play(exercise: Exercise, tmp_path: Path, where: dict[str, str]) -> None:
    folder = tmp_path / "exercises" / exercise.name
    folder.mkdir(parents=True)
    shutil.copy(exercise.solution, folder)
    for given in (ROOT / "exercises").glob("*.py"):
        shutil.copy(given, tmp_path / "exercises")
    shutil.copy(ROOT / "producer.py", tmp_path)
    played = chapters(exercise.starter.parent / "README.md")
    assert played, "it has no transcript"
    for chapter in played:
        Player(tmp_path, where).play(chapter)


def mistakes_of_the_readme() -> list[tuple[str, str]]:
    """Return the rows of the instructors' table: an exercise's title, and the sentences of its check."""
    part = README.read_text(encoding="utf-8").partition("### What goes wrong, and how the check words it")[2]
    table = part.partition("| exercise | the check says |")[2].partition("\n\n")[0]
    return [(cells[1].strip(), cells[2].strip()) for row in table.splitlines()[2:] if (cells := row.split("|"))]


def test_the_instructors_table_has_each_exercise_and_says_what_its_check_says() -> None:
    rows = mistakes_of_the_readme()
    assert [title for title, _ in rows] == [exercise.title for exercise in EXERCISES.values()]
    for exercise, (_, sentences) in zip(EXERCISES.values(), rows, strict=True):
        told = {says(answer) for answer in WRONG if answer.folder.name == exercise.name}
        assert set(sentences.split(" · ")) <= told


def test_the_readme_lists_each_exercise_with_the_file_to_write() -> None:
    text = README.read_text(encoding="utf-8")
    for exercise in EXERCISES.values():
        assert f"| [{exercise.title}](exercises/{exercise.name}/README.md) | `{exercise.file}` |" in text

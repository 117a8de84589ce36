"""The chapters' checks are checked: right answers pass `pytest --work DIR`, and wrong ones fail with the words for it.

tests/answers/chapters/SCRIPT/ has them, and what its check has to say of each wrong one. Each answer is put in a folder
with the lessons, in the place of its script, and checked there by a pytest of its own.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from answer import FOLDER, Answer, answers
from conftest import ROOT

from brokers.broker import Broker
from chapters.reading import fences

ANSWERS = FOLDER / "chapters"
LESSONS = {
    "producer": "chapter3", "consumer1": "chapter4", "consumer2": "chapter5", "consumer3": "chapter6",
    "workflow": "chapter7", "workflow2": "chapter8 or chapter9",
}  # fmt: skip
"""Each script, and what an instructor gives to pytest's -m."""

FILES = {
    True: [f"tests/test_{name}.py" for name in ("mistakes", "lessons", "rabbit", "readme")],
    False: [f"tests/test_{name}.py" for name in ("mistakes", "rabbit")],
}
"""Where a lesson's checks are, and those of rabbit.py; that of mistakes first, whose words teach most."""

SECONDS = 200
"""How long one run may take."""

IN_THE_README = "consumer3-wrong_pill_not_acknowledged"
PILL_NOT_ACKNOWLEDGED = "consumer3.py ended on HALT and did not acknowledge it"


def name(answer: Answer) -> str:
    return f"{answer.folder.name}-{answer.name}"


FOLDERS = sorted(ANSWERS.iterdir())
RIGHT, WRONG = ([answer for folder in FOLDERS for answer in answers(folder, kind)] for kind in ("right", "wrong"))


Done = subprocess.CompletedProcess[str]


def check(answer: Answer, folder: Path, environment: dict[str, str]) -> Done:
    """Check a folder with this answer, as an instructor would; stop at the first that fails."""
    script = answer.folder.name
    folder.mkdir()
    for name in LESSONS:
        shutil.copy(ROOT / f"{name}.py", folder)
    answer.file(folder).replace(folder / f"{script}.py")
    only = ["-m", LESSONS[script]] if script in LESSONS else []
    command = [sys.executable, "-m", "pytest", *FILES[script in LESSONS], *only, "--work", str(folder), "-q", "-x"]
    return subprocess.run(
        command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8",
        timeout=SECONDS, check=False,
    )  # fmt: skip


@pytest.fixture
def checked(broker: Broker, tmp_path: Path) -> Callable[[Answer], Done]:
    """Check an answer on the suite's broker."""
    quietly = {"RABBITMQ_FROM": "environment", "COLUMNS": "120", "PYTEST_ADDOPTS": "-p no:cacheprovider"}
    environment = {**os.environ, **broker.environment(), **quietly}
    return lambda answer: check(answer, tmp_path / answer.name, environment)


@pytest.mark.slow
@pytest.mark.timeout(SECONDS * 2)
@pytest.mark.parametrize("answer", RIGHT, ids=name)
def test_a_right_answer_passes(answer: Answer, checked: Callable[[Answer], Done]) -> None:
    done = checked(answer)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.timeout(SECONDS * 2)
@pytest.mark.parametrize("answer", WRONG, ids=name)
def test_a_wrong_answer_fails_with_the_words_for_its_mistake(answer: Answer, checked: Callable[[Answer], Done]) -> None:
    assert answer.says
    done = checked(answer)
    assert done.returncode == 1, done.stdout + done.stderr
    assert answer.says in done.stdout, done.stdout


@pytest.mark.timeout(SECONDS * 2)
@pytest.mark.parametrize("answer", [a for a in WRONG if name(a) == IN_THE_README], ids=["consumer3"])
def test_the_readme_shows_what_a_failed_check_says(answer: Answer, checked: Callable[[Answer], Done]) -> None:
    (shown,) = ("\n".join(fence.lines) for fence in fences() if fence.lines[:1] == [PILL_NOT_ACKNOWLEDGED])
    assert shown in checked(answer).stdout


@pytest.mark.parametrize("script", [*LESSONS, "rabbit"])
def test_each_script_has_two_right_answers_and_six_wrong_ones(script: str) -> None:
    assert len([answer for answer in RIGHT if answer.folder.name == script]) >= 2
    assert len([answer for answer in WRONG if answer.folder.name == script]) >= 6

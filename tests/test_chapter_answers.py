"""The chapters' checks are checked: right answers pass `pytest --work DIR`, and wrong ones fail with the words for it.

tests/answers/chapters/SCRIPT/ has them. A wrong one's first line says what its check has to say. Each answer is put in
a folder with the lessons, in the place of its script, and checked there by a pytest of its own.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import ROOT

from brokers.broker import Broker
from chapters.reading import fences

ANSWERS = Path(__file__).parent / "answers" / "chapters"
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

SAYS = "# says: "

PILL_NOT_ACKNOWLEDGED = "consumer3.py ended on HALT and did not acknowledge it"


def answers(kind: str) -> list[object]:
    """Return the answers whose names begin so."""
    found = sorted(ANSWERS.glob(f"*/{kind}_*.py"))
    return [pytest.param(path, id=f"{path.parent.name}-{path.stem}") for path in found]


Done = subprocess.CompletedProcess[str]


def check(answer: Path, folder: Path, environment: dict[str, str]) -> Done:
    """Check a folder with this answer, as an instructor would; stop at the first that fails."""
    script = answer.parent.name
    folder.mkdir()
    for name in LESSONS:
        shutil.copy(ROOT / f"{name}.py", folder)
    shutil.copy(answer, folder / f"{script}.py")
    only = ["-m", LESSONS[script]] if script in LESSONS else []
    command = [sys.executable, "-m", "pytest", *FILES[script in LESSONS], *only, "--work", str(folder), "-q", "-x"]
    return subprocess.run(
        command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8",
        timeout=SECONDS, check=False,
    )  # fmt: skip


@pytest.fixture
def checked(broker: Broker, tmp_path: Path) -> Callable[[Path], Done]:
    """Check an answer on the suite's broker."""
    quietly = {"RABBITMQ_FROM": "environment", "COLUMNS": "120", "PYTEST_ADDOPTS": "-p no:cacheprovider"}
    environment = {**os.environ, **broker.environment(), **quietly}
    return lambda answer: check(answer, tmp_path / answer.stem, environment)


@pytest.mark.slow
@pytest.mark.timeout(SECONDS * 2)
@pytest.mark.parametrize("answer", answers("right"))
def test_a_right_answer_passes(answer: Path, checked: Callable[[Path], Done]) -> None:
    done = checked(answer)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.timeout(SECONDS * 2)
@pytest.mark.parametrize("answer", answers("wrong"))
def test_a_wrong_answer_fails_with_the_words_for_its_mistake(answer: Path, checked: Callable[[Path], Done]) -> None:
    first = answer.read_text(encoding="utf-8").splitlines()[0]
    assert first.startswith(SAYS)
    done = checked(answer)
    assert done.returncode == 1, done.stdout + done.stderr
    assert first.removeprefix(SAYS) in done.stdout, done.stdout


@pytest.mark.timeout(SECONDS * 2)
@pytest.mark.parametrize("answer", [ANSWERS / "consumer3" / "wrong_pill_not_acknowledged.py"], ids=["consumer3"])
def test_the_readme_shows_what_a_failed_check_says(answer: Path, checked: Callable[[Path], Done]) -> None:
    (shown,) = ("\n".join(fence.lines) for fence in fences() if fence.lines[:1] == [PILL_NOT_ACKNOWLEDGED])
    assert shown in checked(answer).stdout


@pytest.mark.parametrize("script", [*LESSONS, "rabbit"])
def test_each_script_has_two_right_answers_and_six_wrong_ones(script: str) -> None:
    names = [path.stem.split("_")[0] for path in (ANSWERS / script).glob("*.py")]
    assert set(names) == {"right", "wrong"}
    assert names.count("right") >= 2
    assert names.count("wrong") >= 6

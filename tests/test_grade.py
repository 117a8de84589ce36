"""grade.py gives each submission its marks, whatever the others do."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import NamedTuple
from xml.etree import ElementTree

import made
import psutil
import pytest
import requests
from conftest import ROOT
from made import made_by
from submissions import HOSTILE, answers, hand_in, hostile, many, strange
from waiting import Stopwatch, until

from brokers.broker import Broker
from brokers.management import SECONDS, Management
from checks import apart, login, marks, scratch
from checks.classroom import Classroom
from checks.exercise import Exercise, catalogue, step
from checks.grading import Grading
from checks.lab import Lab
from checks.marks import Mark
from checks.mistake import NotJudged
from checks.submission import submissions
from checks.warden import Limits

pytestmark = pytest.mark.timeout(400)

EXERCISES = catalogue()[:2]
FIRST, SECOND = EXERCISES

ALONE = {"kills", "stays"}
"""The hostile that only a namespace of its own keeps in: this one would kill the grader, that one leave a daemon."""

KEPT_APART = bool(apart.unshare())

HOSTILES = sorted(path.name for path in HOSTILE.iterdir() if path.name != "intrudes")


class Graded(NamedTuple):
    """What one run of grade.py left."""

    status: int | None
    said: str
    out: Path
    rows: list[dict[str, str]]

    def of(self, name: str) -> list[tuple[str, str, str]]:
        return [(row["exercise"], row["status"], row["points"]) for row in self.rows if row["submission"] == name]


def running_in(folder: Path) -> list[str]:
    """Return the processes that run in a folder, or have run a file of it, or hide their origin."""
    found = []
    for process in psutil.process_iter():
        try:
            told = " ".join([*process.cmdline(), process.cwd()])
        except (psutil.Error, OSError):  # as where a hostile script's folders are too deep for the system to name
            continue
        if str(folder) in told:
            found.append(told)
    return found


def started(broker: Broker, folder: Path, scratches: Path, *words: str) -> subprocess.Popen[str]:
    scratches.mkdir(exist_ok=True)
    environment = {**os.environ, **broker.environment(), "TMPDIR": str(scratches), "PYTHONIOENCODING": "utf-8"}
    return subprocess.Popen(
        [sys.executable, "grade.py", str(folder), "--out", str(folder.parent / "out"), "--only", "01,02", *words],
        cwd=ROOT, env={**environment, "RABBITMQ_FROM": "environment"}, text=True, encoding="utf-8",
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip


def ended(process: subprocess.Popen[str], folder: Path) -> Graded:
    said = process.communicate(timeout=300)[0]
    out = folder.parent / "out"
    with (out / "grades.csv").open(encoding="utf-8", newline="") as file:
        return Graded(process.returncode, said, out, list(csv.DictReader(file)))


def good(folder: Path) -> None:
    """Make three submissions that do what they can: all right, half right, and as given."""
    for exercise in EXERCISES:
        hand_in(folder / "anna", exercise, exercise.solution)
        hand_in(folder / "cleo", exercise, exercise.starter, "exercises")
    hand_in(folder / "bert", FIRST, answers(FIRST, "right")[1], "exercises")
    hand_in(folder / "bert", SECOND, next(a for a in answers(SECOND, "wrong") if "auto_ack" in a.name))


GOOD = ("anna", "bert", "cleo")


@pytest.fixture(scope="module")
def together(broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Graded]:
    """A run over good, hostile and strange submissions; the broker and the scratch folders are as before."""
    top = tmp_path_factory.mktemp("together")
    good(top / "submissions")
    for name in HOSTILES:
        if KEPT_APART or name not in ALONE:
            hostile(top / "submissions" / name, name)
    strange(top / "submissions")
    process = started(broker, top / "submissions", top / "scratch", "--jobs", "6")
    graded = ended(process, top / "submissions")
    yield graded
    assert made_by(broker, process.pid) == set()
    assert list((top / "scratch").iterdir()) == []
    assert running_in(top) == []


@pytest.mark.slow
def test_good_submissions_get_the_marks_that_they_get_alone(together: Graded, broker: Broker, tmp_path: Path) -> None:
    good(tmp_path / "submissions")
    alone = ended(started(broker, tmp_path / "submissions", tmp_path / "scratch"), tmp_path / "submissions")
    assert [alone.of(name) for name in GOOD] == [together.of(name) for name in GOOD]
    assert alone.of("anna") == [(FIRST.name, "solved", "3"), (SECOND.name, "solved", str(len(SECOND.steps)))]
    assert [status for _, status, _ in alone.of("bert")] == ["solved", "not solved"]
    assert alone.of("cleo") == [(FIRST.name, "not begun", "0"), (SECOND.name, "not begun", "0")]


@pytest.mark.slow
def test_all_hostile_submissions_are_judged_and_none_is_solved(together: Graded) -> None:
    assert (together.status, [row for row in together.rows if row["status"] == "not judged"]) == (0, []), together.said
    for name in HOSTILES:
        assert not {"solved", "not begun"} & {status for _, status, _ in together.of(name)}, name


@pytest.mark.slow
@pytest.mark.parametrize(("name", "words"), [
    ("forks", "it started more than 24 processes"),
    ("prints", "it printed more than 1 MB"),
    ("writes", "it wrote more than 64 MB of files"),
    ("floods", "was cut off"),
    ("links", "producer.py is no ordinary file"),
    ("device", "producer.py is no ordinary file"),
    ("huge", "producer.py is no ordinary file"),
    ("folder", "producer.py is no ordinary file"),
    ("linked folder", "01_first_message is no ordinary folder"),
    ("deep", "There is no producer.py"),
    ("misspelt", "producer.py ended with an error"),
    ("unimportable", "producer.py ended with an error"),
    ("junk", "producer.py ended with an error"),
])  # fmt: skip
def test_what_was_too_much_is_told(together: Graded, name: str, words: str) -> None:
    told = [row["headline"] for row in together.rows if row["submission"] == name]
    assert any(words in headline for headline in told), told


def test_a_strange_name_is_told_so_that_it_can_be_printed(together: Graded) -> None:
    assert together.of(r"a b\nZoë [red]")[0] == (FIRST.name, "solved", "3")
    assert r"a b\nZoë [red] 01_first_message: solved" in together.said


def test_a_spreadsheet_takes_no_name_for_a_formula(together: Graded) -> None:
    assert together.of("'=1+1")[0] == (FIRST.name, "solved", "3")


def test_an_empty_submission_has_handed_in_nothing(together: Graded) -> None:
    for name in ("empty", "no exercises"):
        assert together.of(name) == [(FIRST.name, "not handed in", "0"), (SECOND.name, "not handed in", "0")]


def test_csv_xml_and_json_agree(together: Graded) -> None:
    statuses = {"failure": ("not solved", "not begun"), "error": ("not judged",), "skipped": ("not handed in",)}
    cases = ElementTree.parse(together.out / "junit.xml").getroot().findall("testsuite/testcase")
    assert len(cases) == len(together.rows)
    for case, row in zip(cases, together.rows, strict=True):
        kinds = [child.tag for child in case]
        assert (case.get("classname"), case.get("name")) == (row["submission"].lstrip("'"), row["exercise"])
        assert row["status"] in statuses[kinds[0]] if kinds else row["status"] == "solved"
    told = [json.loads(path.read_text(encoding="utf-8")) for path in (together.out / "classroom").glob("*.json")]
    points = [int(row["points"]) for row in together.rows]
    assert sum(test["score"] for one in told for test in one["tests"]) == sum(points)
    assert sum(one["max_score"] for one in told) == sum(int(row["of"]) for row in together.rows)
    assert len(told) == len({row["submission"] for row in together.rows})


def test_the_json_is_as_github_classroom_counts_it(together: Graded) -> None:
    told = json.loads((together.out / "classroom" / "bert.json").read_text(encoding="utf-8"))
    passed = [test for test in told["tests"] if test["status"] == "pass"]
    assert (told["version"], told["status"], told["max_score"]) == (1, "fail", len(told["tests"]))
    assert len(passed) == sum(test["score"] for test in told["tests"])
    assert {tuple(test) for test in told["tests"]} == {
        ("name", "status", "score", "message", "test_code", "filename", "line_no", "duration")
    }


def test_the_junit_counts_are_right(together: Graded) -> None:
    root = ElementTree.parse(together.out / "junit.xml").getroot()
    for suite in [root, *root.findall("testsuite")]:
        for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(suite.get(attribute, "")) == len(suite.findall(f".//{tag}"))
        assert int(suite.get("tests", "")) == len(suite.findall(".//testcase"))


def test_ctrl_c_ends_what_runs_and_writes_what_is_known(broker: Broker, tmp_path: Path) -> None:
    folder, scratches = tmp_path / "submissions", tmp_path / "scratch"
    hostile(folder / "hangs", "hangs")
    hand_in(folder / "anna", FIRST, FIRST.solution)
    process = started(broker, folder, scratches)
    until(lambda: bool(running_in(scratches)) or process.poll() is not None, seconds=30)
    os.killpg(process.pid, signal.SIGINT)
    watch = Stopwatch()
    graded = ended(process, folder)
    assert graded.status == 130, graded.said
    assert watch.seconds() < 15
    assert "Stopped by Ctrl+C" in graded.said
    assert ("01_first_message", "not judged", "") in graded.of("hangs")
    assert (made_by(broker, process.pid), list(scratches.iterdir()), running_in(tmp_path)) == (set(), [], [])


def test_without_a_broker_nothing_is_graded(tmp_path: Path) -> None:
    (tmp_path / "submissions" / "anna").mkdir(parents=True)
    environment = {**os.environ, "RABBITMQ_URL": "", "RABBITMQ_HOST": "127.0.0.1", "RABBITMQ_PORT": "1",
                   "RABBITMQ_FROM": "environment"}  # fmt: skip
    told = subprocess.run(
        [sys.executable, "grade.py", str(tmp_path / "submissions"), "--out", str(tmp_path / "out")],
        cwd=ROOT, env=environment, capture_output=True, encoding="utf-8", timeout=120, check=False,
    )  # fmt: skip
    assert told.returncode == 2
    assert "Nothing was graded" in told.stderr
    assert not (tmp_path / "out").exists()


def graded_here(broker: Broker | None, folder: Path, limits: Limits, *exercises: Exercise) -> list[Mark]:
    """Grade in this process."""
    classroom = Classroom(print, broker, limits)
    try:
        grading = Grading(classroom, submissions(folder), exercises)
        grading.run()
        return grading.marks()
    finally:
        classroom.close()


@pytest.mark.slow
def test_a_broker_that_dies_gives_no_zero(own: Broker, tmp_path: Path) -> None:
    hand_in(tmp_path / "submissions" / "anna", FIRST, FIRST.solution)
    own.kill()
    (mark,) = graded_here(own, tmp_path / "submissions", Limits(apart=True), FIRST)
    assert (mark.status, mark.points) == (marks.NOT_JUDGED, None)
    assert marks.classroom([mark])["status"] == "error"


def test_an_exercise_without_a_check_is_not_judged(tmp_path: Path) -> None:
    (tmp_path / "submissions" / "anna").mkdir(parents=True)
    (mark,) = graded_here(None, tmp_path / "submissions", Limits(), Exercise(99, "nothing"))
    assert (mark.status, mark.points) == (marks.NOT_JUDGED, None)
    assert "No module named 'checks.topics.nothing'" in mark.headline


def test_what_could_not_be_judged_is_tried_once_more(broker: Broker, tmp_path: Path) -> None:
    tries: list[Lab] = []
    module = ModuleType("checks.topics.flickers", "A topic whose check fails by itself, the first time.")

    def it_flickers(lab: Lab) -> None:
        """It is judged at the second try."""
        tries.append(lab)
        if len(tries) == 1:
            raise NotJudged("the first time")

    it_flickers.__module__ = module.__name__
    vars(module).update(FILE="flickers.py", it_flickers=step()(it_flickers))
    exercise = Exercise(99, "flickers")
    vars(exercise)["module"] = module
    place = tmp_path / "submissions" / "anna" / exercise.name
    place.mkdir(parents=True)
    (place / "flickers.py").write_text("print(1)\n")
    (mark,) = graded_here(broker, tmp_path / "submissions", Limits(), exercise)
    assert (mark.status, mark.points, len(tries)) == (marks.SOLVED, 1, 2)


@pytest.mark.slow
def test_guest_is_shut_out_of_a_broker_of_its_own(own: Broker, tmp_path: Path) -> None:
    folder = tmp_path / "submissions"
    hostile(folder / "intrudes", "intrudes")
    (folder / "intrudes" / FIRST.name / "target.py").write_text(f"PORT = {own.management_port}\n")
    hand_in(folder / "anna", FIRST, FIRST.solution)
    login.close(own)
    refused = requests.get(f"{Management(own).root}/vhosts", auth=("guest", "guest"), timeout=SECONDS)
    found = {mark.submission: mark.status for mark in graded_here(own, folder, Limits(apart=True), FIRST)}
    assert (refused.status_code, found) == (401, {"anna": marks.SOLVED, "intrudes": marks.NOT_SOLVED})
    assert made.names(own) == {"/", "grader"}


@pytest.mark.slow
@pytest.mark.parametrize("kept_apart", [True, False], ids=["apart", "among others"])
def test_limits_hold(broker: Broker, tmp_path: Path, kept_apart: bool) -> None:
    folder = tmp_path / "submissions"
    names = ("forks", "eats", "prints", "writes", "exits", "nests", "forges", "closes")
    for name in names:
        hostile(folder / name, name)
    hand_in(folder / "anna", FIRST, FIRST.solution)
    found = graded_here(broker, folder, Limits(memory=200 << 20, apart=kept_apart), *EXERCISES)
    assert [mark.submission for mark in found if mark.status == marks.SOLVED] == ["anna"]
    assert [mark.headline for mark in found if mark.status == marks.NOT_JUDGED] == []
    told = {mark.submission: mark.headline for mark in found if mark.exercise == FIRST.name}
    assert "more than 24 processes" in told["forks"]
    assert "more than 200 MB of memory" in told["eats"]
    assert made_by(broker, os.getpid()) == set()
    assert running_in(tmp_path) == []


def test_a_scratch_folder_goes_with_all_that_is_in_it(tmp_path: Path) -> None:
    here = Path.cwd()
    with scratch.folder("deep-") as folder:
        (folder / "locked").mkdir(mode=0)
        (folder / "link").symlink_to(tmp_path)
        os.chdir(folder)
        try:
            for _ in range(3000):
                os.mkdir("deeper")
                os.chdir("deeper")
        finally:
            os.chdir(here)
    assert not folder.exists()
    assert tmp_path.exists()


def test_a_name_gives_a_file_name_of_its_own() -> None:
    names = ["a b", "a_b", "a/b", "a%2Fb", "Zoë", "..\\x", "con:"]
    assert len({marks._file(name) for name in names}) == len(names)


def test_xml_holds_what_a_script_prints(tmp_path: Path) -> None:
    mark = Mark("anna", FIRST.name, FIRST.file, marks.NOT_SOLVED, "It printed \x00\x1b[31m\ud800.")
    marks.write([mark], tmp_path)
    failure = ElementTree.parse(tmp_path / "junit.xml").getroot().find("testsuite/testcase/failure")
    assert failure is not None
    assert failure.get("message") == "It printed \ufffd\ufffd[31m\ufffd."


def test_a_second_run_replaces_the_first(tmp_path: Path) -> None:
    marks.write([Mark("anna", FIRST.name, FIRST.file, marks.SOLVED)], tmp_path)
    marks.write([Mark("bert", FIRST.name, FIRST.file, marks.SOLVED)], tmp_path)
    assert [path.name for path in (tmp_path / "classroom").iterdir()] == ["bert.json"]


def test_a_made_up_course_has_right_wrong_and_hostile_work(tmp_path: Path) -> None:
    many(tmp_path / "course", 10, EXERCISES)
    assert len(submissions(tmp_path / "course")) == 10
    shutil.rmtree(tmp_path / "course")

"""Marks: what became of each exercise of each submission, and the files that tell it: CSV, JUnit XML, and JSON for
GitHub Classroom.

The JSON is what github-education-resources/autograding-grading-reporter takes, base64-encoded. It counts points in two
ways: tests passed, in proportion to max_score, and the sum of the scores. One point a step makes both the same.
"""

import csv
import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

from checks.mistake import Mistake

SOLVED, NOT_SOLVED, UNCHANGED = "solved", "not solved", "not begun"
ABSENT, NOT_JUDGED = "not handed in", "not judged"
STATUSES = (SOLVED, NOT_SOLVED, UNCHANGED, ABSENT, NOT_JUDGED)

COLUMNS = ("submission", "exercise", "status", "points", "of", "headline", "seen", "expected", "seconds")


@dataclass
class Mark:
    """One row. It has a point for each step that passed; where it was not judged, it has none, which is not zero."""

    submission: str
    exercise: str
    file: str
    status: str
    headline: str = ""
    """The mistake, or why it was not judged."""
    seconds: float = 0
    steps: list[tuple[str, str]] = field(default_factory=list)
    """Each step's claim, and what became of it."""
    mistake: Mistake | None = None

    @property
    def points(self) -> int | None:
        """Return how many steps passed, None where it was not judged."""
        return None if self.status == NOT_JUDGED else [status for _, status in self.steps].count("passed")

    @property
    def of(self) -> int:
        """Return how many points there are."""
        return len(self.steps)

    @property
    def row(self) -> dict[str, str]:
        """Return it as a row of the CSV."""
        seen, expected = (self.mistake.seen, self.mistake.expected) if self.mistake else ("", "")
        points = "" if self.points is None else str(self.points)
        told = (self.submission, self.exercise, self.status, points, str(self.of), self.headline, seen, expected,
                f"{self.seconds:.1f}")  # fmt: skip
        return dict(zip(COLUMNS, map(_cell, told), strict=True))


def write(marks: Sequence[Mark], folder: Path) -> None:
    """Write grades.csv, junit.xml and classroom/NAME.json into a folder, in place of those of an earlier run."""
    (folder / "classroom").mkdir(parents=True, exist_ok=True)
    for old in (folder / "classroom").glob("*.json"):
        old.unlink()
    with (folder / "grades.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.DictWriter(file, COLUMNS)
        rows.writeheader()
        rows.writerows(mark.row for mark in marks)
    junit(marks).write(folder / "junit.xml", encoding="utf-8", xml_declaration=True)
    for name in dict.fromkeys(mark.submission for mark in marks):
        told = json.dumps(classroom([mark for mark in marks if mark.submission == name]), indent=2) + "\n"
        (folder / "classroom" / f"{_file(name)}.json").write_text(told, encoding="utf-8")


def junit(marks: Sequence[Mark]) -> "ElementTree.ElementTree[ElementTree.Element[str]]":
    """Return the marks in JUnit's form: a test suite for each submission, with a test case for each exercise."""
    root = ElementTree.Element("testsuites", {"name": "exercises", **_counts(marks)})
    for name in dict.fromkeys(mark.submission for mark in marks):
        of_it = [mark for mark in marks if mark.submission == name]
        suite = ElementTree.SubElement(root, "testsuite", {"name": _text(name), **_counts(of_it)})
        for mark in of_it:
            _case(suite, mark)
    return ElementTree.ElementTree(root)


def _counts(marks: Sequence[Mark]) -> dict[str, str]:
    count = Counter(mark.status for mark in marks)
    told = {"tests": len(marks), "failures": count[NOT_SOLVED] + count[UNCHANGED], "errors": count[NOT_JUDGED],
            "skipped": count[ABSENT]}  # fmt: skip
    return {**{name: str(number) for name, number in told.items()}, "time": f"{sum(m.seconds for m in marks):.1f}"}


def _case(suite: ElementTree.Element, mark: Mark) -> None:
    case = ElementTree.SubElement(
        suite, "testcase", classname=_text(mark.submission), name=mark.exercise, time=f"{mark.seconds:.1f}"
    )
    kinds = {NOT_SOLVED: "failure", UNCHANGED: "failure", NOT_JUDGED: "error", ABSENT: "skipped"}
    if mark.status in kinds:
        told = ElementTree.SubElement(case, kinds[mark.status], message=_text(mark.headline or mark.status))
        if mark.status != ABSENT:
            told.set("type", mark.status)
            told.text = _text(_account(mark))


def _account(mark: Mark) -> str:
    steps = [f"{status}: {claim}" for claim, status in mark.steps]
    if mark.mistake:
        steps += [f"seen: {mark.mistake.seen}", f"expected: {mark.mistake.expected}", f"why: {mark.mistake.why}"]
    return "\n".join([mark.headline, *steps])


def classroom(marks: Sequence[Mark]) -> dict[str, object]:
    """Return one submission's marks in the form of GitHub Classroom's autograder."""
    tests = [test for mark in marks for test in _tests(mark)]
    found = {test["status"] for test in tests}
    status = next((each for each in ("error", "fail") if each in found), "pass")
    return {"version": 1, "status": status, "max_score": sum(mark.of for mark in marks), "tests": tests}


def _tests(mark: Mark) -> list[dict[str, object]]:
    """Return a test for each step; the time of all is that of the first."""
    return [
        {
            "name": f"{mark.exercise}: {claim}", "status": _classroom_status(mark, status),
            "score": int(status == "passed" and mark.status != NOT_JUDGED),
            "message": None if status == "passed" and mark.status != NOT_JUDGED else _message(mark, status),
            "test_code": "", "filename": f"{mark.exercise}/{mark.file}", "line_no": 0,
            "duration": 0 if number else round(mark.seconds * 1000),
        }
        for number, (claim, status) in enumerate(mark.steps or [(mark.status, "not judged")])
    ]  # fmt: skip


def _classroom_status(mark: Mark, status: str) -> str:
    return "error" if mark.status == NOT_JUDGED else "pass" if status == "passed" else "fail"


def _message(mark: Mark, status: str) -> str:
    return f"not run, since an earlier one failed: {mark.headline}" if status == "skipped" else mark.headline or status


def _text(text: str) -> str:
    """Return the text without what XML 1.0 does not allow."""
    return re.sub("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", text)


def _cell(text: str) -> str:
    """Return the text so that a spreadsheet does not take it for a formula, which a student's output may be."""
    clean = text.encode(errors="replace").decode().replace("\0", "\ufffd")  # Python 3.10 writes no NUL into a CSV
    return f"'{clean}" if clean.startswith(("=", "+", "-", "@", "\t", "\r")) else clean


def _file(name: str) -> str:
    """Return a file name that every system takes, another one for another name."""
    return re.sub(r"[^\w .-]", lambda found: f"%{ord(found[0]):02X}", name)

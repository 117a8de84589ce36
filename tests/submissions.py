"""Made-up submissions for grade.py: right answers, starters, wrong answers, and the hostile ones of tests/hostile.

By hand: python tests/submissions.py FOLDER 40 [NN,NN]
"""

import os
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from answer import FOLDER, Answer, whole  # noqa: E402 - found from here on
from answer import answers as listed  # noqa: E402

from checks.exercise import Exercise, catalogue  # noqa: E402 - found from here on

HOSTILE = ROOT / "tests" / "hostile"


def answers(exercise: Exercise, kind: str) -> list[Answer]:
    """Return the right or the wrong answers to an exercise; the solution is one of the right ones."""
    others = listed(FOLDER / exercise.name, kind)
    return [whole(exercise.solution), *others] if kind == "right" else others


def hand_in(folder: Path, exercise: Exercise, answer: Answer | Path, inside: str = "") -> None:
    """Put an answer into a submission's folder, under the name that it should have."""
    place = folder / inside / exercise.name
    place.mkdir(parents=True, exist_ok=True)
    if isinstance(answer, Answer):
        answer.file(place).replace(place / exercise.file)
    else:
        shutil.copyfile(answer, place / exercise.file)


def hostile(folder: Path, name: str) -> None:
    """Make a hostile submission of tests/hostile."""
    shutil.copytree(HOSTILE / name, folder)
    for file in folder.glob("*/producer.py"):  # its daemon is to be known from another test's
        file.write_bytes(file.read_bytes().replace(b"hostile-daemon", f"daemon of {folder}".encode()))


def strange(folder: Path) -> dict[str, Path]:
    """Make the submissions that no repository could hold; return them by what is strange about them."""
    names = {
        **{n: n for n in ("empty", "no exercises", "links", "device", "folder", "huge", "deep", "linked folder")},
        "named": "a b\nZoë [red]", "formula": "=1+1",
    }  # fmt: skip
    made = {what: folder / name for what, name in names.items()}
    first, file = "01_first_message", "producer.py"
    for what, path in made.items():
        (path / ("" if what in ("empty", "no exercises", "linked folder") else first)).mkdir(parents=True)
    (made["no exercises"] / "homework.txt").write_text("later\n")
    shutil.copyfile(ROOT / "solutions" / first / file, made["named"] / first / file)
    shutil.copyfile(ROOT / "solutions" / first / file, made["formula"] / first / file)
    (made["links"] / first / file).symlink_to(ROOT / "solutions" / first / file)
    (made["device"] / first / file).symlink_to("/dev/zero")
    (made["folder"] / first / file).mkdir()
    with (made["huge"] / first / file).open("wb") as sparse:
        sparse.truncate(1 << 30)
    (made["deep"] / first / Path(*["deeper"] * 100)).mkdir(parents=True)
    (made["linked folder"] / first).symlink_to(ROOT / "solutions" / first)
    return made


def many(folder: Path, count: int, exercises: list[Exercise]) -> None:
    """Make a course: of ten, six hand in mostly right answers, three mostly wrong ones, and one only hostile ones."""
    attacks = sorted(HOSTILE.glob("*/*/*.py"))
    for number in range(count):
        for place, exercise in enumerate(exercises):
            turn = number + place
            kind = "right" if (number % 10 < 6) != (turn % 7 == 6) else "wrong"
            found = answers(exercise, kind) or [whole(exercise.starter)]
            answer: Answer | Path = found[turn % len(found)]
            if number % 10 == 9:
                answer = attacks[(number // 10 * len(exercises) + place) % len(attacks)]
            if turn % 29 != 28:  # one in 29 is not handed in
                hand_in(folder / f"student{number + 1:02}", exercise, answer, "exercises" if number % 2 else "")


if __name__ == "__main__":
    only = sys.argv[3].split(",") if sys.argv[3:] else []
    many(Path(sys.argv[1]), int(sys.argv[2]), [one for one in catalogue() if not only or f"{one.number:02}" in only])
    print(f"{len(os.listdir(sys.argv[1]))} submissions in {sys.argv[1]}")

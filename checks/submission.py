"""A Submission: one student's folder, of which clean copies are made: what is no ordinary file in it leads nowhere."""

import shutil
import stat
from dataclasses import dataclass
from pathlib import Path

from checks.exercise import Exercise
from checks.mistake import Mistake

FILES = 20
"""How many Python files of an exercise's folder are copied."""

SIZE = 1 << 20
"""In bytes, how large each of them may be."""


@dataclass(frozen=True)
class Submission:
    """Its folder holds NN_topic/FILE, or exercises/NN_topic/FILE, as a copy of this repository does."""

    folder: Path

    @property
    def name(self) -> str:
        """Return its folder's name, with what cannot be printed told as Python would."""
        return "".join(c if c.isprintable() else repr(c)[1:-1] for c in self.folder.name)

    def holds(self, exercise: Exercise) -> bool:
        """Return whether there is anything under the exercise's name."""
        return self._place(exercise) is not None

    def unchanged(self, exercise: Exercise) -> bool:
        """Return whether the student's file is the starter, as it was given."""
        place = self._place(exercise)
        file = place / exercise.file if place else None
        both = (file, exercise.starter) if file else ()
        return bool(both) and all(map(_ordinary, both)) and len({*map(_lines, both)}) == 1

    def copy(self, exercise: Exercise, into: Path) -> Path:
        """Copy the exercise's Python files into a folder; return the student's file there, which may be missing."""
        place = self._place(exercise)
        folders = [place, *([place.parent] if place and place.parent != self.folder else [])]
        if any(folder is None or not stat.S_ISDIR(folder.lstat().st_mode) for folder in folders):
            raise _not_ordinary(exercise.name, "folder")
        assert place is not None
        file = place / exercise.file
        if _exists(file) and not _ordinary(file):
            raise _not_ordinary(exercise.file, f"file of at most {SIZE >> 20} MB")
        others = sorted(path for path in place.glob("*.py") if path != file and _ordinary(path))[:FILES]
        for path in [*others, *([file] if _exists(file) else [])]:
            shutil.copyfile(path, into / path.name)
        return into / exercise.file

    def _place(self, exercise: Exercise) -> Path | None:
        places = (self.folder / exercise.name, self.folder / "exercises" / exercise.name)
        return next((place for place in places if _exists(place)), None)


def submissions(folder: Path) -> list[Submission]:
    """Return the submissions in a folder, by name: its folders whose names do not begin with a dot."""
    return [Submission(path) for path in sorted(folder.iterdir()) if path.is_dir() and not path.name.startswith(".")]


def _exists(path: Path) -> bool:
    """Return whether there is anything at the path, were it a link that leads nowhere."""
    try:
        path.lstat()
    except OSError:
        return False
    return True


def _ordinary(path: Path) -> bool:
    """Return whether it is a file that may be read to its end; a link is none."""
    try:
        told = path.lstat()
    except OSError:
        return False
    return stat.S_ISREG(told.st_mode) and told.st_size <= SIZE


def _lines(path: Path) -> tuple[str, ...]:
    return tuple(line.rstrip() for line in path.read_bytes().decode(errors="replace").strip().splitlines())


def _not_ordinary(name: str, wanted: str) -> Mistake:
    return Mistake(
        f"{name} is no ordinary {wanted}.",
        seen="a link, a device, another kind of thing, or one too large",
        expected=f"a {wanted}",
        why="A link leads elsewhere on another machine. Only what is in the submission itself can be judged.",
    )

"""What a student has reached: which exercises were solved by which text, and how many hints were opened."""

import hashlib
from pathlib import Path
from typing import Any

from brokers import record
from checks.exercise import ROOT, Exercise

FILE = ROOT / ".checks" / "progress.json"


class Progress:
    """The record of one working copy. It is written at once."""

    def __init__(self, file: Path = FILE) -> None:
        self._file = file
        self._entries = record.read(file)

    def solved(self, exercise: Exercise) -> bool:
        """Return whether it was solved by the student's file as it is now, and by the same check and rabbit.py."""
        return bool(self._entry(exercise).get("solved") == _text(exercise))

    def note(self, exercise: Exercise, solved: bool) -> None:
        """Write down what a check found."""
        self._write(exercise, "solved", _text(exercise) if solved else "")

    def next_hint(self, exercise: Exercise) -> int:
        """Return the number of the next hint, from 1, and count it as opened; the last one comes again."""
        number: int = min(self._entry(exercise).get("hints", 0) + 1, len(exercise.hints))
        self._write(exercise, "hints", number)
        return number

    def _entry(self, exercise: Exercise) -> dict[str, Any]:
        return dict(self._entries.get(exercise.name, {}))

    def _write(self, exercise: Exercise, name: str, value: object) -> None:
        self._entries[exercise.name] = {**self._entry(exercise), name: value}
        record.write(self._file, self._entries)


def _text(exercise: Exercise) -> str:
    """Return a hash of all on which a check depends."""
    files = [exercise.starter, Path(str(exercise.module.__file__)), ROOT / "rabbit.py"]
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in files if path.exists())).hexdigest()

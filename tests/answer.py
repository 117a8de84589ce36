"""An Answer, right or wrong: a whole file, or edits of a base.

tests/answers has a folder for each exercise and for each script of the chapters. Its wrong.toml holds the wrong answers
that differ from a base in a few lines. All others are whole files; the first line of a wrong one is `# says: WORDS`.

The tables are TOML because its literal strings show code as it is, quotes, backslashes and all; they begin on a line of
their own, and the parser is part of Python (from 3.11 on).
"""

import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # the same parser, for Python 3.10

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "tests" / "answers"
TABLE = "wrong.toml"
SAYS = "# says: "


class BadEdit(Exception):
    """An edit does not fit the base of its answer."""


class Edit(NamedTuple):
    """A text that the base contains once, and what the answer has in its place."""

    old: str
    new: str


@dataclass(frozen=True)
class Answer:
    """One answer to an exercise, or one version of a script of the chapters."""

    folder: Path
    name: str
    base: Path
    """The file that the edits change; without edits, the answer itself."""
    says: str = ""
    """What the check must say; empty if the answer is right."""
    edits: tuple[Edit, ...] = ()

    @property
    def text(self) -> str:
        """Return the whole script; raise BadEdit if an edit does not fit the base."""
        base = self.base.read_text(encoding="utf-8")
        if not self.edits:
            return base
        for edit in self.edits:
            self._check(edit, base)
        new = dict(self.edits)
        text, count = re.subn("|".join(map(re.escape, new)), lambda match: new[match[0]], base)
        if count != len(self.edits):
            raise BadEdit(f"{self._place}: two of its edits overlap")
        return text

    def file(self, folder: Path) -> Path:
        """Write the script into a folder; return its path."""
        path = folder / f"{self.name}.py"
        path.write_text(self.text, encoding="utf-8")
        return path

    def _check(self, edit: Edit, base: str) -> None:
        count = base.count(edit.old)
        if count != 1:
            where = os.path.relpath(self.base, ROOT)
            raise BadEdit(f"{self._place}: {where} must contain once, but contains {count} times: {edit.old!r}")
        if edit.old == edit.new:
            raise BadEdit(f"{self._place}: the replacement changes nothing: {edit.old!r}")

    @property
    def _place(self) -> str:
        return f"{os.path.relpath(self.folder, ROOT)}/{TABLE}: {self.name}"


def whole(path: Path) -> Answer:
    """Return the answer that is a whole file."""
    first = path.read_text(encoding="utf-8").partition("\n")[0]
    return Answer(path.parent, path.stem, path, first.removeprefix(SAYS).strip() if first.startswith(SAYS) else "")


def table(folder: Path) -> list[Answer]:
    """Return the answers of the folder's table."""
    path = folder / TABLE
    entries = tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    base = entries.pop("base", "")
    return [_edited(folder, name, **{"base": base, **entry}) for name, entry in entries.items()]


def _edited(folder: Path, name: str, *, base: str, says: str, edits: list[dict[str, str]]) -> Answer:
    return Answer(folder, name, ROOT / base, says, tuple(Edit(edit["replace"], edit["with"]) for edit in edits))


def answers(folder: Path, kind: str) -> list[Answer]:
    """Return the answers of a kind, right or wrong, in the order of their names."""
    files = [whole(path) for path in folder.glob(f"{kind}_*.py")]
    listed = [*files, *(answer for answer in table(folder) if answer.name.startswith(f"{kind}_"))]
    return sorted(listed, key=lambda answer: answer.name)

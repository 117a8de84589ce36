"""Each table of wrong answers fits its bases, and an entry whose base has changed fails by name."""

import ast
import re
from pathlib import Path

import pytest
from answer import FOLDER, TABLE, Answer, BadEdit, answers, table
from conftest import ROOT

FOLDERS = sorted([*FOLDER.glob("[0-9][0-9]_*"), *(FOLDER / "chapters").iterdir()])
EDITED = [answer for folder in FOLDERS for answer in table(folder)]


def name(value: Answer | Path) -> str:
    return value.name if isinstance(value, Path) else f"{value.folder.name}-{value.name}"


@pytest.mark.parametrize("answer", EDITED, ids=name)
def test_an_entry_fits_its_base_and_changes_it(answer: Answer) -> None:
    assert answer.edits
    assert answer.text != answer.base.read_text(encoding="utf-8")
    ast.parse(answer.text)


@pytest.mark.parametrize("folder", FOLDERS, ids=name)
def test_a_name_is_used_once_and_says_what_the_answer_is(folder: Path) -> None:
    names = [answer.name for answer in [*answers(folder, "right"), *answers(folder, "wrong")]]
    entries = [answer.name for answer in table(folder)]
    assert set(names) == {*entries, *(path.stem for path in folder.glob("*.py"))}
    assert len(names) == len(set(names))


def private_names() -> set[str]:
    """Return the names of methods and attributes that rabbit.py keeps to itself."""
    nodes = list(ast.walk(ast.parse((ROOT / "rabbit.py").read_text(encoding="utf-8"))))
    methods = {node.name for node in nodes if isinstance(node, ast.FunctionDef)}
    attributes = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    return {name for name in methods | attributes if re.match("_[a-z]", name)}


@pytest.mark.parametrize("folder", FOLDERS, ids=name)
def test_no_answer_uses_a_private_name_of_rabbit(folder: Path) -> None:
    private = private_names()
    assert private
    for path in [*folder.glob("*.py"), *folder.glob(TABLE)]:
        assert not private & set(re.findall(r"\w+", path.read_text(encoding="utf-8"))), path


def entry(folder: Path, base: str, *edits: tuple[str, str]) -> Answer:
    """Write a base and a table with one entry; return the entry's answer."""
    (folder / "right.py").write_text(base, encoding="utf-8")
    lines = [f"base = '{(folder / 'right.py').as_posix()}'", "[wrong_order]", "says = 'The order is wrong.'"]
    for old, new in edits:
        lines += ["[[wrong_order.edits]]", f"replace = '{old}'", f"with = '{new}'"]
    (folder / TABLE).write_text("\n".join(lines), encoding="utf-8")
    (answer,) = table(folder)
    return answer


def test_an_answer_is_its_base_with_all_edits_made_at_once(tmp_path: Path) -> None:
    answer = entry(tmp_path, "work()\nack()\n", ("work()", "ack()"), ("ack()", "work()"))
    assert answer.file(tmp_path).read_text(encoding="utf-8") == "ack()\nwork()\n"
    assert (answer.name, answer.says) == ("wrong_order", "The order is wrong.")


@pytest.mark.parametrize(("base", "count"), [("work()\n", 0), ("ack()\nack()\n", 2)])
def test_a_base_that_has_changed_is_an_error_that_names_table_entry_and_text(
    tmp_path: Path, base: str, count: int
) -> None:
    answer = entry(tmp_path, base, ("ack()", "nack()"))
    with pytest.raises(
        BadEdit, match=rf"{TABLE}: wrong_order: .*right\.py must contain once, but contains {count} times: 'ack\(\)'$"
    ):
        _ = answer.text


def test_an_edit_that_changes_nothing_is_an_error(tmp_path: Path) -> None:
    answer = entry(tmp_path, "work()\nack()\n", ("work()", ""), ("ack()", "ack()"))
    with pytest.raises(BadEdit, match=rf"{TABLE}: wrong_order: the replacement changes nothing: 'ack\(\)'$"):
        _ = answer.text


def test_edits_that_overlap_are_an_error(tmp_path: Path) -> None:
    answer = entry(tmp_path, "work(ack())\n", ("work(ack", "ack(work"), ("ack()", "work()"))
    with pytest.raises(BadEdit, match=rf"{TABLE}: wrong_order: two of its edits overlap$"):
        _ = answer.text

"""Imports run one way: a file imports only from lower floors, and the three systems never import each other."""

import ast
from pathlib import Path

import pytest
from conftest import ROOT

LESSONS = ["producer", "consumer1", "consumer2", "consumer3", "workflow", "workflow2"]
FLOORS = [
    ["endings"],
    ["address", "errors", "lapinmq", "sqs_pipes"],
    ["brokers"],
    ["rabbit", "broker", "chapters", "environment", "benchmarks", "checks"],
    [*LESSONS, "check", "grade", "pictures"],
]
FLOOR = {name: floor for floor, names in enumerate(FLOORS) for name in names}
SYSTEMS = {"rabbit", "lapinmq", "sqs_pipes"}
FOLDERS = [*FLOOR, "checks/topics"]
FILES = sorted(p for name in FOLDERS for p in [ROOT / f"{name}.py", *(ROOT / name).glob("*.py")] if p.exists())
SIZES = dict.fromkeys(LESSONS, 20) | {"rabbit": 140, "workflow": 40, "workflow2": 40}


def house(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imported(path: Path) -> set[str]:
    names = set()
    for statement in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(statement, ast.Import):
            names |= {alias.name for alias in statement.names}
        elif isinstance(statement, ast.ImportFrom):
            base = statement.module or ""
            inner = (ROOT / base).is_dir()
            names |= {f"{base}.{alias.name}" for alias in statement.names} if inner else {base}
    return names


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_file_imports_only_from_lower_floors(path: Path) -> None:
    ours = {name.split(".")[0] for name in imported(path)} & set(FLOOR)
    above = {name for name in ours if name != house(path) and FLOOR[name] >= FLOOR[house(path)]}
    assert not above


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_no_system_imports_another(path: Path) -> None:
    above = FLOOR[house(path)] >= 3 and house(path) not in SYSTEMS  # the demo, the lessons
    assert above or not {name.split(".")[0] for name in imported(path)} & SYSTEMS - {house(path)}


@pytest.mark.parametrize("package", ["brokers", "chapters", "checks", "lapinmq", "pictures", "sqs_pipes"])
def test_a_package_has_no_import_circle(package: str) -> None:
    inside = {path.stem: imported(path) for path in (ROOT / package).glob("*.py")}
    needs = {name: {n.split(".")[1] for n in names if n.startswith(package + ".")} for name, names in inside.items()}
    while needs:
        free = [name for name, uses in needs.items() if not uses & set(needs)]
        assert free, f"a circle among {sorted(needs)}"
        for name in free:
            del needs[name]


def functions(path: Path) -> list[tuple[str, int]]:
    found = [n for n in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(n, ast.FunctionDef)]
    return [(f"{path.name}:{f.name}", (f.end_lineno or 0) - f.lineno + 1) for f in found]


@pytest.mark.parametrize(("name", "limit"), SIZES.items())
def test_a_lesson_can_be_read_in_one_sitting(name: str, limit: int) -> None:
    assert len((ROOT / f"{name}.py").read_text(encoding="utf-8").splitlines()) <= limit


def test_no_function_of_rabbit_is_over_12_lines() -> None:
    assert [told for told in functions(ROOT / "rabbit.py") if told[1] > 12] == []


def test_functions_elsewhere_are_short() -> None:
    lengths = sorted((length, name) for path in FILES for name, length in functions(path))
    assert lengths[-1][0] <= 40, lengths[-1]
    assert lengths[int(len(lengths) * 0.9)][0] <= 20, lengths[int(len(lengths) * 0.9)]
    assert lengths[len(lengths) // 2][0] <= 8


@pytest.mark.parametrize("name", LESSONS)
def test_a_lesson_has_no_ceremony(name: str) -> None:
    source = (ROOT / f"{name}.py").read_text(encoding="utf-8")
    words = {type(node) for node in ast.walk(ast.parse(source))}
    assert not words & {ast.Try, ast.AnnAssign}
    assert "__main__" not in source
    assert not imported(ROOT / f"{name}.py") & {"argparse", "logging"}

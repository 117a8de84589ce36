"""What holds for the package's own files: boto3 in one module, the short way to import, and no warning at import."""

import ast
import subprocess
import sys

import pytest
from conftest import ROOT

import sqs_pipes
from sqs_pipes import client, errors

FILES = sorted((ROOT / "sqs_pipes").rglob("*.py"))
AWS = {"boto3", "botocore", "s3transfer", "types_boto3", "types_boto3_sqs"}


def imports(path) -> set[str]:
    """Return the first words of all that a file imports, at any depth."""
    tree = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    found = set()
    for node in tree:
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


def test_boto3_is_imported_in_one_module_only() -> None:
    assert [path.name for path in FILES if imports(path) & AWS] == ["sqs.py"]


def test_no_module_of_the_package_needs_the_tests_emulators_or_rabbitmq() -> None:
    others = {"ministack", "moto", "pika", "lapinmq", "rabbit", "tests"}
    assert not [path.name for path in FILES if imports(path) & others]


def test_no_module_goes_round_the_import_by_name() -> None:
    for path in FILES:
        source = path.read_text(encoding="utf-8")
        assert "import_module" not in source
        assert "__import__" not in source


def test_both_ways_to_import_lead_to_the_same() -> None:
    assert sqs_pipes.TaskClient is client.TaskClient
    assert set(sqs_pipes.__all__) >= {"TaskClient", "TaskCallback", "EmptyTaskOutput"}


def test_errors_have_one_base() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    assert {errors.WrongTask, errors.WrongOutput, errors.QueueGone, errors.NotReached, errors.NotAllowed} <= set(kinds)
    assert all(issubclass(kind, errors.PipesError) for kind in kinds)
    assert issubclass(errors.WrongTask, ValueError)
    assert issubclass(errors.WrongOutput, ValueError)


@pytest.mark.parametrize("module", ["sqs_pipes", "sqs_pipes.client"])
def test_importing_it_warns_of_nothing_and_asks_nobody(module: str) -> None:
    command = [sys.executable, "-W", "error", "-c", f"import {module}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=90, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")

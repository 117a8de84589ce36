"""The suite itself: Ctrl+C in its middle leaves no process, container or folder; a missing broker is named."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import docker
import psutil
import pytest
from conftest import ROOT

from brokers import record
from brokers.broker import Broker
from brokers.container import LABEL, Container
from chapters.terminal import Terminal


def traces(broker: Broker) -> set[str]:
    """Return what a suite's broker could leave: processes in .broker/, folders there, containers."""
    found = {str(path) for path in record.FOLDER.glob("node-*")}
    for process in psutil.process_iter():
        try:
            if process.status() != psutil.STATUS_ZOMBIE and process.cwd().startswith(str(record.FOLDER)):
                found.add(f"{process.pid} {process.name()}")
        except (psutil.Error, FileNotFoundError):
            continue
    if isinstance(broker, Container):
        with closing(docker.from_env()) as client:
            found |= {container.id for container in client.containers.list(all=True, filters={"label": LABEL})}
    return found


def test_ctrl_c_in_the_middle_of_the_suite_leaves_nothing(
    broker: Broker, terminal: Callable[..., Terminal], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("RABBITMQ_HOST", "RABBITMQ_URL"):
        monkeypatch.delenv(name, raising=False)
    before = traces(broker)
    suite = terminal(ROOT)
    suite.type("python -m pytest -v -p no:cacheprovider tests/test_readme.py -k chapter8")
    while "Broker: " not in (suite.line() or ""):
        assert suite.busy
    while suite.busy and traces(broker) == before:
        pass
    suite.interrupt()
    rest = list(iter(suite.line, None))
    assert any("KeyboardInterrupt" in line for line in rest)
    assert suite.status in (2, -2), rest  # CPython dies of the signal itself where it cut an exec() short
    assert traces(broker) == before


@pytest.mark.parametrize(("ci", "word", "status"), [("", "1 skipped", 2), ("true", "1 error", 1)])
def test_without_a_broker_it_skips_with_status_2_and_fails_in_ci(ci: str, word: str, status: int) -> None:
    environment = {**os.environ, "RABBITMQ_FROM": "container", "DOCKER_HOST": "unix:///nowhere/docker.sock", "CI": ci}
    one = ["-rs", "-p", "no:cacheprovider", "tests/test_readme.py", "-k", "chapter3"]
    command = [sys.executable, "-m", "pytest", *one]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert word in done.stdout
    assert "There is no RabbitMQ here" in done.stdout
    assert done.returncode == status


@pytest.fixture
def folder(tmp_path: Path, work: Path) -> Path:
    """A student's folder: the lessons, and nothing else."""
    for name in ("rabbit", "producer", "consumer1", "consumer2", "consumer3", "workflow", "workflow2"):
        shutil.copy(work / f"{name}.py", tmp_path)
    return tmp_path


def check(folder: Path, chapter: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--work", str(folder), "-m", chapter]
    environment = {**os.environ, "RABBITMQ_FROM": "environment"}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.usefixtures("vhost")
def test_a_students_folder_passes_and_a_wrong_one_fails_its_chapter(folder: Path) -> None:
    assert check(folder, "chapter6").returncode == 0
    wrong = folder / "consumer3.py"
    right = wrong.read_text(encoding="utf-8")
    wrong.write_text(right.replace('print("Halting the consumer.")', "print(message)"), encoding="utf-8")
    failed = check(folder, "chapter6")
    assert failed.returncode == 1
    assert f"lessons: {folder}, with its own rabbit.py" in failed.stdout
    assert "FAILED tests/test_lessons.py::test_consumer3_halts_on_the_poison_pill" in failed.stdout

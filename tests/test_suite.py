"""The suite itself: Ctrl+C in its middle leaves no process, container or folder; a missing broker is named."""

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import docker
import psutil
import pytest
import supervisor
from conftest import ROOT
from waiting import until

from brokers import record
from brokers.broker import Broker
from brokers.container import LABEL, Container
from chapters.terminal import Terminal


class Run:
    """A run of pytest in a terminal, and all that it starts: seen by the mark that its processes inherit."""

    def __init__(self, terminal: Terminal, *words: str) -> None:
        self.terminal = terminal
        terminal.type("python -m pytest -v -p no:cacheprovider " + " ".join(words))
        self.pid = int(terminal.child.pid)
        self.seen = {self.pid}
        self._over = threading.Event()
        self._watch = threading.Thread(target=self._look)
        self._watch.start()

    def comes_to(self, words: str) -> None:
        """Block until a line has these words."""
        while words not in (line := self.terminal.line(60) or ""):
            assert self.terminal.busy, f"it ended before {words!r}"
        assert line

    def workers(self) -> list[psutil.Process]:
        """Return pytest's worker processes."""
        return [p for p in psutil.Process(self.pid).children() if "readline" in " ".join(p.cmdline())]

    def rest(self) -> list[str]:
        """Return all further lines. Blocks until it ends."""
        return list(iter(lambda: self.terminal.line(90), None))

    def left(self) -> list[str]:
        """Return what is left of it: processes, folders of brokers, containers."""
        found = [f"{process.pid} {process.name()}" for process in self._processes()]
        for path in record.FOLDER.glob("node-*/record.json"):
            found += [str(path.parent)] if record.read(path).get("owner", {}).get("pid") in self.seen else []
        return found + self._containers()

    def close(self) -> None:
        """Look no more."""
        self._over.set()
        self._watch.join()

    def _processes(self) -> list[psutil.Process]:
        """Return its processes, the brokers' too."""
        mine = supervisor.processes(f"TUTORIAL_RUN_{self.pid}")
        for process in list(mine):
            with suppress(psutil.Error):
                mine += process.children(recursive=True)
        return mine

    def _containers(self) -> list[str]:
        with suppress(docker.errors.DockerException), closing(docker.from_env()) as client:
            listed = client.containers.list(all=True, ignore_removed=True, filters={"label": LABEL})
            return [c.id for c in listed if json.loads(c.labels[LABEL])["pid"] in self.seen]
        return []

    def _look(self) -> None:
        while not self._over.wait(0.1):
            self.seen |= {process.pid for process in self._processes()}


@pytest.fixture
def begin(
    broker: Broker, terminal: Callable[..., Terminal], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Callable[..., Run]]:
    """Begin runs with brokers of their own, in the way in which the suite's was found, and with files in tmp_path."""
    for name in ("RABBITMQ_HOST", "RABBITMQ_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("RABBITMQ_FROM", "container" if isinstance(broker, Container) else "node")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    runs: list[Run] = []

    def one(*words: str) -> Run:
        runs.append(Run(terminal(ROOT), *words))
        return runs[-1]

    yield one
    for run in runs:
        run.close()


def test_ctrl_c_in_the_middle_of_one_process_leaves_nothing(begin: Callable[..., Run]) -> None:
    run = begin("tests/test_readme.py -k chapter8")
    run.comes_to("Broker: ")
    until(lambda: any("workflow2" in " ".join(p.cmdline()) for p in psutil.Process(run.pid).children()), seconds=60)
    run.terminal.interrupt()
    rest = run.rest()
    assert any("KeyboardInterrupt" in line for line in rest)
    assert run.terminal.status in (2, -2), rest  # CPython dies of the signal itself where it cut an exec() short
    assert run.left() == []


PARALLEL = "-n 3 tests/test_lessons.py tests/test_rabbit.py tests/test_sqs_pipe.py"


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["plugins: ", "Broker: ", "PASSED"])
def test_ctrl_c_in_parallel_leaves_nothing(begin: Callable[..., Run], moment: str, tmp_path: Path) -> None:
    run = begin(PARALLEL)
    run.comes_to(moment)
    run.terminal.interrupt()
    rest = run.rest()
    assert run.terminal.status in (2, -2), rest
    assert not any("left running by a test" in line for line in rest)
    assert run.left() == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_worker_that_is_killed_fails_its_test_and_leaves_nothing(begin: Callable[..., Run], tmp_path: Path) -> None:
    run = begin("-n 2 tests/test_readme.py")
    run.comes_to("PASSED")
    run.workers()[0].kill()
    rest = run.rest()
    assert any("worker 'gw" in line and "crashed" in line for line in rest)
    assert run.terminal.status == 1
    assert run.left() == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_run_that_is_killed_leaves_nothing(begin: Callable[..., Run], tmp_path: Path) -> None:
    run = begin(PARALLEL)
    run.comes_to("PASSED")
    psutil.Process(run.pid).kill()
    run.rest()
    until(run.left, [], 30)
    until(lambda: list(tmp_path.iterdir()), [], 30)


@pytest.mark.slow
def test_a_process_that_a_test_leaves_running_is_killed_and_named(begin: Callable[..., Run]) -> None:
    run = begin("-n 2 tests/nested/test_leaky.py")
    assert any("left running by a test, and killed: " in line and "time.sleep(600)" in line for line in run.rest())
    assert run.terminal.status == 1
    assert run.left() == []


def test_tests_of_one_group_run_in_one_process() -> None:
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "no:cacheprovider",
        "-n",
        "3",
        "-v",
        "tests/nested/test_grouped.py",
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    passed = [line for line in done.stdout.splitlines() if "PASSED" in line]
    assert len(passed) == 6, done.stdout
    assert len({line.split("]")[0] for line in passed}) == 1, done.stdout


@pytest.mark.slow
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


@pytest.mark.slow
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

"""The supervisor starts a service once, says why it cannot, and ends with the process that started it."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
import supervisor
import tiers
from conftest import ROOT
from supervisor import Supervisor
from waiting import until

from sqs_pipes.emulator import Emulator


@pytest.fixture
def started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Supervisor]:
    """A supervisor beside the suite's own."""
    for name in ("RABBITMQ_HOST", "RABBITMQ_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(supervisor.ADDRESS, "")  # put back afterwards
    (tmp_path / "run").mkdir()
    found = Supervisor(tmp_path / "run")
    yield found
    found.close()


def test_a_service_is_started_once_for_all_who_ask(started: Supervisor, tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        entries = list(pool.map(supervisor.ask, ["sqs-0"] * 4))
    assert len({entry["pid"] for entry in entries}) == 1
    emulator = psutil.Process(entries[0]["pid"])
    assert Emulator(entries[0]).endpoint.startswith("http://127.0.0.1:")
    assert started.close() == []
    assert not emulator.is_running()
    assert not (tmp_path / "run").exists()


def test_a_service_that_cannot_be_started_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RABBITMQ_FROM", "container")
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    monkeypatch.setenv(supervisor.ADDRESS, "")
    (tmp_path / "run").mkdir()
    started = Supervisor(tmp_path / "run")
    try:
        for _ in range(2):
            with pytest.raises(supervisor.NotStarted, match="There is no RabbitMQ here"):
                supervisor.ask("broker")
    finally:
        started.close()


STARTER = """
import os, subprocess, sys
from pathlib import Path
import supervisor
Path(sys.argv[1]).mkdir()
started = supervisor.Supervisor(Path(sys.argv[1]))
left = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(supervisor.ask("sqs-0")["pid"], left.pid, started.process.pid, flush=True)
os.kill(os.getpid(), 9)
"""


def test_when_its_starter_is_killed_it_ends_the_services_and_all_processes_of_the_run(tmp_path: Path) -> None:
    run = tmp_path / "run"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])}
    command = [sys.executable, "-c", STARTER, str(run)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=90, check=False)
    processes = [int(pid) for pid in done.stdout.split()]
    assert len(processes) == 3, done.stderr
    until(lambda: [pid for pid in processes if alive(pid)], [])
    until(run.exists, False)


def alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def asked(markexpr: str = tiers.EVERYDAY, keyword: str = "", named: bool = False) -> Any:
    """Return what pytest knows of a command line."""
    source = pytest.Config.ArgsSource.ARGS if named else pytest.Config.ArgsSource.TESTPATHS
    return SimpleNamespace(option=SimpleNamespace(markexpr=markexpr, keyword=keyword), args_source=source)


def test_a_tier_runs_in_several_processes_and_a_few_tests_in_one() -> None:
    assert tiers.workers(asked()) == tiers.workers(asked(tiers.EVERYTHING)) == tiers.WORKERS
    assert tiers.workers(asked(keyword="halt")) == tiers.workers(asked(named=True)) == 0


def test_a_whole_tier_is_reported_beside_its_budget_and_a_part_is_not() -> None:
    begun = time.monotonic() - 42
    assert tiers.report(asked(), begun) == "everyday: 42 s; the budget is 180 s on two quiet cores\n"
    assert tiers.report(asked(tiers.EVERYTHING), begun).startswith("everything: 42 s; the budget is 900 s")
    assert tiers.report(asked("sqs"), begun) == tiers.report(asked(keyword="x"), begun) == ""
    assert tiers.report(asked(named=True), begun) == ""

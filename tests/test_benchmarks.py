"""The benchmarks work: with ours and a few messages, each job tells what its table and goals need. Not how fast."""

import os
import subprocess
import sys
from dataclasses import replace

import pytest
from conftest import ROOT

from benchmarks import jobs, table
from benchmarks.job import Goal, Job, Results, peak
from benchmarks.trial import Failed, Result, Trial, measure
from brokers import queues
from brokers.broker import Broker

JOBS = {job.name: job for job in jobs.every()}
FEW = 0.0005
"""The share of a full run's messages."""


@pytest.fixture
def alone(broker: Broker, vhost: str, monkeypatch: pytest.MonkeyPatch) -> Broker:
    """The suite's broker, in this test's own vhost."""
    monkeypatch.setattr(broker, "vhost", vhost)
    return broker


def few(trial: Trial) -> Trial:
    return replace(trial, count=1) if trial.work.startswith("idle") else trial.of(FEW)


@pytest.mark.slow
@pytest.mark.parametrize("name", JOBS)
def test_ours_does_each_job_and_leaves_no_queue(alone: Broker, name: str) -> None:
    job, found = JOBS[name], {}
    ours = {row: trial for row, trial in job.rows.items() if trial.client == "ours"}
    for row, trial in ours.items():
        result = measure(few(trial), alone)
        assert result.rate > 0
        assert 0 < result.cpu_us < 1e6
        assert 5 < result.peak_mb < 500
        found[row] = [result]
    text = "\n".join(table.lines(job, found))
    assert ours
    assert all(f"| {row} |" in text for row in job.rows)
    assert text.count("not measured |") == len(job.rows) - len(ours)
    assert queues.look(alone) == []


def test_memory_tells_that_nothing_is_left(alone: Broker) -> None:
    result = measure(Trial("ours", "memory", 500), alone)
    assert result.told["left"] == 0
    assert 0 < result.told["early_mb"] <= result.told["late_mb"] <= result.peak_mb


def test_the_proxy_adds_its_round_trip(alone: Broker) -> None:
    assert measure(Trial("ours", "sync", 2, through_ms=50), alone).rate <= 20


def test_a_client_that_fails_is_named_with_its_reason(alone: Broker) -> None:
    with pytest.raises(Failed, match=r"status 1.*no_such_work"):
        measure(Trial("ours", "no_such_work", 1), alone)
    assert queues.look(alone) == []


def test_the_original_is_never_ours() -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "clients.original"]
    done = subprocess.run(
        command, cwd=ROOT / "benchmarks", env=environment, capture_output=True, text=True, check=False
    )
    assert "is not the one that was installed from PyPI" in done.stderr


def results(**rates: float) -> Results:
    return {row: [Result(rate, 1, 1, "", {})] for row, rate in rates.items()}


@pytest.mark.parametrize(
    ("goal", "verdict"),
    [
        (Goal("a", 2, "b"), "a: at least 2 times b: 2.00, **reached**"),
        (Goal("a", 2.1, "b"), "a: at least 2.1 times b: 2.00, **not reached**"),
        (Goal("a", 1, "b", times=1.2), "a: at least 1 times b times 1.2: 1.67, **reached**"),
        (Goal("a", 1, most=True, by=peak, unit="MB"), "a: at most 1 MB: 1.00, **reached**"),
        (Goal("a", 2, "c"), "a: at least 2 times c: not measured"),
    ],
)
def test_a_goal_says_whether_it_is_reached(goal: Goal, verdict: str) -> None:
    assert goal.verdict(results(a=20, b=10)) == verdict


def test_rounds_are_interleaved_in_orders_of_their_own() -> None:
    rows = {name: Trial(name, "publish", 1) for name in "abcd"}
    order = [row for row, _ in Job("name", "title", rows).turns(5)]
    rounds = ["".join(order[start : start + 4]) for start in range(0, 20, 4)]
    assert {"".join(sorted(each)) for each in rounds} == {"abcd"}
    assert len(set(rounds)) > 1

"""The benchmarks of sqs_pipes work: with a few messages each job tells what its table and goals need. Not how fast."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import peers, table
from benchmarks.run import QUICK
from benchmarks.sqs import __main__, jobs
from benchmarks.sqs.endpoint import Endpoint
from benchmarks.sqs.player import Player
from benchmarks.sqs.trial import Trial, measure
from benchmarks.trial import Failed

JOBS = {job.name: job for job in jobs.every()}
OURS = [(job.name, row) for job in JOBS.values() for row, trial in job.rows.items() if trial.client == "sqs_ours"]
THEIRS = peers.BENCH / "lib"
BATCHED = 0.7
"""Requests a word: 0.6 where all batches are full."""


@pytest.mark.slow
@pytest.mark.parametrize(("job", "row"), OURS)
def test_ours_does_each_row_of_each_job(job: str, row: str) -> None:
    result = measure(JOBS[job].rows[row].of(QUICK))
    assert result.rate >= 0
    assert 5 < result.peak_mb < 500
    text = "\n".join(table.lines(JOBS[job], {row: [result]}))
    assert text.count("not measured |") == len(JOBS[job].rows) - 1


@pytest.mark.slow
@pytest.mark.parametrize("client", ["sqs_ours", "sqs_bare"])
def test_all_words_come_out_and_their_requests_are_counted(client: str) -> None:
    told = measure(Trial(client, "words", 100)).told
    assert told["yielded"] == 100
    assert 0.6 <= told["requests"] < BATCHED


@pytest.mark.skipif(not list(THEIRS.glob("*/site-packages/sqspipes")), reason="`make bench` has not made .bench/ yet")
def test_the_original_works_on_this_python() -> None:
    result = measure(Trial("sqs_original", "words", 20))
    assert result.version == "sqspipes 0.3.3"
    assert 0 < result.told["yielded"] <= 20
    assert result.told["requests"] > 3


@pytest.mark.slow
def test_the_results_are_written_as_tables_and_as_they_were(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    output = tmp_path / "found.md"
    words = ["benchmarks.sqs", "words", "--quick", "--without", "sqs_original", "--output", str(output)]
    monkeypatch.setattr(sys, "argv", words)
    monkeypatch.setattr(__main__, "end_as_by_ctrl_c", lambda: None)
    monkeypatch.setattr(peers, "prepare", lambda: None)
    __main__.main()
    found = json.loads(output.with_suffix(".json").read_text(encoding="utf-8"))["words"]
    assert {row: len(results) for row, results in found.items()} == {
        jobs.OURS: 1, jobs.BARE: 1, jobs.ORIGINAL: 0,
    }  # fmt: skip
    assert found[jobs.OURS][0]["told"]["yielded"] == 40
    text = output.read_text(encoding="utf-8")
    assert f"- {jobs.OURS}: at least 0.85 times {jobs.BARE}: " in text
    assert "- SQS: ministack " in text


@pytest.mark.slow
def test_a_million_messages_wait_and_are_received_one_by_one() -> None:
    trial = Trial("sqs_ours", "memory", 20, stages=2)
    with Endpoint() as endpoint:
        with Player("sqs_ours", trial.part("submit"), endpoint):
            assert endpoint.held() == 1
        endpoint.fill("words-generate.fifo", 1_000_000)
        with Player("sqs_ours", replace(trial.part(), count=20), endpoint) as stage:
            stage.go()
            while stage.look()["yielded"] < 20:
                pass
            assert endpoint.held() > 999_000
            assert endpoint.requests("ReceiveMessage", "words-generate.fifo") >= 2


@pytest.mark.slow
def test_a_client_that_fails_is_named_with_its_reason() -> None:
    part = replace(Trial("sqs_ours", "words").part(), task="no_such_task")
    with Endpoint() as endpoint, pytest.raises(Failed, match=r"no_such_task ended with status 1: .*no_such_task"):
        Player("sqs_ours", part, endpoint).__enter__()


def test_an_unknown_job_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["benchmarks.sqs", "swords"])
    with pytest.raises(SystemExit, match="there is no job swords; there are words, tasks, idle, memory"):
        __main__.main()

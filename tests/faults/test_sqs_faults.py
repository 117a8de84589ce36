"""Nothing is lost and nothing is done twice, whatever happens to a pipe's processes or to the way to SQS."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqs_faults as faults
from sqs_stage import OURS, Result, Stage

from sqs_pipes.emulator import Emulator

pytestmark = pytest.mark.ministack("other processes use it")

HELD_UP = 5.0
"""Seconds, the longest for which the rest of a pipe may stand still."""

NAMED = 10.0
"""Seconds within which what is wrong with the way to SQS is named."""


@pytest.fixture
def stage(sqs: str, ministack: Emulator, tmp_path: Path) -> Iterator[Stage]:
    """A stage on the suite's SQS."""
    found = Stage(ministack, OURS, tmp_path)
    yield found
    found.close()


def check(result: Result, capsys: pytest.CaptureFixture[str], attempted: int = 500, kept: int = 0) -> Result:
    """Show the result, and hold it against the promises."""
    with capsys.disabled():
        print(f"\n{result.line()}", end="")
    assert result.attempted == attempted, result
    assert result.kept == kept, result
    assert not result.left, result
    assert not result.lost, result
    assert not result.duplicated, result
    assert result.arrived == attempted - kept, result
    assert result.held_up <= HELD_UP * result.slower, result
    return result


def test_a_stage_killed_in_the_middle_loses_nothing(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    assert not check(faults.killed_stage(stage), capsys).ended


def test_a_crash_between_send_and_delete_sends_nothing_twice(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    result = check(faults.killed_between_send_and_delete(stage), capsys)
    assert not result.ended
    assert result.redone, "the crash came too early or too late"


def test_a_way_to_sqs_that_fails_for_a_while_loses_nothing(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    assert not check(faults.all_at_once(stage), capsys).ended


def test_tasks_longer_than_the_visibility_timeout_are_done_once(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    result = check(faults.long_tasks(stage), capsys, 60)
    assert not result.redone
    assert not result.ended


@pytest.mark.parametrize("fault", ["always_raises", "too_large"])
def test_what_no_task_can_do_is_kept_and_holds_up_nothing(
    stage: Stage, capsys: pytest.CaptureFixture[str], fault: str
) -> None:
    result = check(getattr(faults, fault)(stage), capsys, 200, kept=5)
    assert result.redone == 5 * 4
    assert not result.ended


def test_a_queue_deleted_while_running_is_named_and_the_next_run_loses_nothing(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    check(faults.deleted_queue(stage), capsys, 300)
    told = [" ".join(event.words) for each in stage.drivers for event in each.events("raised")]
    assert told
    assert all(line.startswith("QueueGone") and stage.queue("work") in line for line in told)


def test_what_a_producer_sends_twice_arrives_once(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    assert not check(faults.sent_twice(stage), capsys, 100).ended


def test_ctrl_c_20_times_in_a_run_of_1000_loses_nothing(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    result = check(faults.ctrl_c(stage), capsys, 1000)
    assert "3 s" not in result.ended


@pytest.mark.parametrize(("fault", "word"), [("unknown_key", "NotAllowed"), ("closed_port", "NotReached")])
def test_a_wrong_way_to_sqs_is_named_within_10_s(stage: Stage, fault: str, word: str) -> None:
    result = getattr(faults, fault)(stage)
    assert result.ended.startswith(word)
    assert result.named is not None
    assert result.named < NAMED * result.slower

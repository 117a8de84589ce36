"""Nothing confirmed is lost, whatever a program does to its publishers and consumers."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from lapinmq_client import OURS
from lapinmq_stage import Stage
from lapinmq_uses import Used, sigterm_during_work, undecodable, use

from brokers.broker import Broker

MANY = 2000
KINDS = pytest.mark.parametrize("kind", ["sync", "async"])

Play = Callable[..., Used]


@pytest.fixture
def stage(broker: Broker, vhost: str, tmp_path: Path) -> Iterator[Stage]:
    """A stage in the test's vhost of the suite's broker, which no use harms."""
    found = Stage(broker, OURS, tmp_path, vhost)
    yield found
    found.close()


@pytest.fixture
def show(capsys: pytest.CaptureFixture[str]) -> Callable[[Used], Used]:
    """Show a use's figures, and hold them against what every use promises."""

    def shown(used: Used) -> Used:
        with capsys.disabled():
            print(f"\n{used.result.line()}", end="")
        assert not used.result.ended, used.driver.log.read_text()
        assert not used.result.lost
        assert not used.result.unsettled
        return used

    return shown


@pytest.fixture
def play(stage: Stage, show: Callable[[Used], Used]) -> Play:
    """Play a use that ends by itself."""
    return lambda *words: show(use(stage, *words))


@KINDS
def test_all_of_2000_sends_before_a_stop_arrive(play: Play, kind: str) -> None:
    used = play("stop_after_sends", kind)
    assert used.result.confirmed == MANY
    assert sorted(map(int, used.left)) == list(range(MANY))


@KINDS
def test_stop_may_be_called_twice_and_by_two_threads_at_once(play: Play, kind: str) -> None:
    assert play("stop_twice", kind).result.stored == 10


@KINDS
def test_a_publisher_stopped_before_its_start_can_be_started(play: Play, kind: str) -> None:
    assert play("stop_before_start", kind).result.stored == 10


def test_a_task_may_stop_its_consumer_and_its_message_is_acknowledged(play: Play) -> None:
    used = play("stop_in_task")
    assert used.arrived() == ["0"]
    assert sorted(map(int, used.left)) == list(range(1, 10))


def test_an_ack_callback_may_stop_its_publisher(play: Play) -> None:
    assert play("stop_in_callback").left == ["first"]


def test_a_task_may_take_longer_than_three_heartbeats(stage: Stage, play: Play) -> None:
    stage.heartbeat = 1
    used = play("long_task")
    assert [event.words for event in used.driver.events("arrived")] == [["0", "False"], ["1", "False"]]
    assert used.left == []
    assert "connected after" not in used.driver.log.read_text()


@KINDS
def test_a_body_that_is_none_is_a_type_error_that_names_the_type(play: Play, kind: str) -> None:
    used = play("invalid_bodies", kind)
    assert [error.partition(" ")[0] for error in used.errors()] == ["TypeError"] * 3
    assert all(name in error for name, error in zip(("NoneType", "int", "dict"), used.errors(), strict=True))
    assert used.result.stored == 10


@KINDS
def test_eight_threads_may_share_a_publisher(play: Play, kind: str) -> None:
    assert play("eight_threads", kind).result.stored == MANY


@KINDS
def test_a_fork_is_named_in_the_child_and_leaves_the_parent_unharmed(play: Play, kind: str) -> None:
    used = play("fork", kind)
    assert [error.partition(" ")[0] for error in used.errors()] == ["Forked"]
    assert used.driver.events("child")[0].words == ["0"]
    assert sorted(map(int, used.left)) == list(range(100))


def test_a_sigterm_before_the_wait_is_not_forgotten(play: Play) -> None:
    assert play("sigterm_before_wait").driver.events("waited")[0].words == ["True"]


def test_a_sigterm_during_work_ends_it_with_each_message_done_or_still_there(
    stage: Stage, show: Callable[[Used], Used]
) -> None:
    used = show(sigterm_during_work(stage))
    assert used.driver.events("waited")[0].words == ["True"]
    assert sorted(map(int, used.arrived())) == [0, 1, 2, 3]
    assert sorted(map(int, used.left)) == list(range(4, 20))


def test_a_message_that_no_task_can_read_is_retried_with_pauses_and_ends_with_its_reason(
    stage: Stage, show: Callable[[Used], Used]
) -> None:
    used = show(undecodable(stage))
    assert used.arrived() == [r"\xff\xfe"] * 6  # once, and five retries
    times = [event.at for event in used.driver.events("arrived")]
    assert times[-1] - times[0] > 0.05 * (1 + 2 + 4 + 8 + 16) / 2  # doubled each time, less the jitter
    with stage.channel() as channel:
        _, properties, body = channel.basic_get("undecodable.dead", auto_ack=True)
    assert body == b"\xff\xfe"
    assert "UnicodeDecodeError" in properties.headers["x-lapinmq-reason"]
    assert used.left == []


def test_200_starts_and_stops_leave_no_file_and_no_thread_open(play: Play) -> None:
    after = [tuple(map(int, event.words)) for event in play("cycles").driver.events("open")]
    assert len(after) == 20
    assert len(set(after)) == 1, after

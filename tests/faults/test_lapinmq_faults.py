"""Nothing confirmed is lost, whatever happens to the broker or to the way to it while clients work."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import lapinmq_faults as faults
import pytest
from cluster import Cluster
from conftest import unavailable
from lapinmq_client import OURS
from lapinmq_load import Result
from lapinmq_stage import Stage
from lapinmq_uses import stale_acks

from brokers import ports
from brokers.broker import Broker
from brokers.container import Container
from brokers.management import Management
from brokers.node import Node
from brokers.unavailable import Unavailable

BOOT = 5.0
"""Seconds within which a broker that answers again is at work with all its clients."""

LINK = 3.0
"""Seconds within which a client whose connection ended is at work again."""

BACK = 10.0
"""Seconds within which what a killed node's consumers had comes back, though RabbitMQ 4.3 holds it for a while."""

NOTICE = 2 * (2 + 5)
"""Seconds after which a link that stands still is noticed at a heartbeat of 2 s."""

BOTH = ("publisher", "consumer")


@pytest.fixture(scope="module")
def private(broker: Broker) -> Iterator[Broker]:
    """A broker for the faults that leave it running."""
    kind = Container if isinstance(broker, Container) else Node
    try:
        found = kind.begin(*ports.free(2))
    except Unavailable as reason:
        unavailable(reason)
    try:
        found.wait()
        yield found
    finally:
        found.end()


@pytest.fixture
def stage(private: Broker, tmp_path: Path) -> Iterator[Stage]:
    """A stage in a vhost of its own."""
    vhost = f"test-{uuid4().hex[:12]}"
    Management(private).create_vhost(vhost)
    found = Stage(private, OURS, tmp_path, vhost)
    yield found
    found.close()
    Management(private).delete_vhost(vhost)


@pytest.fixture
def own_stage(own: Broker, tmp_path: Path) -> Iterator[Stage]:
    """A stage with a broker of its own."""
    found = Stage(own, OURS, tmp_path)
    yield found
    found.close()


@pytest.fixture
def cluster(broker: Broker) -> Iterator[Cluster]:
    """Three nodes: in a container where the suite's broker is one, else of this machine."""
    try:
        found = Cluster(boxed=isinstance(broker, Container))
    except Unavailable as reason:
        unavailable(reason)
    yield found
    found.end()


@pytest.fixture
def cluster_stage(cluster: Cluster, tmp_path: Path) -> Iterator[Stage]:
    """A stage on a cluster of its own."""
    found = Stage(cluster.members[0], OURS, tmp_path)
    yield found
    found.close()


def check(results: list[Result], seconds: float, capsys: pytest.CaptureFixture[str], *who: str) -> None:
    """Show the results, and hold them against the promises; `who` has to have noticed that the fault struck."""
    with capsys.disabled():
        for result in results:
            print(f"\n{result.line()}", end="")
    for result in results:
        assert not result.lost, result
        assert not result.untold, result
        assert result.noticed >= set(who), result
        assert not result.unsettled, result
        assert not result.ended, result
        assert result.attempted >= 2000, result
        assert result.recovered is not None, result
        assert result.recovered <= seconds * result.slower, result


def test_a_broker_killed_and_restarted_loses_nothing(own_stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    check(faults.killed_broker(own_stage), BOOT, capsys, *BOTH)


def test_a_quorum_queue_whose_leader_is_killed_loses_nothing(
    cluster_stage: Stage, cluster: Cluster, capsys: pytest.CaptureFixture[str]
) -> None:
    results = faults.killed_leader(cluster_stage, cluster)
    check(results, BOOT, capsys, *BOTH)
    for result in results:
        assert result.back is not None, result
        assert result.back <= BACK * result.slower, result


def test_a_broker_stopped_and_started_loses_nothing(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    check(faults.stopped_broker(stage), BOOT, capsys, *BOTH)


def test_connections_that_the_broker_closes_are_made_again(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    check(faults.closed_connections(stage), LINK, capsys, *BOTH)


def test_a_link_cut_in_mid_frame_is_made_again(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    check(faults.cut_link(stage), LINK, capsys, *BOTH)


def test_a_link_that_stands_still_is_noticed_and_made_again(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    check(faults.stalled_link(stage), NOTICE + LINK, capsys, *BOTH)


def test_a_broker_that_is_not_there_yet_is_waited_for(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    check(faults.refused_then_up(stage), BOOT, capsys, *BOTH)


def test_a_broker_that_froze_is_used_again_when_it_goes_on(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    check(faults.frozen_broker(stage), BOOT, capsys, *BOTH)


def test_a_memory_alarm_is_waited_out(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    check(faults.memory_alarm(stage), BOOT, capsys, "publisher")


def test_a_queue_deleted_under_its_consumer_is_declared_again(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    check(faults.deleted_queue(stage), LINK, capsys, "consumer")


def test_a_message_kept_too_long_comes_again(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    check(faults.acknowledgement_timeout(stage), LINK, capsys, "consumer")


def test_what_a_full_queue_rejects_is_told_and_the_rest_arrives(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    check(faults.full_queue(stage), LINK, capsys)


def test_what_a_killed_consumer_had_goes_to_the_next(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    check(faults.killed_consumer(stage), LINK, capsys)


def test_an_ack_after_a_reconnect_and_a_second_one_are_harmless(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    used = stale_acks(stage)
    with capsys.disabled():
        print(f"\n{used.result.line()}", end="")
    assert not used.result.ended, used.driver.log.read_text()
    told = [" ".join(event.words) for event in used.driver.events("arrived")]
    assert told == ["0 False", "0 True", "2 False"]
    assert used.driver.count("went-on") == 1
    assert used.left == []

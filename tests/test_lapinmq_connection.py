"""One connection for all publishers and consumers of a process, which is there while one of them is started."""

import gc
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest
from waiting import until

from brokers.broker import Broker
from brokers.management import Management
from lapinmq.connection import Connection
from lapinmq.consumer import Consumer
from lapinmq.message import Message, MessageStatus
from lapinmq.publisher import Publisher

Count = Callable[[], int]


def threads() -> list[str]:
    return [each.name for each in threading.enumerate() if each.name.startswith("lapinmq")]


@pytest.fixture(autouse=True)
def ended(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """See that a test leaves no thread and had no error in the I/O thread."""
    before = set(threading.enumerate())
    yield
    until(lambda: [each.name for each in set(threading.enumerate()) - before if each.name.startswith("lapinmq")], [])
    assert "the I/O thread met an error" not in caplog.text


def done(message: Message) -> MessageStatus:
    return MessageStatus.SUCCESS


@pytest.fixture
def dialled(broker: Broker, vhost: str) -> Count:
    """Return how many TCP connections to the broker this process has now."""

    def count() -> int:
        mine = psutil.Process().net_connections("tcp")
        return sum(1 for each in mine if each.raddr and each.raddr.port == broker.port and each.status == "ESTABLISHED")

    assert count() == 0
    return count


def of_the_vhost(broker: Broker, vhost: str) -> list[tuple[int, str]]:
    """Return the broker's own list: the channels of each connection of the vhost, and its name."""
    mine = [each for each in Management(broker).connections() if each.get("vhost") == vhost]
    return sorted((each.get("channels", 0), each["client_properties"].get("connection_name", "")) for each in mine)


def test_twenty_publishers_and_consumers_are_one_tcp_connection_and_those_of_other_connections_more(
    broker: Broker, vhost: str, dialled: Count
) -> None:
    with ExitStack() as all_of_them:
        for number in range(5):
            all_of_them.enter_context(Publisher("sync"))
            all_of_them.enter_context(Publisher("async"))
            all_of_them.enter_context(Consumer(f"q{number}", done, retry_limit=0))
            all_of_them.enter_context(Consumer("", done))
        assert dialled() == 1
        assert len([name for name in threads() if "I/O" in name]) == 1
        own, other = Connection(), Connection()
        all_of_them.enter_context(Publisher("async", connection=own))
        all_of_them.enter_context(Consumer("", done, connection=own))
        all_of_them.enter_context(Publisher("sync", connection=other))
        assert dialled() == 3
        name = f"{Path(sys.argv[0]).name} {os.getpid()}"
        until(lambda: of_the_vhost(broker, vhost), [(1, name), (2, name), (20, name)], seconds=20)
    assert dialled() == 0
    assert threads() == []


def test_the_connection_ends_with_its_last_user_and_is_made_anew_for_the_next(vhost: str, dialled: Count) -> None:
    first, second = Publisher("async"), Consumer("", done)
    for _ in range(3):
        first.start()
        second.start()
        assert dialled() == 1
        first.stop()
        assert dialled() == 1
        second.stop()
        assert dialled() == 0


def test_what_shares_the_connection_goes_on_when_another_stops(vhost: str, plain) -> None:
    plain.queue_declare("q", durable=True)
    got: list[bytes] = []

    def task(message: Message) -> MessageStatus:
        got.append(message.body)
        return MessageStatus.SUCCESS

    with Consumer("q", task), Publisher("sync") as publisher:
        for number in range(10):
            with Publisher("async") as other:
                other.send_message_to_queue("q", f"other {number}")
            publisher.send_message_to_queue("q", f"one {number}")
        until(lambda: len(got), 20)


def test_a_channel_that_the_broker_closes_disturbs_no_other_on_the_connection(dialled: Count, plain) -> None:
    plain.queue_declare("q", durable=True)
    with Publisher("async") as wrong, Publisher("async") as right:
        futures = []
        for _ in range(20):
            wrong.send_message("no-such", "q", "x")
            futures.append(right.send_message_to_queue("q", "x"))
        right.flush()
        assert [each.exception(0) for each in futures] == [None] * 20
        assert dialled() == 1 + 1, "plain pika's, and the shared one"
    assert plain.queue_declare("q", passive=True).method.message_count == 20


def test_after_stop_neither_thread_nor_file_descriptor_is_left(vhost: str) -> None:
    def once() -> None:
        with Publisher("sync") as publisher, Publisher("async"), Consumer("q", done, 3):
            publisher.send_message_to_queue("q", "x")

    once()
    gc.collect()  # what earlier tests left is not to be closed while this one counts
    before = psutil.Process().num_fds(), threading.active_count()
    for _ in range(5):
        once()
        assert (psutil.Process().num_fds(), threading.active_count()) == before


@pytest.mark.parametrize("make", [lambda: Publisher("async"), lambda: Consumer("", done)], ids=["send", "consume"])
def test_a_start_on_an_open_connection_is_never_missed(make: Callable[[], Publisher | Consumer], vhost: str) -> None:
    """The I/O thread may take the new member up before the next line of the starting one has run."""
    before = sys.getswitchinterval()
    with Publisher("sync"):
        sys.setswitchinterval(1e-6)
        try:
            for _ in range(40):
                each = make()
                each.start(5)
                each.stop()
        finally:
            sys.setswitchinterval(before)


def test_threads_are_named(vhost: str, broker: Broker) -> None:
    with Consumer("orders", done, 2):
        assert sorted(threads()) == [
            f"lapinmq I/O {broker.host}:{broker.port} (vhost {vhost})",
            "lapinmq orders worker 1",
            "lapinmq orders worker 2",
        ]

"""Retries back off, end, and lose nothing on the way between the three queues; what waits outlives its consumer."""

import itertools
import struct
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pika
import pytest
from conftest import Held
from waiting import until

from brokers.broker import Broker
from brokers.management import Management
from lapinmq.consumer import Consumer
from lapinmq.message import Message, MessageStatus
from lapinmq.retries import COUNT, DUE, REASON

Look = Callable[[str], Held]
NOTHING = (0, 0, 1)
LATER, NEVER, DONE = MessageStatus.FAIL_RETRY_LATER, MessageStatus.FAIL_DO_NOT_RETRY, MessageStatus.SUCCESS


@pytest.fixture(autouse=True)
def ended(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """See that a test leaves no thread and had no error in the I/O thread."""
    before = set(threading.enumerate())
    yield
    until(lambda: [each.name for each in set(threading.enumerate()) - before if each.name.startswith("lapinmq")], [])
    assert "the I/O thread met an error" not in caplog.text


@pytest.fixture
def queues(plain) -> None:
    """The three queues of the consumers here."""
    for name in ("q", "q.retry", "q.dead"):
        plain.queue_declare(name, durable=True)


class Failing:
    """A task that fails so many times, and keeps when it was called."""

    def __init__(self, times: int = 1000, status: MessageStatus = LATER) -> None:
        self.times, self.status = times, status
        self.calls: list[tuple[bytes, int, float]] = []

    def __call__(self, message: Message) -> MessageStatus:
        self.calls.append((message.body, message.retries, time.monotonic()))
        return self.status if message.retries < self.times else DONE


def put(plain, queue: str, body: str, **named: Any) -> None:
    plain.basic_publish("", queue, body, pika.BasicProperties(**{"message_id": f"id {body}", **named}))


def taken(plain, queue: str) -> list[tuple[bytes, pika.BasicProperties]]:
    got = iter(lambda: plain.basic_get(queue, auto_ack=True), (None, None, None))
    return [(body, properties) for _, properties, body in got]


def test_each_retry_comes_later_than_the_one_before(queues: None, plain, held: Look) -> None:
    put(plain, "q", "x")
    task = Failing(times=4)
    with Consumer("q", task, retry_delay=0.08):
        until(lambda: len(task.calls), 5)
        until(lambda: (held("q"), held("q.retry")), (NOTHING, NOTHING))
    assert [retries for _, retries, _ in task.calls] == [0, 1, 2, 3, 4]
    times = [when for _, _, when in task.calls]
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    for number, gap in enumerate(gaps):  # what they may be at most, the next test reads in the message
        assert gap >= 0.08 * 2**number / 2 - 0.002, gaps


@pytest.mark.parametrize(("failed", "longest", "wanted"), [(0, 600, 40), (1, 600, 80), (3, 600, 320), (9, 600, 600)])
def test_the_pause_doubles_with_each_failure_up_to_the_longest(
    failed: int, longest: int, wanted: int, queues: None, plain, held: Look
) -> None:
    put(plain, "q.retry", "x", headers={COUNT: failed, DUE: 0})
    task = Failing()
    with Consumer("q", task, retry_limit=None, retry_delay=40, retry_delay_max=longest):
        begun = time.time()
        until(lambda: held("q.retry"), (0, 1, 1))
        until(lambda: len(task.calls), 1)
    until(lambda: held("q.retry").ready, 1)
    ((_, properties),) = taken(plain, "q.retry")
    assert properties.headers[COUNT] == failed + 1
    assert wanted / 2 - 1 <= properties.headers[DUE] / 1000 - begun <= wanted + 5


def test_what_is_due_first_comes_first_whatever_its_place_in_the_queue(queues: None, plain, held: Look) -> None:
    now, begun = time.time(), time.monotonic()
    for body, seconds in {"third": 0.6, "first": 0, "second": 0.3, "much later": 60}.items():
        put(plain, "q.retry", body, headers={COUNT: 1, DUE: int((now + seconds) * 1000)})
    task = Failing(times=0)
    with Consumer("q", task, 3):
        until(lambda: held("q.retry"), (0, 1, 1))
    assert [body for body, _, _ in task.calls] == [b"first", b"second", b"third"]
    assert [when - begun >= after - 0.02 for (_, _, when), after in
            zip(task.calls, (0, 0.3, 0.6), strict=True)] == [True] * 3  # fmt: skip
    until(lambda: held("q.retry"), (1, 0, 0))


def test_what_waits_for_its_retry_holds_up_no_other_message(queues: None, plain, held: Look) -> None:
    for number in range(20):
        put(plain, "q", str(number))
    seen: list[bytes] = []

    def task(message: Message) -> MessageStatus:
        seen.append(message.body)
        return LATER if int(message.body) % 2 else DONE

    with Consumer("q", task, retry_delay=60):
        until(lambda: held("q"), NOTHING)
        assert len(seen) == 20
    until(lambda: held("q.retry"), (10, 0, 0))


def test_the_next_consumer_takes_up_what_waits_for_its_retry_with_its_count(queues: None, plain, held: Look) -> None:
    put(plain, "q", "x")
    first = Failing()
    with Consumer("q", first, retry_delay=0.3):
        until(lambda: (held("q"), held("q.retry").unacknowledged), (NOTHING, 1))
    until(lambda: held("q.retry"), (1, 0, 0))
    task = Failing(times=0)
    with Consumer("q", task):
        until(lambda: held("q.retry"), NOTHING)
        until(lambda: len(task.calls), 1)
    assert task.calls[0][:2] == (b"x", len(first.calls))


def test_no_consumer_takes_a_retry_twice_where_two_wait_for_it(queues: None, plain, held: Look) -> None:
    for number in range(30):
        put(plain, "q", str(number))
    one, other = Failing(times=1), Failing(times=1)
    with Consumer("q", one, 2, retry_delay=0.1), Consumer("q", other, 2, retry_delay=0.1):
        until(lambda: len(one.calls) + len(other.calls), 60)
        until(lambda: (held("q"), held("q.retry")), ((0, 0, 2), (0, 0, 2)))
    both = sorted((body, retries) for body, retries, _ in one.calls + other.calls)
    assert both == sorted((b"%d" % number, retries) for number in range(30) for retries in (0, 1))


def test_without_retries_the_first_failure_is_the_last(queues: None, plain, held: Look) -> None:
    put(plain, "q", "x")
    task = Failing()
    with Consumer("q", task, retry_limit=0):
        until(lambda: (held("q"), held("q.dead").ready), (NOTHING, 1))
    assert len(task.calls) == 1
    assert "FAIL_RETRY_LATER" in taken(plain, "q.dead")[0][1].headers[REASON]


def test_without_a_limit_retries_go_on(queues: None, plain, held: Look) -> None:
    put(plain, "q.retry", "x", headers={COUNT: 10_000, DUE: 0})
    task = Failing(times=10**9)
    with Consumer("q", task, retry_limit=None, retry_delay=0.05, retry_delay_max=0.05):
        until(lambda: len(task.calls) > 3)
    assert held("q.dead").ready == 0
    assert [retries for _, retries, _ in task.calls][:3] == [10_000, 10_001, 10_002]


def test_a_long_reason_is_cut(queues: None, plain, held: Look) -> None:
    def task(message: Message) -> MessageStatus:
        raise ValueError("é" * 200_000)

    put(plain, "q", "x")
    with Consumer("q", task, retry_limit=0):
        until(lambda: (held("q"), held("q.dead").ready), (NOTHING, 1))
    assert 100 < len(taken(plain, "q.dead")[0][1].headers[REASON]) < 2000


@pytest.mark.parametrize("seconds", [3600, 10**9], ids=["an hour", "decades"])
def test_a_due_time_of_a_wrong_clock_waits_no_longer_than_the_longest_pause(
    seconds: int, queues: None, plain, held: Look
) -> None:
    put(plain, "q.retry", "x", headers={COUNT: 1, DUE: int((time.time() + seconds) * 1000)})
    task = Failing(times=0)
    with Consumer("q", task, retry_delay=0.1, retry_delay_max=0.2):
        until(lambda: len(task.calls), 1)


FOREIGN: list[dict[str, Any]] = [
    {}, {"message_id": None}, {"headers": {COUNT: "many", DUE: "soon"}}, {"headers": {COUNT: None, DUE: [1]}},
    {"headers": {COUNT: -5, DUE: -5}}, {"headers": {COUNT: 2**62, DUE: 2**62}},
]  # fmt: skip


@pytest.mark.parametrize("properties", FOREIGN, ids=str)
def test_what_somebody_else_has_put_into_the_retry_queue_holds_nothing_up(
    properties: dict[str, Any], queues: None, plain, held: Look
) -> None:
    put(plain, "q.retry", "x", **properties)
    put(plain, "q.retry", "y", headers={COUNT: 1, DUE: 0})
    seen: list[bytes] = []

    def task(message: Message) -> MessageStatus:
        seen.append(message.body)
        return DONE

    with Consumer("q", task, retry_delay_max=1):
        until(lambda: held("q.retry"), NOTHING)
    assert sorted(seen) == [b"x", b"y"]


# the queues are not there, or take nothing


@pytest.mark.parametrize("identified", [True, False], ids=["with an id", "without"])
@pytest.mark.parametrize(("status", "queue"), [(NEVER, "q.dead"), (LATER, "q.retry")])
def test_a_message_whose_next_queue_was_deleted_is_kept_until_that_is_there_again(
    identified: bool, status: MessageStatus, queue: str, queues: None, plain, held: Look
) -> None:
    task = Failing(status=status)
    with Consumer("q", task, retry_delay=0.2, retry_limit=None, retry_delay_max=0.2):
        plain.queue_delete(queue)
        for number in range(5):
            put(plain, "q", str(number), **({} if identified else {"message_id": None}))
        until(lambda: len(task.calls) > 1)
        plain.queue_declare(queue, durable=True)
        until(lambda: held("q"), NOTHING)
    until(lambda: held("q.retry").unacknowledged, 0)
    kept = [body for name in ("q", "q.retry", "q.dead") for body, _ in taken(plain, name)]
    assert sorted(set(kept)) == [b"%d" % number for number in range(5)], "on one of the three queues"


def test_a_dead_letter_queue_that_was_deleted_is_declared_again(queues: None, plain, held: Look) -> None:
    with Consumer("q", Failing(status=NEVER), retry_delay=0.1):
        plain.queue_delete("q.dead")
        put(plain, "q", "x")
        until(lambda: held("q"), NOTHING)
    assert held("q.dead").ready == 1


def test_a_message_without_an_id_gets_one_when_it_is_moved(queues: None, plain, held: Look) -> None:
    """By which it can be told, should a crash in the middle leave it on two queues."""
    put(plain, "q", "x", message_id=None)
    with Consumer("q", Failing(), retry_limit=1, retry_delay=0.05):
        until(lambda: (held("q"), held("q.dead").ready), (NOTHING, 1))
    assert taken(plain, "q.dead")[0][1].message_id


def test_while_the_dead_letter_queue_is_full_messages_stay_on_their_own(queues: None, plain, held: Look) -> None:
    plain.queue_delete("q.dead")
    plain.queue_declare("q.dead", durable=True, arguments={"x-max-length": 1, "x-overflow": "reject-publish"})
    put(plain, "q.dead", "full")
    put(plain, "q", "x")
    task = Failing(status=NEVER)
    with Consumer("q", task, retry_delay=0.1):
        until(lambda: len(task.calls) > 2)
        plain.queue_purge("q.dead")
        until(lambda: (held("q"), held("q.dead").ready), (NOTHING, 1))
    assert [body for body, _ in taken(plain, "q.dead")] == [b"x"]


def test_a_message_with_an_expiration_does_not_expire_in_the_dead_letter_queue(queues: None, plain, held: Look) -> None:
    """As with RabbitMQ's own dead-lettering, which takes the expiration away."""
    put(plain, "q", "x", expiration="60000")
    with Consumer("q", Failing(status=NEVER)):
        until(lambda: (held("q"), held("q.dead").ready), (NOTHING, 1))
    assert taken(plain, "q.dead")[0][1].expiration is None


def test_a_message_of_another_user_can_be_put_away(broker: Broker, vhost: str, queues: None, plain, held: Look) -> None:
    """The broker refuses a message whose user_id is not its sender's."""
    management = Management(broker)
    management._ask("PUT", "users/lapinmq-alice", json={"password": "alice", "tags": ""})
    try:
        management._ask("PUT", f"permissions/{vhost}/lapinmq-alice", json={"configure": "", "write": ".*", "read": ""})
        where = broker.parameters(vhost)
        where.credentials = pika.PlainCredentials("lapinmq-alice", "alice")
        alice = pika.BlockingConnection(where)
        put(alice.channel(), "q", "x", user_id="lapinmq-alice")
        alice.close()
        with Consumer("q", Failing(), retry_limit=1, retry_delay=0.05):
            until(lambda: (held("q"), held("q.dead").ready), (NOTHING, 1), seconds=4)
    finally:
        management._ask("DELETE", "users/lapinmq-alice")


def test_a_message_that_was_sent_on_to_others_too_goes_to_the_dead_letter_queue_only(
    queues: None, plain, held: Look
) -> None:
    """The header CC makes the broker route a message to further queues, each time that it is published."""
    plain.queue_declare("copies", durable=True)
    put(plain, "q", "x", headers={"CC": ["copies"]})
    assert held("copies").ready == 1
    with Consumer("q", Failing(status=NEVER)):
        until(lambda: (held("q"), held("q.dead").ready), (NOTHING, 1))
    assert held("copies").ready == 1


class Unreadable(pika.BasicProperties):
    """Properties that pika cannot decode: a time in milliseconds where AMQP has seconds, a usual mistake."""

    def encode(self) -> list[bytes]:
        table = b"\x04when" + b"T" + struct.pack(">Q", 1_700_000_000_000)
        return [b"\x20\x00", struct.pack(">I", len(table)), table]


def test_a_message_with_properties_that_pika_cannot_read_is_worked_on(queues: None, plain, held: Look) -> None:
    plain.basic_publish("", "q", "x", Unreadable())
    task = Failing(times=0)
    with Consumer("q", task):
        until(lambda: held("q"), NOTHING)
    assert len(task.calls) == 1


@pytest.mark.parametrize("queue", ["q", "q.retry"])
def test_a_message_that_fails_with_properties_that_pika_cannot_read_is_kept_and_does_not_spin(
    queue: str, queues: None, plain, held: Look, caplog: pytest.LogCaptureFixture
) -> None:
    plain.basic_publish("", queue, "x", Unreadable())
    task, begun = Failing(), time.monotonic()
    with Consumer("q", task, retry_limit=3, retry_delay=0.2):
        until(lambda: len(task.calls) > 2 or held("q.dead").ready)
        assert time.monotonic() - begun > 0.2 or held("q.dead").ready
    until(lambda: sum(held(name).ready for name in ("q", "q.retry", "q.dead")), 1)
    assert "lost" not in caplog.text


# without a dead-letter queue of ours


def test_without_one_the_queues_own_dead_letter_exchange_gets_what_is_refused(plain, held: Look) -> None:
    plain.queue_declare("own.dead")
    arguments = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "own.dead"}
    plain.queue_declare("q", durable=True, arguments=arguments)
    put(plain, "q", "x")
    with Consumer("q", Failing(status=NEVER), dead_letter_queue="") as consumer:
        until(lambda: (held("q"), held("own.dead").ready), (NOTHING, 1))
        assert consumer.queue_name == "q"
    ((body, properties),) = taken(plain, "own.dead")
    assert (body, properties.headers["x-death"][0]["reason"]) == (b"x", "rejected")


def test_without_any_what_is_refused_is_dropped_and_said(plain, held: Look, caplog: pytest.LogCaptureFixture) -> None:
    plain.queue_declare("q", durable=True)
    put(plain, "q", "x")
    with Consumer("q", Failing(status=NEVER), dead_letter_queue=""):
        until(lambda: held("q"), NOTHING)
    assert "FAIL_DO_NOT_RETRY" in caplog.text
    assert held("q.retry").ready == 0

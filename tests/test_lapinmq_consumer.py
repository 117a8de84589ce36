"""What a consumer does with its messages, whatever its task says or does; plain pika looks at the queues."""

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pika
import psutil
import pytest
from conftest import Held
from waiting import Stopwatch, until

from lapinmq.connection import Connection
from lapinmq.consumer import Consumer
from lapinmq.message import Message, MessageStatus
from lapinmq.publisher import Publisher

Look = Callable[[str], Held]
NOTHING = (0, 0, 1)
"""What a queue holds whose consumer has settled everything."""


def threads() -> list[str]:
    return [each.name for each in threading.enumerate() if each.name.startswith("lapinmq")]


@pytest.fixture(autouse=True)
def ended(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """See that a test leaves no thread and had no error in the I/O thread."""
    before = set(threading.enumerate())
    yield
    until(lambda: [each.name for each in set(threading.enumerate()) - before if each.name.startswith("lapinmq")], [])
    assert "the I/O thread met an error" not in caplog.text


class Taker:
    """A task that keeps what it gets, and holds each message until `go` is set."""

    def __init__(self, status: object = MessageStatus.SUCCESS, go: bool = True) -> None:
        self.status, self.go = status, threading.Event()
        self.got: list[Message] = []
        self.by: list[str] = []
        if go:
            self.go.set()

    def __call__(self, message: Message) -> Any:
        self.got.append(message)
        self.by.append(threading.current_thread().name)
        assert self.go.wait(60)
        if isinstance(self.status, BaseException):
            raise self.status
        return self.status

    @property
    def bodies(self) -> list[bytes]:
        return [message.body for message in self.got]


@pytest.fixture
def q(plain) -> str:
    """A durable queue."""
    plain.queue_declare("q", durable=True)
    return "q"


@pytest.fixture
def fill(q: str, plain) -> Callable[[int], None]:
    """Put so many messages on the queue, 0 to N-1."""

    def put(count: int) -> None:
        for number in range(count):
            plain.basic_publish("", q, str(number), pika.BasicProperties(message_id=f"id {number}"))

    return put


def taken(plain, queue: str) -> list[tuple[bytes, pika.BasicProperties]]:
    """Take all that waits on the queue."""
    got = iter(lambda: plain.basic_get(queue, auto_ack=True), (None, None, None))
    return [(body, properties) for _, properties, body in got]


# what the task says


def test_success_acknowledges(fill, held: Look) -> None:
    fill(20)
    task = Taker()
    with Consumer("q", task):
        until(lambda: held("q"), NOTHING)
    assert task.bodies == [b"%d" % number for number in range(20)]
    assert held("q.retry").ready == held("q.dead").ready == 0


def test_do_not_retry_puts_the_message_into_the_dead_letter_queue_with_its_reason(fill, plain, held: Look) -> None:
    fill(3)
    task = Taker(MessageStatus.FAIL_DO_NOT_RETRY)
    with Consumer("q", task):
        until(lambda: (held("q"), held("q.dead").ready), (NOTHING, 3))
    assert len(task.got) == 3
    dead = taken(plain, "q.dead")
    assert [body for body, _ in dead] == [b"0", b"1", b"2"]
    assert [properties.message_id for _, properties in dead] == ["id 0", "id 1", "id 2"]
    assert {properties.delivery_mode for _, properties in dead} == {2}
    for _, properties in dead:
        assert "FAIL_DO_NOT_RETRY" in properties.headers["x-lapinmq-reason"]
        assert properties.headers["x-lapinmq-queue"] == "q"


FAILURES = {
    "retry later": (MessageStatus.FAIL_RETRY_LATER, "FAIL_RETRY_LATER", ""),
    "exception": (ValueError("what went wrong"), "ValueError: what went wrong", "what went wrong"),
    "sys.exit": (SystemExit(3), "SystemExit: 3", "SystemExit"),
    "None": (None, "NoneType", "NoneType"),
    "True": (True, "bool", "bool"),
    "text": ("success", "str", "str"),
}


@pytest.mark.parametrize(("status", "reason", "logged"), FAILURES.values(), ids=FAILURES)
def test_what_fails_is_retried_and_ends_in_the_dead_letter_queue_with_its_reason(
    status: object, reason: str, logged: str, fill, plain, held: Look, caplog: pytest.LogCaptureFixture
) -> None:
    fill(1)
    task = Taker(status)
    with Consumer("q", task, retry_limit=2, retry_delay=0.05):
        until(lambda: held("q.dead").ready, 1)
        until(lambda: (held("q"), held("q.retry")), (NOTHING, NOTHING))
    assert [message.retries for message in task.got] == [0, 1, 2]
    assert [message.redelivered for message in task.got] == [False, True, True]
    ((body, properties),) = taken(plain, "q.dead")
    assert (body, properties.message_id) == (b"0", "id 0")
    assert reason in properties.headers["x-lapinmq-reason"]
    assert "3 times" in properties.headers["x-lapinmq-reason"]
    assert "queue q" in caplog.text
    assert logged in caplog.text


def test_a_task_that_fails_once_gets_its_message_again(fill, held: Look) -> None:
    fill(10)
    seen: list[bytes] = []

    def task(message: Message) -> MessageStatus:
        seen.append(message.body)
        return MessageStatus.SUCCESS if message.retries else MessageStatus.FAIL_RETRY_LATER

    with Consumer("q", task, 2, retry_delay=0.05):
        until(lambda: len(seen), 20)
        until(lambda: (held("q"), held("q.retry")), (NOTHING, NOTHING))
    assert sorted(seen) == sorted([b"%d" % number for number in range(10)] * 2)
    assert held("q.dead").ready == 0


def test_the_log_shows_no_body(fill, plain, held: Look, caplog: pytest.LogCaptureFixture) -> None:
    plain.queue_declare("q", durable=True)
    plain.basic_publish("", "q", "the secret body")
    with Consumer("q", Taker(MessageStatus.FAIL_DO_NOT_RETRY)) as consumer:
        until(lambda: held("q.dead").ready, 1)
    assert "dead" in caplog.text
    assert "secret" not in caplog.text + repr(consumer)


# the message


def test_a_message_has_its_body_properties_exchange_and_routing_key(q: str, plain, held: Look) -> None:
    plain.queue_bind(q, "amq.topic", "news.#")
    properties = pika.BasicProperties("text/plain", headers={"n": [1, "é"]}, correlation_id="c", message_id="m")
    plain.basic_publish("amq.topic", "news.é", b"\x00\xff", properties)
    plain.basic_publish("", q, b"")
    task = Taker()
    with Consumer(q, task):
        until(lambda: held(q), NOTHING)
    first, second = task.got
    assert (first.body, first.properties, first.exchange, first.routing_key) == (
        b"\x00\xff", properties, "amq.topic", "news.é"
    )  # fmt: skip
    assert (second.body, second.properties, second.exchange, second.routing_key) == (
        b"", pika.BasicProperties(), "", q
    )  # fmt: skip
    assert (first.redelivered, first.retries) == (False, 0)


def test_a_message_that_another_consumer_had_is_redelivered(fill, plain) -> None:
    fill(1)
    method, _, _ = plain.basic_get("q")
    plain.basic_nack(method.delivery_tag)
    task = Taker()
    with Consumer("q", task):
        until(lambda: len(task.got), 1)
    assert task.got[0].redelivered


def test_a_retried_message_is_as_it_was_sent(q: str, plain, held: Look) -> None:
    """Its task may tell messages apart by their exchange and routing key."""
    plain.queue_bind(q, "amq.topic", "news.#")
    properties = pika.BasicProperties("text/plain", headers={"n": 1}, message_id="m", priority=3)
    plain.basic_publish("amq.topic", "news.eu", b"x", properties)
    seen: list[tuple[object, ...]] = []

    def task(message: Message) -> MessageStatus:
        theirs = {name: value for name, value in message.properties.headers.items() if not name.startswith("x-lapinmq")}
        about = message.properties
        seen.append((message.body, message.exchange, message.routing_key, theirs, about.message_id, about.content_type))
        return MessageStatus.SUCCESS if message.retries else MessageStatus.FAIL_RETRY_LATER

    with Consumer(q, task, retry_delay=0.05):
        until(lambda: len(seen), 2)
    assert seen[1] == seen[0]


def test_a_routing_key_that_is_no_utf8_holds_nothing_up(q: str, plain, held: Look) -> None:
    plain.queue_bind(q, "amq.fanout")
    plain.basic_publish("amq.fanout", b"caf\xe9", b"latin")
    plain.basic_publish("", q, b"after it")
    task = Taker()
    with Consumer(q, task):
        until(lambda: held(q), NOTHING)
    assert task.bodies == [b"latin", b"after it"]
    assert isinstance(task.got[0].routing_key, str)


# ack, reject and reject_retry by hand


HANDLED = MessageStatus.HANDLED_VIA_CALLBACK


def by_hand(act: Callable[[Message], object]) -> Callable[[Message], MessageStatus]:
    def task(message: Message) -> MessageStatus:
        act(message)
        return HANDLED

    return task


@pytest.mark.parametrize(("second", "third"), [("ack", "ack"), ("reject", "reject_retry"), ("reject_retry", "reject")])
def test_after_an_ack_all_else_is_harmless(second: str, third: str, fill, held: Look) -> None:
    fill(5)

    def act(message: Message) -> None:
        message.ack()
        getattr(message, second)()
        getattr(message, third)()

    with Consumer("q", by_hand(act)):
        until(lambda: held("q"), NOTHING)
        assert (held("q.retry").ready, held("q.dead").ready) == (0, 0)


def test_after_a_reject_an_ack_is_harmless(fill, held: Look) -> None:
    fill(5)

    def act(message: Message) -> None:
        message.reject()
        message.ack()
        message.reject_retry()

    with Consumer("q", by_hand(act)):
        until(lambda: (held("q"), held("q.dead").ready), (NOTHING, 5))
        assert held("q.retry") == NOTHING


def test_what_the_task_returns_after_an_ack_by_hand_changes_nothing(fill, held: Look) -> None:
    fill(5)

    def task(message: Message) -> MessageStatus:
        message.ack()
        return MessageStatus.FAIL_DO_NOT_RETRY

    with Consumer("q", task):
        until(lambda: held("q"), NOTHING)
        assert held("q.dead").ready == 0


@pytest.mark.parametrize("gather", [False, True])
def test_messages_may_be_acknowledged_from_another_thread_in_any_order(gather: bool, fill, held: Look) -> None:
    fill(30)
    task = Taker(HANDLED)
    with Consumer("q", task, prefetch=30, gather_acks=gather):
        until(lambda: len(task.got), 30)
        assert held("q") == (0, 30, 1)
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(Message.ack, task.got[::2]))
        until(lambda: held("q"), (0, 15, 1))
        for message in reversed(task.got):
            message.ack()
        until(lambda: held("q"), NOTHING)


def test_after_the_stop_an_ack_is_harmless_and_the_message_is_on_its_queue(fill, held: Look) -> None:
    fill(1)
    task = Taker(HANDLED)
    consumer = Consumer("q", task)
    consumer.start()
    until(lambda: len(task.got), 1)
    assert consumer.stop(0.2) is False
    for act in (Message.ack, Message.reject, Message.reject_retry):
        act(task.got[0])
    until(lambda: held("q"), (1, 0, 0))


# a consumer that is a publisher too


@pytest.mark.parametrize("kind", ["sync", "async"])
@pytest.mark.parametrize("separate", [False, True], ids=["shared connection", "separate connections"])
def test_a_pipeline_brings_each_message_from_its_source_to_its_destination_once(
    kind: str, separate: bool, fill, plain, held: Look
) -> None:
    fill(200)
    plain.queue_declare("destination", durable=True)
    publisher = Publisher(kind, connection=Connection() if separate else None)

    def task(message: Message) -> MessageStatus:
        callbacks: Any = {"ack_callback": message.ack, "nack_callback": message.reject_retry}
        body = b"done " + message.body
        publisher.send_message_to_queue("destination", body, callbacks=callbacks if kind == "async" else None)
        return HANDLED if kind == "async" else MessageStatus.SUCCESS

    with publisher, Consumer("q", task, 3, prefetch=10, connection=Connection() if separate else None):
        until(lambda: (held("q"), held("destination").ready), (NOTHING, 200))
        assert held("q.retry") == NOTHING
    assert sorted(body for body, _ in taken(plain, "destination")) == sorted(b"done %d" % n for n in range(200))


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_while_a_pipelines_destination_is_not_there_its_messages_are_kept(kind: str, fill, plain, held: Look) -> None:
    fill(10)
    publisher, tried = Publisher(kind), threading.Event()

    def task(message: Message) -> MessageStatus:
        if message.retries:
            tried.set()
        callbacks: Any = {"ack_callback": message.ack, "nack_callback": message.reject_retry}
        publisher.send_message_to_queue("destination", message.body, callbacks=callbacks if kind == "async" else None)
        return HANDLED if kind == "async" else MessageStatus.SUCCESS

    with publisher, Consumer("q", task, 3, retry_limit=None, retry_delay=0.1, retry_delay_max=0.2):
        assert tried.wait(60)
        plain.queue_declare("destination", durable=True)
        until(lambda: (held("destination").ready, held("q"), held("q.retry")), (10, NOTHING, NOTHING))
    assert sorted(body for body, _ in taken(plain, "destination")) == [b"%d" % number for number in range(10)]


# workers


@pytest.mark.parametrize("workers", [1, 3])
def test_as_many_messages_are_out_as_there_are_workers(workers: int, fill, held: Look) -> None:
    fill(10)
    task = Taker(go=False)
    with Consumer("q", task, workers):
        until(lambda: (held("q"), len(task.got)), ((10 - workers, workers, 1), workers))
        task.go.set()
        until(lambda: held("q"), NOTHING)
    assert {name.removeprefix("lapinmq q worker ") for name in task.by} <= {str(n + 1) for n in range(workers)}


def test_a_larger_prefetch_has_more_messages_out_than_workers(fill, held: Look) -> None:
    fill(20)
    task = Taker(go=False)
    with Consumer("q", task, 2, prefetch=12):
        until(lambda: (held("q"), len(task.got)), ((8, 12, 1), 2))
        task.go.set()
        until(lambda: held("q"), NOTHING)


def test_workers_work_at_the_same_time(fill, held: Look) -> None:
    fill(8)
    together = threading.Barrier(4)

    def task(message: Message) -> MessageStatus:
        together.wait(60)
        return MessageStatus.SUCCESS

    with Consumer("q", task, 4):
        until(lambda: held("q"), NOTHING)
    assert not together.broken


def test_two_consumers_share_the_messages_and_none_comes_twice(fill, held: Look) -> None:
    fill(100)
    one, other = Taker(go=False), Taker(go=False)
    with Consumer("q", one, 2), Consumer("q", other, 2, connection=Connection()):
        until(lambda: (len(one.got), len(other.got)), (2, 2))
        one.go.set()
        other.go.set()
        until(lambda: held("q"), (0, 0, 2))
    assert sorted(one.bodies + other.bodies) == sorted(b"%d" % number for number in range(100))
    assert not any(message.redelivered for message in one.got + other.got)


@pytest.mark.parametrize("workers", [1, 4])
def test_gathered_acknowledgements_leave_nothing_unacknowledged(workers: int, fill, plain, held: Look) -> None:
    fill(1000)
    seen: list[bytes] = []

    def task(message: Message) -> MessageStatus:
        seen.append(message.body)
        failed = int(message.body) % 100 == 7
        return MessageStatus.FAIL_DO_NOT_RETRY if failed else MessageStatus.SUCCESS

    with Consumer("q", task, workers, prefetch=100, gather_acks=True):
        until(lambda: (held("q"), held("q.dead").ready), (NOTHING, 10))
    assert sorted(seen) == sorted(b"%d" % number for number in range(1000)), "each once: no channel was closed over it"
    assert [int(body) % 100 for body, _ in taken(plain, "q.dead")] == [7] * 10


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="reads /proc")
def test_an_idle_publisher_and_consumer_use_next_to_no_time(q: str) -> None:
    with Publisher(), Consumer(q, Taker()):
        ours = {thread.native_id for thread in threading.enumerate() if thread.name.startswith("lapinmq")}

        def used() -> float:
            threads = [thread for thread in psutil.Process().threads() if thread.id in ours]
            assert threads
            return sum(thread.user_time + thread.system_time for thread in threads)

        before = used()
        threading.Event().wait(1)
        assert used() - before <= 0.02  # seconds: two ticks of the clock that counts them


# the end


def test_stop_waits_for_the_task_in_hand_and_acknowledges_its_message(fill, held: Look) -> None:
    fill(3)
    task = Taker(go=False)
    consumer = Consumer("q", task)
    consumer.start()
    until(lambda: len(task.got), 1)
    with ThreadPoolExecutor(1) as pool:
        stopping = pool.submit(consumer.stop)
        until(lambda: held("q").consumers, 0)
        assert not stopping.done()
        task.go.set()
        assert stopping.result(60) is True
    assert held("q") == (2, 0, 0)
    assert task.bodies == [b"0"]


@pytest.mark.parametrize("status", [MessageStatus.FAIL_RETRY_LATER, MessageStatus.FAIL_DO_NOT_RETRY])
def test_stop_waits_for_the_task_in_hand_and_keeps_its_message_where_it_fails(
    status: MessageStatus, fill, held: Look
) -> None:
    fill(3)
    task = Taker(status, go=False)
    consumer = Consumer("q", task)
    consumer.start()
    until(lambda: len(task.got), 1)
    with ThreadPoolExecutor(1) as pool:
        stopping = pool.submit(consumer.stop)
        until(lambda: held("q").consumers, 0)
        task.go.set()
        assert stopping.result(60) is True
    kept = {"q": 2, "q.retry": int(status is MessageStatus.FAIL_RETRY_LATER)}
    until(lambda: {name: held(name).ready for name in ("q", "q.retry")}, kept)
    assert held("q.dead").ready == 1 - kept["q.retry"]


def test_what_no_task_has_begun_goes_back_at_once_at_a_stop(fill, held: Look) -> None:
    fill(10)
    task = Taker(go=False)
    consumer = Consumer("q", task, prefetch=6)
    consumer.start()
    until(lambda: (held("q"), len(task.got)), ((4, 6, 1), 1))
    with ThreadPoolExecutor(1) as pool:
        stopping = pool.submit(consumer.stop)
        until(lambda: held("q"), (9, 1, 0))
        task.go.set()
        assert stopping.result(60) is True
    assert held("q") == (9, 0, 0)
    assert task.bodies == [b"0"]


def test_a_stop_that_may_not_wait_so_long_puts_the_message_back(fill, held: Look) -> None:
    fill(1)
    task = Taker(go=False)
    consumer = Consumer("q", task)
    consumer.start()
    until(lambda: len(task.got), 1)
    watch = Stopwatch()
    assert consumer.stop(0.3) is False
    assert watch.seconds() < 2
    until(lambda: held("q"), (1, 0, 0))
    task.go.set()
    until(threads, [])
    assert held("q") == (1, 0, 0)
    with Consumer("q", task):
        until(lambda: held("q"), NOTHING)
    assert [message.redelivered for message in task.got] == [False, True]


def test_a_task_may_stop_its_consumer_which_may_be_started_again(fill, held: Look) -> None:
    fill(5)
    answers: list[object] = []

    def task(message: Message) -> MessageStatus:
        answers.append(consumer.stop())
        return MessageStatus.SUCCESS

    consumer = Consumer("q", task)
    consumer.start()
    until(threads, [])
    assert answers == [False]
    until(lambda: held("q"), (4, 0, 0))
    consumer.start()
    until(lambda: len(answers), 2)
    until(threads, [])
    until(lambda: held("q"), (3, 0, 0))
    assert consumer.stop() is True


def test_a_confirm_callback_may_stop_the_consumer(fill, plain, held: Look) -> None:
    fill(5)
    answers: list[object] = []
    with Publisher("async") as publisher:

        def task(message: Message) -> MessageStatus:
            def confirmed() -> None:
                message.ack()
                answers.append(consumer.stop())

            publisher.send_message_to_queue("q.done", message.body, callbacks={"ack_callback": confirmed})
            return HANDLED

        plain.queue_declare("q.done")
        consumer = Consumer("q", task)
        consumer.start()
        until(lambda: held("q"), (4, 0, 0))
        assert consumer.stop() is True
    assert answers == [False]
    assert held("q.done").ready == 1


def test_a_consumer_may_be_stopped_before_its_start_and_twice_and_started_again(fill, held: Look) -> None:
    consumer = Consumer("q", Taker())
    assert consumer.stop() is True
    for _ in range(3):
        fill(1)
        consumer.start()
        consumer.start()
        until(lambda: held("q"), NOTHING)
        assert consumer.stop() is True
        assert consumer.stop() is True
        assert held("q").consumers == 0


def test_several_threads_may_stop_one_consumer_at_once(fill, held: Look) -> None:
    consumer = Consumer("q", Taker(), 2)
    consumer.start()
    with ThreadPoolExecutor(4) as pool:
        assert [each.result(60) for each in [pool.submit(consumer.stop) for _ in range(4)]] == [True] * 4
    assert held("q").consumers == 0


def test_a_with_statement_stops_also_after_an_error(fill, held: Look) -> None:
    def fail() -> None:
        with Consumer("q", Taker()):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert held("q").consumers == 0


def test_stopping_in_the_middle_of_many_messages_loses_and_repeats_none(fill, held: Look) -> None:
    fill(500)
    seen: list[bytes] = []
    lock = threading.Lock()

    def task(message: Message) -> MessageStatus:
        with lock:
            seen.append(message.body)
        return MessageStatus.SUCCESS

    for _ in range(30):
        already = len(seen)
        with Consumer("q", task, 3, prefetch=20, gather_acks=True):
            until(lambda already=already: len(seen) > already or held("q").ready == 0)
    with Consumer("q", task, 3):
        until(lambda: held("q"), NOTHING)
    assert sorted(seen) == sorted(b"%d" % number for number in range(500))


# what is refused before the wire


@pytest.mark.parametrize(("words", "named", "error", "name"), [
    ((None, print), {}, TypeError, "queue_name"),
    ((b"q", print), {}, TypeError, "queue_name"),
    (("q", "print"), {}, TypeError, "task_function"),
    (("q", print, 0), {}, ValueError, "worker_threads"),
    (("q", print, 4), {"prefetch": 3}, ValueError, "prefetch"),
    (("q", print), {"prefetch": 0}, ValueError, "prefetch"),
    (("q", print), {"prefetch": 70_000}, ValueError, "prefetch"),
    (("q", print), {"retry_delay": 0}, ValueError, "retry_delay"),
    (("q", print), {"retry_delay": 5, "retry_delay_max": 1}, ValueError, "retry_delay_max"),
    (("q" * 256, print), {}, ValueError, "queue_name"),
    (("q" * 250, print), {}, ValueError, "queue_name"),
    (("q", print), {"retry_limit": -1}, ValueError, "retry_limit"),
    (("q", print), {"disconnected_timeout": -1}, ValueError, "disconnected_timeout"),
    (("q", print), {"disconnected_timeout": float("inf")}, ValueError, "disconnected_timeout"),
], ids=lambda value: str(value)[:30])  # fmt: skip
def test_what_cannot_be_is_said_when_the_consumer_is_made(words: Any, named: Any, error: Any, name: str) -> None:
    with pytest.raises(error, match=name):
        Consumer(*words, **named)


def test_a_consumer_says_what_it_is() -> None:
    assert "q" in repr(Consumer("q", print, 3))
    assert "temporary" in repr(Consumer("", print))


def test_many_consumers_may_be_stopped_together(fill, plain, held: Look) -> None:
    task = Taker()
    with ExitStack() as all_of_them:
        consumers = [all_of_them.enter_context(Consumer(f"q{number}", task)) for number in range(10)]
        with ThreadPoolExecutor(10) as pool:
            assert list(pool.map(Consumer.stop, consumers)) == [True] * 10
        assert threads() == []

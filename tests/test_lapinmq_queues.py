"""A consumer uses a queue that exists as it is, declares one that does not, and binds it to exchanges of all types."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pika
import pytest
from conftest import Held
from waiting import until

from brokers.broker import Broker
from brokers.management import Management
from lapinmq.connection import Connection
from lapinmq.consumer import Consumer
from lapinmq.errors import LapinError, Refused
from lapinmq.message import Message, MessageStatus
from lapinmq.publisher import Publisher
from lapinmq.queues import Binding

Look = Callable[[str], Held]
NOTHING = (0, 0, 1)


@pytest.fixture(autouse=True)
def ended(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """See that a test leaves no thread and had no error in the I/O thread."""
    before = set(threading.enumerate())
    yield
    until(lambda: [each.name for each in set(threading.enumerate()) - before if each.name.startswith("lapinmq")], [])
    assert "the I/O thread met an error" not in caplog.text


@pytest.fixture
def queues(broker: Broker, vhost: str) -> Callable[[], dict[str, dict[str, Any]]]:
    """Return the vhost's queues, each as the management API tells it."""
    return lambda: {each["name"]: each for each in Management(broker).queues(vhost)}


class Taker:
    """A task that keeps the bodies it gets."""

    def __init__(self) -> None:
        self.got: list[bytes] = []

    def __call__(self, message: Message) -> MessageStatus:
        self.got.append(message.body)
        return MessageStatus.SUCCESS


# declaring


def test_a_queue_that_is_not_there_is_declared_durable(queues, plain) -> None:
    with Consumer("new", Taker()):
        made = queues()
    assert set(made) == {"new", "new.retry", "new.dead"}
    for queue in made.values():
        assert (queue["durable"], queue["auto_delete"], queue["exclusive"]) == (True, False, False)
        assert queue["type"] == "classic"
    plain.queue_declare("new", durable=True)


@pytest.mark.parametrize("declared", [
    {"arguments": {"x-max-length": 5, "x-overflow": "reject-publish"}}, {"auto_delete": True},
    {"durable": True, "arguments": {"x-max-priority": 3}}, {"durable": True, "arguments": {"x-queue-type": "quorum"}},
], ids=["limited", "auto-delete", "priorities", "quorum"])  # fmt: skip
@pytest.mark.parametrize("quorum", [False, True])
def test_a_queue_that_exists_is_used_as_it_is(declared: dict[str, Any], quorum: bool, queues, plain) -> None:
    plain.queue_declare("q", **declared)
    plain.basic_publish("", "q", "x")
    task = Taker()
    with Consumer("q", task, quorum=quorum):
        until(lambda: task.got, [b"x"])
        found = queues()["q"]
    assert found["durable"] is declared.get("durable", False)
    listed = dict(item for item in found["arguments"].items() if item != ("x-queue-type", "classic"))  # 4.x adds it
    assert listed == declared.get("arguments", {})


def test_retry_and_dead_letter_queues_that_exist_are_used_as_they_are(queues, plain) -> None:
    for name in ("q", "q.retry", "q.dead"):
        plain.queue_declare(name, durable=True, arguments={"x-max-length": 1000})
    with Consumer("q", Taker()):
        assert {each["arguments"]["x-max-length"] for each in queues().values()} == {1000}


def test_without_retries_and_dead_letters_there_is_one_queue(queues, vhost: str) -> None:
    with Consumer("q", Taker(), retry_limit=0, dead_letter_queue=""):
        assert set(queues()) == {"q"}


def test_a_dead_letter_queue_may_have_a_name_of_its_own(queues, vhost: str) -> None:
    with Consumer("q", Taker(), dead_letter_queue="morgue"):
        assert set(queues()) == {"q", "q.retry", "morgue"}


def test_a_quorum_queue_has_a_delivery_limit_and_a_dead_letter_exchange(queues, vhost: str) -> None:
    with Consumer("q", Taker(), quorum=True, delivery_limit=7):
        made = queues()
    assert {name: each["type"] for name, each in made.items()} == dict.fromkeys(("q", "q.retry", "q.dead"), "quorum")
    arguments = made["q"]["arguments"]
    assert (arguments["x-delivery-limit"], arguments["x-dead-letter-routing-key"]) == (7, "q.dead")
    assert arguments["x-dead-letter-exchange"] == ""


@pytest.mark.parametrize(
    ("asked", "declared"),
    [({}, 5000), ({"disconnected_timeout": 0.25}, 250), ({"disconnected_timeout": 0}, 0),
     ({"disconnected_timeout": None}, None)],
)  # fmt: skip
def test_its_queues_say_how_long_they_hold_messages_for_a_node_that_is_gone(
    asked: dict[str, Any], declared: int | None, queues, vhost: str
) -> None:
    with Consumer("q", Taker(), quorum=True, **asked):
        arguments = {name: queue["arguments"] for name, queue in queues().items()}
    assert {name: each.get("x-consumer-disconnected-timeout") for name, each in arguments.items()} == dict.fromkeys(
        ("q", "q.retry", "q.dead"), declared
    )


def test_a_quorum_queue_of_another_timeout_is_used_as_it_is(queues, plain) -> None:
    """As one that was declared by an older release of this package."""
    plain.queue_declare("q", durable=True, arguments={"x-queue-type": "quorum", "x-delivery-limit": 20})
    task = Taker()
    with Consumer("q", task, quorum=True):
        plain.basic_publish("", "q", "x")
        until(lambda: task.got, [b"x"])
        assert "x-consumer-disconnected-timeout" not in queues()["q"]["arguments"]


def test_a_consumer_that_is_cancelled_after_the_acknowledgement_timeout_consumes_again(
    broker: Broker, plain, held: Look, caplog: pytest.LogCaptureFixture
) -> None:
    """Also from a queue with arguments that this package would not give it."""
    if Management(broker).version() < (4, 3):
        pytest.skip("RabbitMQ cancels the consumer from 4.3 on; older ones close the channel (tests/faults)")
    plain.queue_declare("q", durable=True, arguments={"x-queue-type": "quorum", "x-consumer-timeout": 1000})
    seen: list[tuple[bytes, bool]] = []
    again = threading.Event()

    def task(message: Message) -> MessageStatus:
        seen.append((message.body, message.redelivered))
        if message.redelivered:
            again.set()
        return MessageStatus.SUCCESS if again.wait(60) else MessageStatus.FAIL_DO_NOT_RETRY

    with Consumer("q", task, worker_threads=2):
        plain.basic_publish("", "q", "x")
        until(lambda: seen, [(b"x", False), (b"x", True)])
        plain.basic_publish("", "q", "y")
        until(lambda: seen[2:], [(b"y", False)])
        until(lambda: held("q"), (0, 0, 1))
    assert "the broker cancelled the consumer, though the queue exists" in caplog.text
    assert "PRECONDITION_FAILED" not in caplog.text


def test_a_deleted_queue_is_declared_again_without_a_channel_to_look_for_it(
    broker: Broker, vhost: str, plain, caplog: pytest.LogCaptureFixture
) -> None:
    address = broker.parameters(vhost)
    address.channel_max = 1
    task = Taker()
    plain.confirm_delivery()
    with Consumer("q", task, retry_limit=0, dead_letter_queue="", connection=Connection([address])):
        plain.queue_delete("q")
        until(lambda: "no channel is left on the connection to look for it" in caplog.text)
        until(lambda: published(plain, "q"))
        until(lambda: task.got, [b"x"])


def published(plain, queue: str) -> bool:
    """Publish to the queue; return whether it exists."""
    try:
        plain.basic_publish("", queue, "x", mandatory=True)
    except pika.exceptions.UnroutableError:
        return False
    return True


def test_a_message_that_is_delivered_too_often_goes_to_the_dead_letter_queue(held: Look, plain) -> None:
    """As one does that ends its consumer's process each time."""
    with Consumer("q", Taker(), quorum=True, delivery_limit=2):
        pass
    plain.basic_publish("", "q", "x")
    for _ in range(3):
        until(lambda: held("q").ready, 1)
        method, _, _ = plain.basic_get("q")
        plain.basic_reject(method.delivery_tag, requeue=True)
    until(lambda: (held("q").ready, held("q.dead").ready), (0, 1))


def test_tasks_on_a_quorum_queue_fail_and_succeed_as_on_others(held: Look, plain) -> None:
    seen: list[int] = []

    def task(message: Message) -> MessageStatus:
        seen.append(message.retries)
        return MessageStatus.FAIL_RETRY_LATER if message.body == b"fails" else MessageStatus.SUCCESS

    with Consumer("q", task, quorum=True, retry_limit=2, retry_delay=0.05):
        plain.basic_publish("", "q", "fails", pika.BasicProperties(message_id="m"))
        plain.basic_publish("", "q", "works", pika.BasicProperties(message_id="n"))
        until(lambda: (held("q"), held("q.retry"), held("q.dead").ready), (NOTHING, NOTHING, 1))
    assert sorted(seen) == [0, 0, 1, 2]


def test_publishers_bodies_are_kept_by_a_queue_that_a_consumer_declared(held: Look, vhost: str) -> None:
    with Consumer("q", Taker()):
        pass
    with Publisher("sync") as publisher:
        publisher.send_message_to_queue("q", "x")
    assert held("q").ready == 1


# bindings


ROUTES: list[tuple[str, str, dict[str, Any], list[tuple[str, dict[str, Any], bool]]]] = [
    ("fanout", "", {}, [("", {}, True), ("anything", {}, True)]),
    ("direct", "red", {}, [("red", {}, True), ("blue", {}, False)]),
    ("topic", "*.eu.#", {}, [("news.eu", {}, True), ("news.eu.de", {}, True), ("news.us", {}, False)]),
    ("headers", "", {"x-match": "all", "kind": "a", "n": 1},
     [("", {"kind": "a", "n": 1}, True), ("", {"kind": "a"}, False), ("", {"kind": "b", "n": 1}, False)]),
]  # fmt: skip


@pytest.mark.parametrize("name", ["", "q"], ids=["temporary", "named"])
@pytest.mark.parametrize("exists", [True, False], ids=["there", "new"])
@pytest.mark.parametrize("route", ROUTES, ids=[route[0] for route in ROUTES])
def test_a_queue_is_bound_to_an_exchange_of_each_type(name: str, exists: bool, route: Any, plain) -> None:
    kind, key, arguments, messages = route
    exchange = f"amq.{kind}" if exists else f"new {kind}"
    task = Taker()
    binding = Binding(exchange, key, None if exists else kind, arguments or None)
    with Consumer(name, task, bindings=[binding]) as consumer, Publisher("async") as publisher:
        for number, (word, headers, _) in enumerate(messages):
            publisher.send_message(exchange, word, str(number), properties=pika.BasicProperties(headers=headers))
        publisher.flush()
        plain.basic_publish("", consumer.queue_name, "last")
        until(lambda: task.got[-1:], [b"last"])
    assert task.got[:-1] == [b"%d" % number for number, (_, _, arrives) in enumerate(messages) if arrives]
    if not exists:
        plain.exchange_declare(exchange, kind, durable=True)


def test_a_queue_may_have_many_bindings(plain) -> None:
    task = Taker()
    several = [Binding("amq.direct", word) for word in ("a", "b")] + [Binding("made", exchange_type="fanout")]
    with Consumer("", task, bindings=several):
        for exchange, word in [("amq.direct", "a"), ("amq.direct", "b"), ("amq.direct", "c"), ("made", "x")]:
            plain.basic_publish(exchange, word, word)
        until(lambda: sorted(task.got), [b"a", b"b", b"x"])


# temporary queues


def test_a_temporary_queue_is_named_by_the_broker_exclusive_and_gone_after_the_stop(queues, vhost: str) -> None:
    consumer = Consumer("", Taker())
    assert consumer.queue_name == ""
    consumer.start()
    (name,) = queues()
    assert name.startswith("amq.gen-")
    assert consumer.queue_name == name
    assert queues()[name]["exclusive"] is True
    consumer.stop()
    assert consumer.queue_name == ""
    until(queues, {})


def test_each_consumer_has_a_temporary_queue_of_its_own_and_a_fanout_reaches_all(plain) -> None:
    tasks = [Taker() for _ in range(3)]
    first, second, third = (Consumer("", task, bindings=[Binding("amq.fanout")]) for task in tasks)
    with first, second, third:
        assert len({first.queue_name, second.queue_name, third.queue_name}) == 3
        plain.basic_publish("amq.fanout", "", "to all")
        until(lambda: [task.got for task in tasks], [[b"to all"]] * 3)


def test_a_task_that_fails_on_a_temporary_queue_gets_its_message_again_until_the_limit(
    plain, held: Look, caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[tuple[int, bool]] = []

    def task(message: Message) -> MessageStatus:
        seen.append((message.retries, message.redelivered))
        return MessageStatus.FAIL_RETRY_LATER

    with Consumer("", task, retry_limit=2, retry_delay=0.05) as consumer:
        plain.basic_publish("", consumer.queue_name, "x")
        until(lambda: seen, [(0, False), (1, True), (2, True)])
        until(lambda: "FAIL_RETRY_LATER" in caplog.text)
    assert "temporary" in caplog.text


def test_a_temporary_queue_may_have_a_dead_letter_queue(plain, held: Look) -> None:
    def task(message: Message) -> MessageStatus:
        return MessageStatus.FAIL_DO_NOT_RETRY

    with Consumer("", task, dead_letter_queue="morgue") as consumer:
        plain.basic_publish("", consumer.queue_name, "x", pika.BasicProperties(message_id="m"))
        until(lambda: held("morgue").ready, 1)


# what is refused


def refused(consumer: Consumer, *words: str) -> None:
    """See that a start is refused at once with an error that names these."""
    with pytest.raises(Refused) as found:
        consumer.start(5)
    assert [word for word in words if word not in str(found.value)] == []
    assert "\n" not in str(found.value)
    assert consumer.stop() is True


def test_another_connections_exclusive_queue_is_refused(plain, held: Look) -> None:
    plain.queue_declare("theirs", exclusive=True)
    refused(Consumer("theirs", Taker()), "queue theirs", "RESOURCE_LOCKED")


def test_a_binding_to_an_exchange_that_is_not_there_is_refused(vhost: str) -> None:
    refused(Consumer("q", Taker(), bindings=[Binding("no-such")]), "queue q", "no exchange 'no-such'")


def test_an_exchange_that_nobody_may_declare_is_refused(vhost: str) -> None:
    refused(Consumer("q", Taker(), bindings=[Binding("amq.no-such", exchange_type="topic")]), "queue q", "amq.no-such")


def test_an_unknown_exchange_type_is_said_when_the_binding_is_made() -> None:
    with pytest.raises(ValueError, match="star"):
        Binding("new", exchange_type="star")


def test_the_exchange_type_of_a_plugin_that_is_not_there_fails_the_start(vhost: str) -> None:
    """RabbitMQ closes the connection over it, which others share; they go on."""
    with Publisher("async") as publisher:
        consumer = Consumer("q", Taker(), bindings=[Binding("new", exchange_type="x-star")])
        with pytest.raises(LapinError, match="x-star"):
            consumer.start(2)
        assert consumer.stop() is True
        with pytest.raises(LapinError, match="nowhere"):
            publisher.send_message_to_queue("nowhere", "x").result(60)


def test_a_second_consumer_of_an_exclusively_consumed_queue_is_refused(plain) -> None:
    plain.queue_declare("q", durable=True)
    plain.basic_consume("q", lambda *_: None, exclusive=True)
    refused(Consumer("q", Taker()), "queue q", "ACCESS_REFUSED")


def test_a_queue_that_the_user_may_not_read_is_refused(broker: Broker, vhost: str, plain) -> None:
    plain.queue_declare("q", durable=True)
    management = Management(broker)
    management._ask("PUT", "users/lapinmq-writer", json={"password": "writer", "tags": ""})
    try:
        rights = {"configure": ".*", "write": ".*", "read": ""}
        management._ask("PUT", f"permissions/{vhost}/lapinmq-writer", json=rights)
        where = broker.parameters(vhost)
        where.credentials = pika.PlainCredentials("lapinmq-writer", "writer")
        refused(Consumer("q", Taker(), connection=Connection([where])), "queue q", "ACCESS_REFUSED")
    finally:
        management._ask("DELETE", "users/lapinmq-writer")


WRONG: list[Any] = [("e" * 256,), (None,), ("amq.direct", 5), ("amq.headers", "", None, {"o": object()})]


@pytest.mark.parametrize("wrong", WRONG, ids=["long name", "no name", "key", "arguments"])
def test_what_amqp_cannot_bear_fails_the_start_and_disturbs_nobody(
    wrong: tuple[Any, ...], vhost: str, plain, caplog: pytest.LogCaptureFixture
) -> None:
    task = Taker()

    def begin() -> None:
        consumer = Consumer("other", Taker(), bindings=[Binding(*wrong)])
        try:
            consumer.start(2)
        finally:
            consumer.stop()

    with Consumer("q", task):
        with pytest.raises((Refused, TypeError, ValueError)):
            begin()
        plain.basic_publish("", "q", "x")
        until(lambda: task.got, [b"x"])
    assert "lost" not in caplog.text

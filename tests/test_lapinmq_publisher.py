"""What a publisher takes, how the message arrives, and what its sender hears; plain pika looks at the queues."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pika
import pytest
from conftest import Held
from waiting import Stopwatch, until

from brokers.broker import Broker
from brokers.management import Management
from lapinmq.connection import Connection
from lapinmq.errors import (
    AuthenticationFailed,
    LapinError,
    Nacked,
    NotStarted,
    Refused,
    Stopped,
    TimedOut,
    Unroutable,
    WrongThread,
)
from lapinmq.publisher import Publisher

Look = Callable[[str], Held]

both_kinds = pytest.mark.parametrize("kind", ["sync", "async"])
FULL = {"x-max-length": 1, "x-overflow": "reject-publish"}


@pytest.fixture(autouse=True)
def ended(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """See that a test leaves no thread and had no error in the I/O thread."""
    before = set(threading.enumerate())
    yield
    until(lambda: [each.name for each in set(threading.enumerate()) - before if each.name.startswith("lapinmq")], [])
    assert "the I/O thread met an error" not in caplog.text


@pytest.fixture
def q(plain) -> str:
    """A durable queue."""
    plain.queue_declare("q", durable=True)
    return "q"


@pytest.fixture
def sync(vhost: str) -> Iterator[Publisher]:
    with Publisher("sync") as publisher:
        yield publisher


@pytest.fixture
def asynchronous(vhost: str) -> Iterator[Publisher]:
    with Publisher("async") as publisher:
        yield publisher


def taken(plain, queue: str = "q") -> list[bytes]:
    """Take all that waits on the queue."""
    return [body for _, _, body in iter(lambda: plain.basic_get(queue, auto_ack=True), (None, None, None))]


def sent(publisher: Publisher, *words: Any, **named: Any) -> None:
    """Send, and wait for the answer also of an async publisher."""
    answer = publisher.send_message(*words, **named)
    if publisher.kind == "async":
        answer.result(60)


class Calls:
    """Counts the calls of a message's two callbacks."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def callbacks(self) -> dict[str, Callable[[], object]]:
        return {"ack_callback": lambda: self.heard.append("ack"), "nack_callback": lambda: self.heard.append("nack")}


# what is confirmed is stored


@both_kinds
def test_what_is_confirmed_is_on_the_queue(kind: str, q: str, held: Look) -> None:
    with Publisher(kind) as publisher:
        for number in range(1, 6):
            sent(publisher, "", q, str(number))
            assert held(q).ready == number


@both_kinds
def test_a_message_arrives_with_its_body_and_persistent_with_an_id(kind: str, q: str, plain) -> None:
    with Publisher(kind) as publisher:
        for body in ("täxt", b"\x00bytes\xff", "", b""):
            publisher.send_message_to_queue(q, body)
    got = [plain.basic_get(q, auto_ack=True) for _ in range(4)]
    assert [body for _, _, body in got] == ["täxt".encode(), b"\x00bytes\xff", b"", b""]
    assert {properties.delivery_mode for _, properties, _ in got} == {2}
    ids = {properties.message_id for _, properties, _ in got}
    assert len(ids) == 4
    assert all(ids)


@both_kinds
def test_the_id_and_the_expiration_are_as_given(kind: str, q: str, plain) -> None:
    with Publisher(kind) as publisher:
        sent(publisher, "", q, "x", 60_000, message_id="mine é")
        sent(publisher, "", q, "x", "60001")
    first, second = (plain.basic_get(q, auto_ack=True)[1] for _ in range(2))
    assert (first.message_id, first.expiration, first.delivery_mode) == ("mine é", "60000", 2)
    assert (second.expiration, second.delivery_mode) == ("60001", 2)


@both_kinds
def test_a_message_that_expires_is_gone_after_that_many_milliseconds(kind: str, q: str, plain) -> None:
    with Publisher(kind) as publisher:
        publisher.send_message_to_queue(q, "gone", expiration=50)
        publisher.send_message_to_queue(q, "kept", expiration=60_000)
    until(lambda: plain.queue_declare(q, passive=True).method.message_count, 1)
    assert taken(plain) == [b"kept"]


def test_properties_are_kept_and_not_changed(q: str, plain, sync: Publisher) -> None:
    given = pika.BasicProperties(
        "text/plain", "utf-8", {"n": [1, {"x": None}], "é": "ü"}, None, 3, "c", "reply", None, None, 1234567890, "kind"
    )
    sync.send_message_to_queue(q, "x", properties=given)
    got = plain.basic_get(q, auto_ack=True)[1]
    assert (got.delivery_mode, bool(got.message_id)) == (2, True)
    assert (given.delivery_mode, given.message_id) == (None, None)
    got.delivery_mode = got.message_id = None
    assert got == given


def test_properties_that_say_transient_and_name_an_id_are_obeyed(q: str, plain, sync: Publisher) -> None:
    given = pika.BasicProperties(delivery_mode=1, message_id="in properties", expiration="50000")
    sync.send_message_to_queue(q, "1", properties=given)
    sync.send_message_to_queue(q, "2", 40_000, properties=given, message_id="other")
    first, second = (plain.basic_get(q, auto_ack=True)[1] for _ in range(2))
    assert (first.delivery_mode, first.message_id, first.expiration) == (1, "in properties", "50000")
    assert (second.message_id, second.expiration) == ("in properties", "40000")


@both_kinds
def test_messages_of_one_thread_stay_in_order(kind: str, q: str, plain) -> None:
    with Publisher(kind) as publisher:
        for number in range(300):
            publisher.send_message_to_queue(q, str(number))
    assert taken(plain) == [str(number).encode() for number in range(300)]


def test_an_exchange_routes_by_the_key(plain, sync: Publisher) -> None:
    for queue, key in {"all": "#", "eu": "*.eu"}.items():
        plain.queue_declare(queue)
        plain.queue_bind(queue, "amq.topic", key)
    sync.send_message("amq.topic", "news.eu", "1")
    sync.send_message("amq.topic", "news.us", "2")
    assert taken(plain, "all") == [b"1", b"2"]
    assert taken(plain, "eu") == [b"1"]


# what is refused before the wire


@both_kinds
def test_a_body_that_is_neither_text_nor_bytes_is_a_type_error_that_names_its_type(
    kind: str, q: str, held: Look
) -> None:
    with Publisher(kind) as publisher:
        for body in (None, 5, 1.5, {"a": 1}, ["x"], bytearray(b"x"), object()):
            with pytest.raises(TypeError, match=rf"\b{type(body).__name__}\b"):
                publisher.send_message_to_queue(q, body)
        sent(publisher, "", q, "and it goes on")
    assert held(q).ready == 1


@both_kinds
def test_a_body_over_the_limit_is_a_value_error_and_one_at_the_limit_is_not(kind: str, q: str, held: Look) -> None:
    with Publisher(kind, max_body=1000) as publisher:
        for body in ("x" * 1001, b"x" * 1001, "é" * 501):
            with pytest.raises(ValueError, match="1000"):
                publisher.send_message_to_queue(q, body)
        sent(publisher, "", q, b"x" * 1000)
    assert held(q).ready == 1


def test_the_limit_is_16_mebibytes(q: str, held: Look, sync: Publisher) -> None:
    with pytest.raises(ValueError, match="16777216"):
        sync.send_message_to_queue(q, b"x" * (16 * 2**20 + 1))
    assert held(q).ready == 0


def test_an_expiration_that_is_no_number_of_milliseconds_is_a_value_error(q: str, held: Look, sync: Publisher) -> None:
    for expiration in (-1, "-1", 1.5, "soon", "", True, b"5", 2**32, "٣"):
        with pytest.raises(ValueError, match="milliseconds"):
            sync.send_message_to_queue(q, "x", expiration)
        with pytest.raises(ValueError, match="milliseconds"):
            sync.send_message_to_queue(q, "x", properties=pika.BasicProperties(expiration=expiration))
    assert held(q).ready == 0


WRONG: list[tuple[Any, Any, Any, str]] = [
    (("", None, "x"), {}, TypeError, "routing_key"),
    ((None, "q", "x"), {}, TypeError, "exchange"),
    (("", b"q", "x"), {}, TypeError, "routing_key"),
    (("", "q" * 256, "x"), {}, ValueError, "routing_key"),
    (("é" * 128, "q", "x"), {}, ValueError, "exchange"),
    (("", "q", "x"), {"message_id": 5}, TypeError, "message_id"),
    (("", "q", "x"), {"message_id": "i" * 256}, ValueError, "message_id"),
    (("", "q", "x"), {"properties": {"headers": {}}}, TypeError, "properties"),
    (("", "q", "x"), {"properties": pika.BasicProperties(headers={"o": object()})}, (TypeError, ValueError), ""),
    (("", "q", "x"), {"properties": pika.BasicProperties(headers=["o"])}, (TypeError, ValueError), ""),
    (("", "q", "x"), {"properties": pika.BasicProperties(message_id="i" * 256)}, ValueError, ""),
    (("", "q", "x"), {"properties": pika.BasicProperties(message_id=5)}, (TypeError, ValueError), ""),
    (("", "q", "x"), {"properties": pika.BasicProperties(priority="high")}, (TypeError, ValueError), ""),
    (("", "q", "x"), {"callbacks": {"ack": print}}, ValueError, "ack_callback"),
    (("", "q", "x"), {"callbacks": {"ack_callback": "print"}}, TypeError, "ack_callback"),
]
"""What is sent, and the error that it is."""


def test_what_amqp_cannot_bear_is_an_error_before_the_wire(q: str, plain, asynchronous: Publisher) -> None:
    for words, named, error, name in WRONG:
        with pytest.raises(error, match=name or None):
            asynchronous.send_message(*words, **named)
    asynchronous.send_message("", q, "and it goes on").result(60)
    assert taken(plain) == [b"and it goes on"]


@pytest.mark.parametrize("arguments", [("fast",), ("SYNC",), (None,)])
def test_an_unknown_kind_is_named(arguments: Any) -> None:
    with pytest.raises(ValueError, match=repr(arguments[0])):
        Publisher(*arguments)


# what the broker refuses


def about(error: LapinError, exchange: str, key: str, broker: Broker) -> None:
    """See that an error says all that its reader needs, in one line."""
    assert (error.exchange, error.routing_key) == (exchange, key)
    text = str(error)
    assert key in text
    assert exchange in text
    assert f"{broker.host}:{broker.port}" in text
    assert broker.password not in text.replace(broker.username, "").split()
    assert "\n" not in text


def refusal(publisher: Publisher, error: type[LapinError], *words: Any, **named: Any) -> LapinError:
    """Return what a message is refused with, and see that one callback was called for it, the nack."""
    calls = Calls()
    with pytest.raises(error) as found:
        sent(publisher, *words, callbacks=calls.callbacks(), **named)
    until(lambda: calls.heard, ["nack"])
    assert type(found.value) is error
    return found.value


@both_kinds
def test_a_message_that_no_queue_takes_is_unroutable(kind: str, q: str, plain, broker: Broker) -> None:
    with Publisher(kind) as publisher:
        about(refusal(publisher, Unroutable, "", "nowhere", "x"), "", "nowhere", broker)
        about(refusal(publisher, Unroutable, "amq.topic", "no.body", "x" * 200_000), "amq.topic", "no.body", broker)
        about(refusal(publisher, Unroutable, "", "nowhere", ""), "", "nowhere", broker)
        sent(publisher, "", q, "and it goes on")
    assert taken(plain) == [b"and it goes on"]


@both_kinds
def test_a_message_for_a_full_queue_is_nacked(kind: str, plain, broker: Broker, held: Look) -> None:
    plain.queue_declare("full", arguments=FULL)
    with Publisher(kind) as publisher:
        sent(publisher, "", "full", "1")
        about(refusal(publisher, Nacked, "", "full", "2"), "", "full", broker)
        assert taken(plain, "full") == [b"1"]
        sent(publisher, "", "full", "3")
    assert held("full").ready == 1


@both_kinds
@pytest.mark.parametrize(("exchange", "properties", "cause"), [
    ("no-such", None, "no exchange 'no-such'"),
    ("", pika.BasicProperties(user_id="somebody"), "user_id"),
    ("", pika.BasicProperties(headers={"CC": 5}), "CC"),
    ("amq.rabbitmq.trace", None, "refused"),
], ids=["no exchange", "wrong user id", "CC is no list", "internal exchange"])  # fmt: skip
def test_what_the_broker_closes_a_channel_over_is_refused(
    kind: str, exchange: str, properties: pika.BasicProperties, cause: str, q: str, plain, broker: Broker
) -> None:
    with Publisher(kind) as publisher:
        error = refusal(publisher, Refused, exchange, q, "x", properties=properties)
        about(error, exchange, q, broker)
        assert cause in str(error)
        assert error.cause is error.__cause__ is not None
        sent(publisher, "", q, "and it goes on")
    assert taken(plain) == [b"and it goes on"]


@pytest.mark.parametrize("where", [0, 50, 99])
def test_one_refused_message_among_100_fails_alone(where: int, q: str, plain, asynchronous: Publisher) -> None:
    calls = [Calls() for _ in range(100)]
    futures = [
        asynchronous.send_message("no-such" if number == where else "", q, str(number), callbacks=each.callbacks())
        for number, each in enumerate(calls)
    ]
    asynchronous.flush()
    assert [number for number, each in enumerate(futures) if each.exception(0)] == [where]
    assert isinstance(futures[where].exception(0), Refused)
    assert [each.heard for each in calls] == [["nack" if number == where else "ack"] for number in range(100)]
    arrived = dict.fromkeys(int(body) for body in taken(plain))
    assert list(arrived) == [number for number in range(100) if number != where], "in their order"


def test_several_refused_messages_among_others_fail_alone(q: str, plain, asynchronous: Publisher) -> None:
    wrong = {3, 4, 50, 97}
    futures = [asynchronous.send_message("no-such" if n in wrong else "", q, str(n)) for n in range(100)]
    asynchronous.flush()
    assert {number for number, each in enumerate(futures) if each.exception(0)} == wrong
    assert {int(body) for body in taken(plain)} == set(range(100)) - wrong


def test_all_outcomes_among_each_other_reach_their_own_message(q: str, plain, asynchronous: Publisher) -> None:
    plain.queue_declare("full", arguments=FULL)
    plain.basic_publish("", "full", "first")
    calls, futures = [Calls() for _ in range(300)], []
    for number, each in enumerate(calls):
        where = (q, "nowhere", "full")[number % 3]
        same = None if number % 2 else "one id for many"
        futures.append(asynchronous.send_message("", where, "x", callbacks=each.callbacks(), message_id=same))
    asynchronous.flush()
    kinds = [type(each.exception(0)) for each in futures]
    assert kinds == [type(None), Unroutable, Nacked] * 100
    assert [each.heard for each in calls] == [["ack"], ["nack"], ["nack"]] * 100
    assert len(taken(plain)) == 100


# callbacks and futures


@both_kinds
def test_of_the_callbacks_the_ack_is_called_once_when_the_message_is_stored(kind: str, q: str, held: Look) -> None:
    calls = Calls()
    with Publisher(kind) as publisher:
        sent(publisher, "", q, "x", callbacks=calls.callbacks())
        assert calls.heard == ["ack"]
        sent(publisher, "", q, "x", callbacks={})
        sent(publisher, "", q, "x", callbacks={"ack_callback": None})
        sent(publisher, "", q, "x", callbacks={"nack_callback": lambda: calls.heard.append("nack")})
    assert calls.heard == ["ack"]
    assert held(q).ready == 4


def test_a_callback_may_publish(q: str, plain, asynchronous: Publisher) -> None:
    left = iter(range(1, 50))
    done = threading.Event()

    def next_one() -> None:
        number = next(left, None)
        if number is None:
            done.set()
        else:
            asynchronous.send_message_to_queue(q, str(number), callbacks={"ack_callback": next_one})

    asynchronous.send_message_to_queue(q, "0", callbacks={"ack_callback": next_one})
    assert done.wait(60)
    assert taken(plain) == [str(number).encode() for number in range(50)]


def test_a_callback_may_publish_past_the_bound_without_a_wait(q: str, held: Look) -> None:
    with Publisher("async", max_unconfirmed=1) as publisher:

        def many() -> None:
            for _ in range(10):
                publisher.send_message_to_queue(q, "more")

        publisher.send_message_to_queue(q, "first", callbacks={"ack_callback": many}).result(60)
    assert held(q).ready == 11


@pytest.mark.parametrize("error", [ValueError("a fault of the callback"), SystemExit(3)], ids=repr)
@pytest.mark.parametrize("queue", ["q", "nowhere"])
def test_a_callback_that_raises_is_logged_and_the_rest_goes_on(
    error: BaseException, queue: str, q: str, held: Look, caplog: pytest.LogCaptureFixture
) -> None:
    def wrong() -> None:
        raise error

    calls, own = Calls(), Publisher("async", connection=Connection())
    own.start()
    try:
        wrong_ones = {"ack_callback": wrong, "nack_callback": wrong}
        futures = [own.send_message_to_queue(queue, "x", callbacks=wrong_ones) for _ in range(3)]
        own.send_message_to_queue(q, "x", callbacks=calls.callbacks()).result(60)
        assert [type(each.exception(5)) for each in futures] == [type(None) if queue == q else Unroutable] * 3
    finally:
        own.stop(1)
    assert calls.heard == ["ack"]
    assert caplog.text.count(type(error).__name__) >= 3
    assert held(q).ready == (4 if queue == q else 1)


def test_a_future_whose_callback_raises_holds_nothing_up(q: str, held: Look, caplog: pytest.LogCaptureFixture) -> None:
    own = Publisher("async", connection=Connection())
    own.start()
    try:
        for _ in range(3):
            own.send_message_to_queue(q, "x").add_done_callback(lambda _: sys.exit(3))
        own.send_message_to_queue(q, "x").result(60)
    finally:
        own.stop(1)
    assert held(q).ready == 4


def test_a_future_may_be_waited_for_and_called_back(q: str, asynchronous: Publisher) -> None:
    heard: list[object] = []
    future = asynchronous.send_message_to_queue(q, "x")
    future.add_done_callback(heard.append)
    assert future.result(60) is None
    assert future.exception() is None
    until(lambda: heard, [future])


def test_a_message_that_is_sent_cannot_be_cancelled(q: str, held: Look, asynchronous: Publisher) -> None:
    futures = [asynchronous.send_message_to_queue(q, "x") for _ in range(200)]
    assert {future.cancel() for future in futures} == {False}
    asynchronous.flush()
    assert [future.result(0) for future in futures] == [None] * 200
    assert held(q).ready == 200


@pytest.mark.parametrize("call", ["send", "flush"])
def test_what_would_wait_for_the_io_thread_in_the_io_thread_raises_at_once(
    call: str, q: str, sync: Publisher, asynchronous: Publisher
) -> None:
    heard: list[BaseException] = []

    def callback() -> None:
        try:
            sync.send_message_to_queue(q, "x") if call == "send" else asynchronous.flush()
        except LapinError as error:
            heard.append(error)

    watch = Stopwatch()
    asynchronous.send_message_to_queue(q, "x", callbacks={"ack_callback": callback}).result(60)
    assert [type(each) for each in heard] == [WrongThread]
    assert watch.seconds() < 5


# the bound


class HeldUp:
    """Holds the I/O thread in a callback, so that nothing is confirmed, until `go`."""

    def __init__(self, publisher: Publisher) -> None:
        self.arrived, self.go = threading.Event(), threading.Event()
        publisher.send_message_to_queue("q", "holds", callbacks={"ack_callback": self.hold})
        assert self.arrived.wait(60)

    def hold(self) -> None:
        self.arrived.set()
        self.go.wait(60)


@pytest.fixture
def bounded(q: str) -> Iterator[Publisher]:
    with Publisher("async", max_unconfirmed=4) as publisher:
        yield publisher


@pytest.fixture
def hold(bounded: Publisher) -> Iterator[HeldUp]:
    found = HeldUp(bounded)
    yield found
    found.go.set()


def test_past_max_unconfirmed_a_send_gives_up_after_its_timeout(bounded: Publisher, hold: HeldUp, held: Look) -> None:
    for _ in range(3):
        bounded.send_message_to_queue("q", "x")
    watch = Stopwatch()
    with pytest.raises(TimedOut) as found:
        bounded.send_message_to_queue("q", "one too many", timeout=0.3)
    assert watch.elapsed() >= 0.3
    assert watch.seconds() < 5
    assert found.value.routing_key == "q"
    hold.go.set()
    bounded.flush()
    bounded.send_message_to_queue("q", "x").result(60)
    assert held("q").ready == 5


def test_past_max_unconfirmed_a_send_waits_until_there_is_room(bounded: Publisher, hold: HeldUp, plain) -> None:
    for _ in range(3):
        bounded.send_message_to_queue("q", "x")
    with ThreadPoolExecutor(3) as pool:
        waiting = [pool.submit(bounded.send_message_to_queue, "q", "later") for _ in range(3)]
        until(lambda: bounded._outbox._waiters, 3)
        assert not any(each.done() for each in waiting)
        hold.go.set()
        for each in waiting:
            each.result(60).result(60)
    assert sorted(taken(plain)) == [b"holds", *[b"later"] * 3, *[b"x"] * 3]


def test_a_stop_ends_the_wait_for_room(bounded: Publisher, hold: HeldUp) -> None:
    for _ in range(3):
        bounded.send_message_to_queue("q", "x")
    with ThreadPoolExecutor(2) as pool:
        waiting = pool.submit(bounded.send_message_to_queue, "q", "never")
        until(lambda: bounded._outbox._waiters, 1)
        stopping = pool.submit(bounded.stop)
        with pytest.raises(Stopped):
            waiting.result(60)
        hold.go.set()
        stopping.result(60)


def test_a_sync_send_gives_up_after_its_timeout_and_says_that_nobody_knows(
    q: str, sync: Publisher, asynchronous: Publisher, held: Look
) -> None:
    hold = HeldUp(asynchronous)
    watch = Stopwatch()
    with pytest.raises(TimedOut, match="may be stored") as found:
        sync.send_message_to_queue(q, "x", timeout=0.3)
    assert watch.elapsed() >= 0.3
    assert watch.seconds() < 5
    assert found.value.routing_key == q
    hold.go.set()
    sync.send_message_to_queue(q, "and it goes on")
    assert held(q).ready == 2, "who was told that it failed sees no message later"


def test_flush_waits_for_all_that_was_sent_before_and_gives_up_after_its_timeout(
    bounded: Publisher, hold: HeldUp, held: Look
) -> None:
    for _ in range(3):
        bounded.send_message_to_queue("q", "x")
    with pytest.raises(TimedOut, match="4"):
        bounded.flush(0.2)
    hold.go.set()
    bounded.flush()
    assert held("q").ready == 4


def test_a_flush_of_nothing_returns_at_once(asynchronous: Publisher, sync: Publisher) -> None:
    watch = Stopwatch()
    asynchronous.flush()
    sync.flush()
    assert watch.seconds() < 5


def test_flush_is_over_once_refused_messages_are_told_too(q: str, asynchronous: Publisher) -> None:
    futures = [asynchronous.send_message("", where, "x") for where in (q, "nowhere", q)]
    asynchronous.flush()
    assert all(future.done() for future in futures)


# threads


@both_kinds
def test_eight_threads_on_one_publisher_send_each_message_once(kind: str, q: str, plain) -> None:
    each = 50 if kind == "sync" else 500

    def send(thread: int) -> None:
        for number in range(each):
            publisher.send_message_to_queue(q, f"{thread} {number}")

    with Publisher(kind) as publisher, ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(send, thread) for thread in range(8)]:
            done.result(30)
        publisher.flush()
        got = taken(plain)
    for thread in range(8):
        mine = [body for body in got if body.startswith(b"%d " % thread)]
        assert mine == [b"%d %d" % (thread, number) for number in range(each)], "once, and in the thread's order"
    assert len(got) == 8 * each


def test_threads_that_wait_on_one_sync_publisher_hear_of_their_own_message(q: str, sync: Publisher) -> None:
    def send(number: int) -> str:
        try:
            sync.send_message_to_queue(q if number % 2 else f"nowhere{number}", "x")
        except Unroutable as error:
            return error.routing_key
        return ""

    with ThreadPoolExecutor(8) as pool:
        heard = list(pool.map(send, range(200)))
    assert heard == ["" if number % 2 else f"nowhere{number}" for number in range(200)]


# from start to stop


@both_kinds
def test_before_its_start_a_publisher_says_so(kind: str) -> None:
    publisher = Publisher(kind)
    with pytest.raises(NotStarted, match="start"):
        publisher.send_message_to_queue("q", "x")
    with pytest.raises(NotStarted):
        publisher.flush()
    publisher.stop()


@both_kinds
def test_after_its_stop_a_publisher_says_so_until_it_is_started_again(kind: str, q: str, plain) -> None:
    publisher = Publisher(kind)
    for number in range(3):
        publisher.start()
        publisher.start()
        sent(publisher, "", q, str(number))
        publisher.stop()
        publisher.stop()
        with pytest.raises(Stopped):
            publisher.send_message_to_queue(q, "x")
        with pytest.raises(Stopped):
            publisher.flush()
    assert taken(plain) == [b"0", b"1", b"2"]


def test_stop_waits_until_all_that_was_sent_is_confirmed(q: str, held: Look) -> None:
    publisher = Publisher("async")
    publisher.start()
    futures = [publisher.send_message_to_queue(q, "x") for _ in range(3000)]
    publisher.stop()
    assert all(future.done() and not future.exception(0) for future in futures)
    assert held(q).ready == 3000


def test_a_stop_that_may_not_wait_so_long_says_how_many_are_unconfirmed_and_tells_each(q: str) -> None:
    publisher = Publisher("async")
    publisher.start()
    hold, calls = HeldUp(publisher), Calls()
    futures = [publisher.send_message_to_queue(q, "x", callbacks=calls.callbacks()) for _ in range(5)]
    with ThreadPoolExecutor(1) as pool:
        stopping = pool.submit(publisher.stop, 0.3)
        begun = time.monotonic()
        until(lambda: time.monotonic() > begun + 0.5)
        hold.go.set()
        with pytest.raises(TimedOut, match="6"):
            stopping.result(60)
    assert all(future.done() for future in futures)
    assert len(calls.heard) == 5
    with pytest.raises(Stopped):
        publisher.send_message_to_queue(q, "x")


def test_a_callback_may_stop_its_publisher_which_may_be_started_again(q: str, held: Look) -> None:
    publisher = Publisher("async")
    for _ in range(2):
        publisher.start()
        calls = Calls()
        publisher.send_message_to_queue(q, "x", callbacks={"ack_callback": publisher.stop})
        for _ in range(50):
            try:
                publisher.send_message_to_queue(q, "x", callbacks=calls.callbacks())
            except Stopped:
                break
        until(lambda: [each for each in threading.enumerate() if each.name.startswith("lapinmq")], [])
        with pytest.raises(Stopped):
            publisher.send_message_to_queue(q, "x")
        assert set(calls.heard) <= {"ack"}, "what it had taken is sent"
    publisher.start()
    publisher.send_message_to_queue(q, "x").result(60)
    publisher.stop()


def test_several_threads_may_start_and_stop_one_publisher_at_once(q: str, held: Look) -> None:
    publisher = Publisher("async")
    for _ in range(10):
        with ThreadPoolExecutor(4) as pool:
            for each in [pool.submit(publisher.start) for _ in range(4)]:
                each.result(60)
            publisher.send_message_to_queue(q, "x").result(60)
            for each in [pool.submit(publisher.stop) for _ in range(4)]:
                each.result(60)
    assert held(q).ready == 10


def test_a_with_statement_stops_also_after_an_error(q: str) -> None:
    publisher, futures = Publisher("async"), []

    def fail() -> None:
        with publisher:
            futures.append(publisher.send_message_to_queue(q, "x"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert futures[0].result(0) is None
    with pytest.raises(Stopped):
        publisher.send_message_to_queue(q, "x")


def test_a_user_without_the_permission_to_write_is_refused(
    broker: Broker, vhost: str, plain, q: str, held: Look
) -> None:
    management = Management(broker)
    management._ask("PUT", "users/lapinmq-reader", json={"password": "reader", "tags": ""})
    try:
        rights = {"configure": "", "write": "", "read": ".*"}
        management._ask("PUT", f"permissions/{vhost}/lapinmq-reader", json=rights)
        where = broker.parameters(vhost)
        where.credentials = pika.PlainCredentials("lapinmq-reader", "reader")
        with Publisher(connection=Connection([where])) as publisher:
            assert "access" in str(refusal(publisher, Refused, "amq.direct", q, "x"))
        where.credentials = pika.PlainCredentials("lapinmq-reader", "wrong")
        with pytest.raises(AuthenticationFailed, match="lapinmq-reader"):
            Publisher(connection=Connection([where])).start()
    finally:
        management._ask("DELETE", "users/lapinmq-reader")
    assert held(q).ready == 0

"""MessageQueue, Consumer and Worker keep what their docstrings promise, also between threads; plain pika looks on."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from urllib.parse import quote

import pika
import psutil
import pytest
import requests
from pika.exceptions import AMQPError
from waiting import until

from brokers.broker import Broker
from brokers.management import Management
from endings import BrokerError, NotText, WorkError
from rabbit import HALT, Consumer, MessageQueue, Worker

Held = Callable[[str], tuple[int, int | None, int]]


class Aside(threading.Thread):
    """A call in a thread of its own; result() waits for its end and raises what it raised."""

    def __init__(self, call: Callable[[], object]) -> None:
        super().__init__(name="aside", daemon=True)
        self.call, self.error = call, None
        self.start()

    def run(self) -> None:
        try:
            self.call()
        except BaseException as error:  # result() raises it
            self.error = error

    def result(self) -> None:
        self.join(60)
        assert not self.is_alive(), "it hangs"
        if self.error:
            raise self.error


def here(call: Callable[[], object]) -> None:
    call()


def elsewhere(call: Callable[[], object]) -> None:
    Aside(call).result()


from_any_thread = pytest.mark.parametrize("thread", [here, elsewhere])


@pytest.fixture
def mq(vhost: str) -> Iterator[MessageQueue]:
    with MessageQueue("q") as mq:
        yield mq


@pytest.fixture
def place(broker: Broker, vhost: str) -> str:
    return f"queue q at {broker.host}:{broker.port} (vhost {vhost}): "


@pytest.fixture
def heartbeat_of_a_second(broker: Broker, vhost: str, plain, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what is opened from here on, not `plain`, have a heartbeat of a second."""
    login = f"{quote(broker.username, safe='')}:{quote(broker.password, safe='')}"
    monkeypatch.setenv("RABBITMQ_URL", f"amqp://{login}@{broker.host}:{broker.port}/{vhost}?heartbeat=1")


def taken(plain, queue: str = "q") -> list[str]:
    """Take all that waits on the queue."""
    return [body.decode() for _, _, body in iter(lambda: plain.basic_get(queue, auto_ack=True), (None, None, None))]


class Keeper(Consumer):
    """Keeps what it gets, and holds each message until `go` is set."""

    def __init__(self, name: str = "Keeper", queue: str = "q") -> None:
        super().__init__(name, queue)
        self.got, self.go = [], threading.Event()

    def work(self, message: str) -> None:
        assert self.go.wait(60)
        self.got.append(message)


class Passer(Worker):
    """Passes its messages on, then holds each until `go` is set."""

    def __init__(self) -> None:
        super().__init__("Passer", "q", "out")
        self.go = threading.Event()

    def work(self, message: str) -> None:
        self.write(message)
        assert self.go.wait(60)


class Failer(Consumer):
    def work(self, message: str) -> None:
        raise ValueError(f"cannot do {message}")


# publish


def test_what_publish_returned_for_waits_on_the_queue_persistent_and_with_an_id(mq, plain) -> None:
    mq.publish("zwölf")
    mq.publish("zwölf")
    (_, first, body), (_, second, _) = plain.basic_get("q", auto_ack=True), plain.basic_get("q", auto_ack=True)
    assert body == "zwölf".encode()
    assert first.delivery_mode == 2
    assert first.message_id, "it was published without a message_id, by which a duplicate is told"
    assert second.message_id not in (None, first.message_id)


def test_the_queue_is_durable_and_classic(mq, broker, vhost) -> None:
    (queue,) = Management(broker).queues(vhost)
    told = {key: queue[key] for key in ("name", "durable", "auto_delete", "exclusive", "type")}
    assert told == {"name": "q", "durable": True, "auto_delete": False, "exclusive": False, "type": "classic"}


def test_messages_wait_for_a_consumer_that_comes_later(mq, plain) -> None:
    for word in ("a", "b", "c"):
        mq.publish(word)
    mq.close()
    assert taken(plain) == ["a", "b", "c"]


def test_publish_to_a_queue_that_was_deleted_raises(mq, plain, place) -> None:
    plain.queue_delete("q")
    with pytest.raises(BrokerError) as raised:
        mq.publish("lost?")
    assert str(raised.value) == (
        f"{place}the message was not stored, since the queue is gone (deleted after it was opened); "
        "run this again to declare it anew"
    )


def test_publish_raises_when_the_broker_answers_that_it_did_not_store_the_message(broker, vhost, held, place) -> None:
    policy = {"pattern": "^q$", "definition": {"max-length": 1, "overflow": "reject-publish"}}
    management = Management(broker)
    requests.put(
        f"{management.root}/policies/{vhost}/full", json=policy, auth=management.login, timeout=90
    ).raise_for_status()
    with MessageQueue("q") as mq:
        mq.publish("fits")
        with pytest.raises(BrokerError) as raised:
            mq.publish("does not")
    assert str(raised.value) == (
        f"{place}the broker did not store the message (negative acknowledgement); publish it again"
    )
    assert held("q") == (1, 0, 0)


@pytest.mark.parametrize("message", [b"bytes", 42, None, ["list"], {"a": 1}], ids=repr)
def test_publish_takes_text_and_nothing_else(mq, plain, message: object) -> None:
    with pytest.raises(NotText, match=f"^queue q: .* not {type(message).__name__}; "):
        mq.publish(message)
    assert taken(plain) == []


@pytest.mark.parametrize("name", ["", None, 7], ids=repr)
def test_a_queue_needs_a_name(vhost: str, name: object) -> None:
    with pytest.raises(BrokerError, match="a queue's name is text"):
        MessageQueue(name)


def test_a_name_of_more_than_255_bytes_is_said_to_be_too_long(vhost: str) -> None:
    with pytest.raises(BrokerError, match="a queue's name has at most 255 bytes"):
        MessageQueue("ü" * 128)


def test_a_queue_that_cannot_be_declared_leaves_no_connection_open(broker, plain) -> None:
    plain.queue_declare("q", durable=True, auto_delete=True)
    before = connections(broker.port)
    with pytest.raises(BrokerError, match="declared with other arguments") as raised:
        MessageQueue("q")
    assert not connections(broker.port) - before, raised


def connections(port: int) -> set[int]:
    """Return the ports of this end of this process's connections to `port`."""
    found = psutil.Process().net_connections("tcp")
    return {each.laddr.port for each in found if each.raddr and each.raddr.port == port}


def test_an_argument_that_is_not_utf_8_goes_as_the_bytes_that_the_terminal_gave(mq, plain) -> None:
    mq.publish(b"caf\xe9".decode(errors="surrogateescape"))  # what sys.argv holds then
    assert plain.basic_get("q", auto_ack=True)[2] == b"caf\xe9"


def test_half_a_character_is_refused_with_its_reason(mq, plain) -> None:
    with pytest.raises(BrokerError, match="half a character"):
        mq.publish("\ud800")
    assert taken(plain) == []


def test_publish_after_close_says_that_it_is_closed(mq, place) -> None:
    mq.close()
    with pytest.raises(BrokerError) as raised:
        mq.publish("late")
    assert str(raised.value) == f"{place}it is closed; open the MessageQueue again"


# register, start, ack


def test_a_callback_gets_text_and_what_tells_a_message_from_another(mq) -> None:
    got = []

    def callback(channel, method, properties, message) -> None:
        got.append((channel is mq.channel, method.redelivered, properties.content_type, message))
        mq.ack(method)
        mq.stop()

    mq.register(callback)
    mq.publish("zwölf")
    mq.start()
    assert got == [(True, False, "text/plain", "zwölf")]


@pytest.mark.chapter6
def test_stop_and_then_ack_in_the_callback_leaves_nothing(mq, held) -> None:
    def callback(channel, method, properties, message) -> None:
        mq.stop()
        mq.ack(method)

    mq.register(callback)
    mq.publish(HALT)
    mq.start()
    assert held("q") == (0, 0, 0)


@pytest.mark.chapter4
def test_a_plain_queue_hands_out_every_message_though_none_is_acknowledged(mq, held) -> None:
    for n in range(50):
        mq.publish(str(n))
    got = []
    mq.register(lambda channel, method, properties, message: got.append(message))
    consuming = Aside(mq.start)
    until(lambda: len(got), 50)
    assert held("q") == (0, 50, 1)
    mq.stop()
    consuming.result()


def test_an_empty_message_arrives_as_empty_text(mq) -> None:
    got = []
    mq.register(lambda channel, method, properties, message: (got.append(message), mq.ack(method), mq.stop()))
    mq.publish("")
    mq.start()
    assert got == [""]


def test_bytes_that_are_not_utf_8_are_shown_and_said_and_do_not_stop_a_consumer(vhost, plain, held, capsys) -> None:
    keeper = Keeper()
    keeper.go.set()
    for body in (b"caf\xe9", b"next", b"HALT"):
        plain.basic_publish("", "q", body)
    keeper.start()
    assert keeper.got == [r"caf\xe9", "next"]
    assert held("q") == (0, 0, 0)
    assert capsys.readouterr().err == (
        "queue q: a message of 4 bytes is not UTF-8 (byte 3); such bytes are shown as \\xNN\n"
    )


@pytest.mark.parametrize("error", [OSError("disk full"), ConnectionResetError("elsewhere"), AMQPError("own")], ids=repr)
def test_what_a_callback_raises_comes_out_as_it_is_and_its_message_goes_back(mq, held, error: Exception) -> None:
    def callback(channel, method, properties, message) -> None:
        raise error

    mq.register(callback)
    mq.publish("x")
    with pytest.raises(type(error)) as raised:
        mq.start()
    assert raised.value is error
    mq.close()
    until(lambda: held("q"), (1, 0, 0))


def test_a_queue_deleted_under_start_is_an_error_and_not_silence(mq, plain, held, place) -> None:
    consuming = Aside(mq.start)
    until(lambda: held("q"), (0, 0, 1))
    plain.queue_delete("q")
    with pytest.raises(BrokerError) as raised:
        consuming.result()
    assert str(raised.value) == (
        f"{place}the queue was deleted while this consumed from it, with all its messages; "
        "run this again to declare it anew"
    )


def test_a_message_acknowledged_twice_is_an_error_that_says_so(mq) -> None:
    mq.register(lambda channel, method, properties, message: (mq.ack(method), mq.ack(method)))
    mq.publish("x")
    with pytest.raises(BrokerError, match="acknowledged twice"):
        mq.start()


# stop and close


def test_stop_from_another_thread_ends_start(mq, held) -> None:
    consuming = Aside(mq.start)
    until(lambda: held("q"), (0, 0, 1))
    mq.stop()
    consuming.result()
    assert held("q") == (0, 0, 0)


@from_any_thread
def test_stop_before_start_ends_that_start_and_no_later_one(mq, thread) -> None:
    mq.register(lambda channel, method, properties, message: (mq.ack(method), mq.stop()))
    thread(mq.stop)
    mq.start()
    consuming = Aside(mq.start)
    consuming.join(0.2)
    assert consuming.is_alive()
    mq.stop()
    consuming.result()


@from_any_thread
def test_stop_twice_is_as_stop_once(mq, held, thread) -> None:
    def callback(channel, method, properties, message) -> None:
        thread(mq.stop)
        thread(mq.stop)
        mq.ack(method)

    mq.register(callback)
    for word in ("a", "b"):
        mq.publish(word)
        mq.start()
    assert held("q") == (0, 0, 0)


@from_any_thread
def test_stop_after_close_does_nothing(mq, thread) -> None:
    mq.close()
    thread(mq.stop)


def test_a_hundred_races_of_start_with_two_stops_hang_never_and_lose_nothing(mq, plain, held) -> None:
    got = []

    def callback(channel, method, properties, message) -> None:
        got.append(message)
        mq.ack(method)
        if len(got) == 100:
            mq.stop()

    mq.register(callback)
    for n in range(100):
        mq.publish(str(n))
        consuming = Aside(mq.start)
        consuming.join(n / 10_000)  # the stops come a little later each time
        stopping = [Aside(mq.stop), Aside(mq.stop)]
        for each in (*stopping, consuming):
            each.result()
    until(lambda: held("q")[1:], (0, 0))
    while len(got) < 100:
        mq.start()  # a stop that came after its start had ended lets this one return at once
    assert sorted(got, key=int) == [str(n) for n in range(100)]
    assert held("q") == (0, 0, 0)


@from_any_thread
def test_messages_that_waited_in_the_client_at_stop_go_back_in_their_order(mq, plain, held, thread) -> None:
    got = []

    def callback(channel, method, properties, message) -> None:
        got.append(message)
        until(lambda: held("q"), (0, 10, 1))
        thread(mq.stop)
        mq.ack(method)

    mq.register(callback)
    for n in range(10):
        mq.publish(str(n))
    mq.start()
    assert got == ["0"]
    until(lambda: held("q"), (9, 0, 0))
    assert taken(plain) == [str(n) for n in range(1, 10)]


@pytest.mark.chapter4
def test_close_gives_back_what_was_not_acknowledged(mq, plain, held) -> None:
    mq.register(lambda channel, method, properties, message: mq.stop())
    mq.publish("x")
    mq.start()
    assert held("q") == (0, 1, 0)
    mq.close()
    until(lambda: held("q"), (1, 0, 0))
    assert plain.basic_get("q", auto_ack=True)[0].redelivered


def test_with_closes_and_a_second_close_is_nothing(vhost: str) -> None:
    with MessageQueue("q") as mq:
        assert mq.connection.is_open
    assert mq.connection.is_closed
    mq.close()


def test_with_closes_after_an_error_and_does_not_hide_it(vhost: str) -> None:
    with pytest.raises(ZeroDivisionError), MessageQueue("q") as mq:
        raise ZeroDivisionError
    assert mq.connection.is_closed


# threads


@pytest.mark.parametrize(
    ("doing", "use"),
    [("publish", lambda mq: mq.publish("x")), ("ack", lambda mq: mq.ack(None)), ("close", lambda mq: mq.close())],
)
def test_a_second_thread_gets_one_clear_error(mq, held, place, doing: str, use) -> None:
    consuming = Aside(mq.start)
    until(lambda: held("q"), (0, 0, 1))
    with pytest.raises(BrokerError) as raised:
        use(mq)
    assert str(raised.value) == (
        f"{place}{doing}() was called in the thread MainThread, but this MessageQueue is in use in the thread aside, "
        "and a connection is for one thread; open a MessageQueue in each"
    )
    mq.stop()
    consuming.result()
    mq.publish("its thread has ended")


# heartbeats: both wait for the broker to close a connection that nobody serves, which it does after three of them


@pytest.mark.usefixtures("heartbeat_of_a_second")
def test_work_longer_than_three_heartbeats_loses_the_connection_and_says_so_and_the_message_comes_again(held) -> None:
    def callback(channel, method, properties, message) -> None:
        until(lambda: held("q"), (1, 0, 0))  # the work
        mq.ack(method)

    with MessageQueue("q") as mq:
        mq.register(callback)
        mq.publish("long")
        with pytest.raises(BrokerError, match=r"the connection was lost .* three heartbeats; .*back on the queue"):
            mq.start()
    assert held("q") == (1, 0, 0)


@pytest.mark.usefixtures("heartbeat_of_a_second")
def test_a_worker_that_waited_for_three_heartbeats_can_still_write(broker, vhost, plain, held) -> None:
    passer = Passer()
    passer.go.set()
    working = Aside(passer.start)
    until(lambda: held("q"), (0, 0, 1))
    with unserved(broker, vhost, "unserved"):
        until(lambda: held("unserved"), (0, 0, 0))  # the broker has closed that connection
    for word in ("late", HALT):
        plain.basic_publish("", "q", word)
    working.result()
    assert taken(plain, "out") == ["late", HALT]


@contextmanager
def unserved(broker: Broker, vhost: str, queue: str) -> Iterator[None]:
    """Consume from a queue on a connection with a heartbeat of a second that nobody serves."""
    parameters = broker.parameters(vhost)
    parameters.heartbeat = 1
    connection = pika.BlockingConnection(parameters)
    connection.channel().queue_declare(queue, durable=True)
    connection.channel().basic_consume(queue, print)
    yield
    with suppress(AMQPError):
        connection.close()


# Consumer and Worker


@pytest.mark.parametrize("kind", [Keeper, Passer])
@pytest.mark.chapter8
def test_a_stage_is_handed_one_message_at_a_time(vhost, plain, held, kind) -> None:
    stage = kind()
    for word in ("a", "b", "c"):
        plain.basic_publish("", "q", word)
    working = Aside(stage.start)
    until(lambda: held("q"), (2, 1, 1))
    stage.stop()
    stage.go.set()
    working.result()
    assert plain.basic_get("q")[2] == b"b"
    never_handed_out, _, body = plain.basic_get("q")
    assert (body, never_handed_out.redelivered) == (b"c", False)


@pytest.mark.parametrize(("limit", "fast_does", "slow_holds"), [(1, 19, 1), (0, 10, 10)], ids=["limit 1", "no limit"])
@pytest.mark.chapter8
def test_without_the_prefetch_limit_a_slow_consumer_hoards(vhost, plain, held, limit, fast_does, slow_holds) -> None:
    slow, fast = Keeper("slow"), Keeper("fast")
    if not limit:
        for stage in (slow, fast):
            stage.input.channel.basic_qos(prefetch_count=0)
    fast.go.set()
    working = [Aside(slow.start), Aside(fast.start)]
    until(lambda: held("q"), (0, 0, 2))
    for n in range(20):
        plain.basic_publish("", "q", str(n))
    until(lambda: held("q"), (0, slow_holds, 2))
    assert len(fast.got) == fast_does
    slow.go.set()
    for stage, thread in zip((slow, fast), working, strict=True):
        stage.stop()
        thread.result()


def test_a_consumer_halts_on_the_poison_pill_and_leaves_nothing(vhost, plain, held, capsys) -> None:
    keeper = Keeper()
    keeper.go.set()
    for word in ("a", HALT):
        plain.basic_publish("", "q", word)
    keeper.start()
    assert keeper.got == ["a"]
    assert held("q") == (0, 0, 0)
    assert not keeper.failed
    assert capsys.readouterr().out == "Keeper starting\nHalting consumer Keeper\nKeeper halted.\n"


def test_a_consumer_that_is_stopped_finishes_the_message_in_hand(vhost, plain, held) -> None:
    keeper = Keeper()
    for word in ("a", "b"):
        plain.basic_publish("", "q", word)
    working = Aside(keeper.start)
    until(lambda: held("q"), (1, 1, 1))
    keeper.stop()
    keeper.go.set()
    working.result()
    assert keeper.got == ["a"]
    assert taken(plain) == ["b"]


def test_work_that_raises_gives_its_message_back_and_the_error_names_the_consumer(vhost, plain, held) -> None:
    failer = Failer("Fred", "q")
    plain.basic_publish("", "q", "x")
    with pytest.raises(WorkError) as raised:
        failer.start()
    assert str(raised.value) == (
        "Fred: the work on 'x' raised ValueError: cannot do x; "
        "the message went back to queue q; mend work(), then run this again"
    )
    assert isinstance(raised.value.__cause__, ValueError)
    assert failer.failed
    until(lambda: held("q"), (1, 0, 0))
    assert plain.basic_get("q", auto_ack=True)[0].redelivered


def test_a_consumer_without_work_says_what_it_needs(vhost, plain) -> None:
    bare = Consumer("Bare", "q")
    plain.basic_publish("", "q", "x")
    with pytest.raises(WorkError, match=r"class Consumer needs a method work\(self, message\)"):
        bare.start()


def test_a_consumer_whose_queue_is_deleted_fails(vhost, plain, held) -> None:
    keeper = Keeper()
    working = Aside(keeper.start)
    until(lambda: held("q"), (0, 0, 1))
    plain.queue_delete("q")
    with pytest.raises(BrokerError, match="the queue was deleted while this consumed from it"):
        working.result()
    assert keeper.failed


@pytest.mark.chapter7
def test_a_workers_input_is_not_acknowledged_before_its_output_is_stored(vhost, plain, held) -> None:
    passer = Passer()
    plain.basic_publish("", "q", "x")
    working = Aside(passer.start)
    until(lambda: (held("q"), held("out")), ((0, 1, 1), (1, 0, 0)))
    passer.stop()
    passer.go.set()
    working.result()
    assert held("q") == (0, 0, 0)


@pytest.mark.parametrize("message", ["x", HALT])
@pytest.mark.chapter7
def test_what_a_worker_cannot_pass_on_goes_back_to_its_input(vhost, plain, held, message: str) -> None:
    passer = Passer()
    passer.go.set()
    plain.queue_delete("out")
    plain.basic_publish("", "q", message)
    with pytest.raises(WorkError, match=r"^Passer: .* queue out .* was not stored") as raised:
        passer.start()
    assert isinstance(raised.value.__cause__, BrokerError)
    assert passer.failed
    until(lambda: held("q"), (1, 0, 0))


@pytest.mark.chapter7
def test_a_worker_passes_the_poison_pill_on_before_it_halts(vhost, plain, held, capsys) -> None:
    passer = Passer()
    plain.basic_publish("", "q", HALT)
    passer.start()
    assert taken(plain, "out") == [HALT]
    assert held("q") == (0, 0, 0)
    assert capsys.readouterr().out == "Passer starting\nHalting worker Passer\nPasser halted.\n"


@pytest.mark.usefixtures("heartbeat_of_a_second")
def test_the_error_of_the_work_is_told_also_when_the_connection_was_lost_meanwhile(vhost: str, plain) -> None:
    class Slow(Consumer):
        def work(self, message: str) -> None:
            threading.Event().wait(5)
            raise ValueError(f"cannot do {message}")

    slow = Slow("Slow", "q")
    plain.basic_publish("", "q", "x")
    with pytest.raises(WorkError, match=r"^Slow: the work on 'x' raised ValueError: cannot do x; "):
        slow.start()


def test_what_is_raised_inside_with_is_told_also_when_close_fails(vhost: str) -> None:
    mq, end = MessageQueue("q"), threading.Event()
    mine, mq.connection.owner = mq.connection.owner, Aside(end.wait)
    with pytest.raises(ValueError, match="mine"), mq:
        raise ValueError("mine")  # and close() raises that the connection is another thread's
    end.set()
    mq.connection.owner = mine
    mq.close()


@pytest.mark.parametrize("end", ["mq.close()", "channel.stop_consuming()"])
def test_a_callback_that_ends_consuming_in_its_own_way_is_no_deleted_queue(mq, end: str) -> None:
    mq.register(lambda channel, method, properties, message: eval(end, {"mq": mq, "channel": channel}))
    mq.publish("x")
    mq.start()

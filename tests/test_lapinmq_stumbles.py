"""What one stumble may cost: one message, one start or one attempt; never the connection that others share."""

import copy
import logging
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pika
import pytest
from conftest import ROOT, Held
from pika.connection import Parameters
from waiting import Stopwatch, run, until

from brokers.broker import Broker
from lapinmq.address import addresses
from lapinmq.connection import Connection
from lapinmq.consumer import Consumer
from lapinmq.errors import AuthenticationFailed, BadAddress, ConnectionLost, Nacked, Refused
from lapinmq.message import Message, MessageStatus
from lapinmq.publisher import Publisher
from lapinmq.queues import Binding

Look = Callable[[str], Held]
NOTHING = (0, 0, 1)
LATER, NEVER, DONE = MessageStatus.FAIL_RETRY_LATER, MessageStatus.FAIL_DO_NOT_RETRY, MessageStatus.SUCCESS
HANDLED = MessageStatus.HANDLED_VIA_CALLBACK
START_OK, OPEN = b"PLAIN", b"\x00\x0a\x00\x28"
"""What a client sends during its login."""


@pytest.fixture(autouse=True)
def ended(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """See that a test leaves no thread and had no error in the I/O thread."""
    before = set(threading.enumerate())
    yield
    until(lambda: [each.name for each in set(threading.enumerate()) - before if each.name.startswith("lapinmq")], [])
    assert "the I/O thread met an error" not in caplog.text


class Proxy:
    """Passes on, in one thread, what clients and the broker say; cuts where `judge` says so, or answers in its place.

    `judge` sees what a client sends and returns None to pass it on, else what the client gets before the end.
    """

    def __init__(self, where: Parameters) -> None:
        self._broker = (where.host, where.port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.where = copy.copy(where)
        self.where.host, self.where.port = self._listener.getsockname()[:2]
        self.judge: Callable[[bytes], bytes | None] = lambda data: None
        self.refusing = self._ending = False
        self._pairs: dict[socket.socket, socket.socket] = {}
        self._clients: set[socket.socket] = set()
        self._cutting = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def cut(self) -> None:
        """End all connections."""
        self._cutting.set()
        until(self._cutting.is_set, False)

    def end(self) -> None:
        """Stop."""
        self._ending = True
        self._thread.join(60)

    def _run(self) -> None:
        while not self._ending:
            if self._cutting.is_set():
                self._drop(*self._pairs)
                self._cutting.clear()
            for each in select.select([self._listener, *self._pairs], [], [], 0.02)[0]:
                if each is self._listener:
                    self._accept()
                elif each in self._pairs:
                    with suppress(OSError):
                        if self._pass_on(each):
                            continue
                    self._drop(each, self._pairs[each])
        self._drop(*self._pairs, self._listener)

    def _accept(self) -> None:
        client = self._listener.accept()[0]
        if self.refusing:
            client.close()
            return
        server = socket.create_connection(self._broker)
        self._pairs |= {client: server, server: client}
        self._clients.add(client)

    def _pass_on(self, source: socket.socket) -> bool:
        data = source.recv(65536)
        said = self.judge(data) if source in self._clients else None
        if said is not None:
            source.sendall(said)
            return False
        self._pairs[source].sendall(data)
        return bool(data)

    def _drop(self, *sockets: socket.socket) -> None:
        for each in sockets:
            self._pairs.pop(each, None)
            self._clients.discard(each)
            each.close()


@pytest.fixture
def proxy(broker: Broker, vhost: str) -> Iterator[Proxy]:
    """A proxy before the broker."""
    made = Proxy(broker.parameters(vhost))
    yield made
    made.end()


@pytest.fixture
def queues(plain) -> None:
    """The three queues of the consumers here."""
    for name in ("q", "q.retry", "q.dead"):
        plain.queue_declare(name, durable=True)


def close(code: int, text: str) -> bytes:
    """Return a frame in which the broker closes the connection."""
    return bytes(pika.frame.Method(0, pika.spec.Connection.Close(code, text, 0, 0)).marshal())


def once(words: bytes, said: bytes) -> Callable[[bytes], bytes | None]:
    """Return a judge that says this once, to the first who sends these words."""
    left = [said]
    return lambda data: left.pop() if words in data and left else None


def done(message: Message) -> MessageStatus:
    return DONE


def put(plain, queue: str, body: str, **named: Any) -> None:
    plain.basic_publish("", queue, body, pika.BasicProperties(**named))


# the connection


@pytest.mark.parametrize("said", [b"", close(320, "CONNECTION_FORCED - shutdown")], ids=["cut", "broker shuts down"])
@pytest.mark.parametrize("stage", [START_OK, OPEN], ids=["start-ok", "open"])
@pytest.mark.parametrize("first", [True, False], ids=["first", "later"])
def test_a_login_that_is_cut_off_is_tried_again(
    first: bool, stage: bytes, said: bytes, proxy: Proxy, queues: None, held: Look
) -> None:
    connection = Connection([proxy.where])
    if first:
        proxy.judge = once(stage, said)
    with Publisher("async", connection=connection) as publisher, Consumer("q", done, connection=connection):
        if not first:
            proxy.judge = once(stage, said)
            proxy.cut()
        publisher.send_message_to_queue("q", "x").result(8)
        until(lambda: held("q"), NOTHING)


def test_after_a_refused_login_start_tries_anew(proxy: Proxy, queues: None, held: Look) -> None:
    connection = Connection([proxy.where])
    publisher, consumer = Publisher(connection=connection), Consumer("q", done, connection=connection)
    publisher.start()
    consumer.start()
    proxy.judge = lambda data: close(403, "ACCESS_REFUSED - no") if START_OK in data else None
    proxy.cut()

    def refused() -> bool:
        try:
            publisher.send_message_to_queue("q", "x", timeout=1)
        except AuthenticationFailed:
            return True
        except ConnectionLost:
            pass
        return False

    until(refused)
    proxy.judge = lambda data: None
    publisher.start()
    consumer.start()
    publisher.send_message_to_queue("q", "x")
    until(lambda: held("q"), NOTHING)
    publisher.stop()
    consumer.stop()


def test_in_a_forked_child_start_says_so_and_after_stop_it_works(vhost: str, plain) -> None:
    plain.queue_declare("q", durable=True)
    child = run(ROOT, "-W", "ignore", "-c", """
import os, time
from lapinmq import Consumer, MessageStatus, Publisher
p, c = Publisher(), Consumer("other", lambda m: MessageStatus.SUCCESS)
p.start(); c.start()
if os.fork() == 0:
    try:
        for what in p.start, c.start, p.flush:
            try:
                what(); print("silent")
            except Exception as error:
                print(type(error).__name__)
        p.stop(); c.stop(); p.start(); c.start()
        p.send_message_to_queue("q", "x"); print("sent", flush=True)
        p.stop(); c.stop()
    finally:
        os._exit(0)
os.wait(); p.stop(); c.stop()
""")  # fmt: skip
    assert child.stdout.split() == ["Forked", "Forked", "Forked", "sent"], child.stderr


@pytest.mark.parametrize("kind", ["publisher", "consumer"])
def test_the_start_for_which_there_is_no_channel_fails_and_the_others_go_on(
    kind: str, broker: Broker, vhost: str, queues: None, caplog: pytest.LogCaptureFixture
) -> None:
    where = broker.parameters(vhost)
    where.channel_max = 2
    connection = Connection([where])
    with Publisher(connection=connection) as one, Publisher(connection=connection) as other:
        late = Publisher(connection=connection) if kind == "publisher" else Consumer("q", done, connection=connection)
        with pytest.raises(Refused, match="channel"):
            late.start(3)
        for each in (one, other):
            each.send_message_to_queue("q", "x", timeout=3)
    assert "trying again" not in caplog.text


def test_the_heartbeat_is_10_s_also_where_the_hosts_are_given(broker: Broker, vhost: str) -> None:
    given = broker.parameters(vhost)
    with Publisher(connection=Connection([given])) as publisher:
        assert publisher._outbox
        assert publisher._outbox.link.where.heartbeat == 10
    with Publisher(connection=Connection([given], heartbeat=0)) as publisher:
        assert publisher._outbox
        assert publisher._outbox.link.where.heartbeat == 0
    assert given.heartbeat is None, "the user's own is not changed"


def test_a_connection_to_no_host_is_refused() -> None:
    with pytest.raises(ValueError, match="hosts"):
        Connection([])


@pytest.mark.parametrize("host", ["user:secret@host", "amqp://user:secret@host", "amqp://user:secret@host:5672/"])
def test_a_url_in_the_place_of_a_host_is_refused_without_its_password(host: str) -> None:
    with pytest.raises(BadAddress, match="RABBITMQ_URL") as told:
        addresses({"RABBITMQ_HOST": host})
    assert "secret" not in str(told.value)


# the publisher


def test_properties_larger_than_a_frame_fail_alone(vhost: str, queues: None, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with Publisher("async") as large, Publisher("async") as other:
        headers = pika.BasicProperties(headers={"trace": "z" * 140_000})
        bad = large.send_message_to_queue("q", "x", properties=headers)
        for each in (large, other):
            each.send_message_to_queue("q", "y").result(60)
        with pytest.raises(Refused, match="frame"):
            bad.result(60)
    assert "trying again" not in caplog.text


def test_a_queue_that_stays_full_is_told_as_full(vhost: str, plain) -> None:
    plain.queue_declare("full", arguments={"x-max-length": 1, "x-overflow": "reject-publish"})
    put(plain, "full", "x")
    with Publisher(timeout=1) as publisher:
        deadline = time.monotonic() + 2.5
        while time.monotonic() < deadline:
            with pytest.raises(Nacked):
                publisher.send_message_to_queue("full", "y")


def test_flush_after_a_stop_in_a_callback_returns_at_once(vhost: str) -> None:
    publisher, stopped = Publisher("async"), threading.Event()
    publisher.start()
    outbox = publisher._outbox
    assert outbox

    def stop() -> None:
        publisher.stop()
        stopped.set()

    publisher.send_message_to_queue("none", "x", callbacks={"nack_callback": stop})
    assert stopped.wait(60)
    until(outbox.closed_for_good.is_set)
    watch = Stopwatch()
    publisher.flush(4)
    assert watch.seconds() < 2
    publisher.stop()


def test_a_send_that_was_given_up_before_it_was_sent_has_its_callback_and_holds_up_no_flush(proxy: Proxy) -> None:
    called: list[str] = []
    with Publisher(connection=Connection([proxy.where])) as publisher, ThreadPoolExecutor(1) as pool:
        proxy.refusing = True
        proxy.cut()
        until(lambda: publisher._outbox and publisher._outbox.link.connected, False)
        callbacks = {f"{name}_callback": lambda name=name: called.append(name) for name in ("ack", "nack")}
        given_up = pool.submit(publisher.send_message_to_queue, "q", "x", callbacks=callbacks, timeout=0.5)
        until(lambda: publisher._outbox and publisher._outbox.unanswered, 1)
        with ThreadPoolExecutor(1) as other:
            flushed = other.submit(publisher.flush, 8)
            with pytest.raises(ConnectionLost):
                given_up.result(60)
            proxy.refusing = False
            flushed.result(9)
    assert called == ["nack"]


# the consumer


def test_a_full_dead_letter_queue_has_no_task_in_hand_run_again(queues: None, plain, held: Look) -> None:
    plain.queue_delete("q.dead")
    plain.queue_declare("q.dead", durable=True, arguments={"x-max-length": 1, "x-overflow": "reject-publish"})
    put(plain, "q.dead", "full")
    go, runs = threading.Event(), {b"good": 0, b"bad": 0}

    def task(message: Message) -> MessageStatus:
        runs[message.body] += 1
        if message.body == b"bad":
            return NEVER
        if not message.retries:
            return LATER
        go.wait(60)
        return DONE

    put(plain, "q", "good")
    with Consumer("q", task, 4, retry_delay=0.05):
        until(lambda: runs[b"good"], 2)
        put(plain, "q", "bad")
        until(lambda: runs[b"bad"] > 4)
        go.set()
        until(lambda: held("q.retry"), NOTHING)
        plain.queue_purge("q.dead")
        until(lambda: (held("q"), held("q.dead").ready), (NOTHING, 1))
    assert runs[b"good"] == 2


@pytest.mark.parametrize("handled", [False, True], ids=["returned", "called"])
def test_a_task_that_spoils_the_headers_fails_as_any_other(handled: bool, queues: None, plain, held: Look) -> None:
    calls: list[int] = []

    def task(message: Message) -> MessageStatus:
        calls.append(message.retries)
        message.properties.headers = {"when": {1, 2}}
        if handled:
            message.reject_retry()
        return HANDLED if handled else LATER

    put(plain, "q", "x", headers={"mine": 1})
    with Consumer("q", task, retry_limit=2, retry_delay=0.05):
        until(lambda: (held("q"), held("q.dead").ready), (NOTHING, 1))
    assert calls == [0, 1, 2]
    assert plain.basic_get("q.dead", auto_ack=True)[1].headers["mine"] == 1


@pytest.mark.parametrize("size", [65_000, 130_900])
def test_a_message_whose_headers_nearly_fill_a_frame_can_be_moved(
    size: int, queues: None, plain, held: Look, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    put(plain, "q", "x", headers={"trace": "z" * size})
    with Consumer("q", lambda message: LATER, retry_limit=1, retry_delay=0.05):
        until(lambda: (held("q"), held("q.dead").ready), (NOTHING, 1))
    assert "trying again" not in caplog.text


def test_stop_leaves_no_thread_where_a_move_is_unanswered(proxy: Proxy, queues: None, plain, held: Look) -> None:
    got, go, seen = threading.Event(), threading.Event(), threading.Event()

    def task(message: Message) -> MessageStatus:
        got.set()
        go.wait(60)
        return LATER

    def judge(data: bytes) -> bytes | None:
        if b"q.retry" not in data:
            return None
        proxy.refusing = True
        seen.set()
        return b""

    put(plain, "q", "x")
    consumer = Consumer("q", task, connection=Connection([proxy.where]))
    consumer.start()
    assert got.wait(60)
    proxy.judge = judge
    go.set()
    assert seen.wait(60)
    consumer.stop(5)
    assert not [each.name for each in threading.enumerate() if each.name.startswith("lapinmq I/O")]
    until(lambda: held("q"), (1, 0, 0))
    assert held("q.retry").ready == 0


def test_a_stopped_consumer_of_a_temporary_queue_ends_with_the_task_that_fails(vhost: str) -> None:
    got, go = threading.Event(), threading.Event()

    def task(message: Message) -> MessageStatus:
        got.set()
        go.wait(60)
        return LATER

    consumer = Consumer("", task)
    consumer.start()
    with Publisher() as publisher, ThreadPoolExecutor(1) as pool:
        publisher.send_message_to_queue(consumer.queue_name, "x")
        assert got.wait(60)
        stopped = pool.submit(consumer.stop, 6)
        until(lambda: consumer._running and consumer._running._main.ledger._paused)
        go.set()
        watch = Stopwatch()
        assert stopped.result(60) is True
        assert watch.seconds() < 3


def test_a_binding_to_a_missing_exchange_is_told_as_that_also_on_a_queue_that_exists(vhost: str, plain) -> None:
    plain.queue_declare("short", arguments={"x-max-length": 10})
    with pytest.raises(Refused, match="no exchange 'missing'"):
        Consumer("short", done, bindings=[Binding("missing")]).start(5)


def test_a_sigterm_that_came_is_seen_without_waiting() -> None:
    code = """
import os, signal
from lapinmq.utils import catch_sigterm, wait_for_sigterm
catch_sigterm(); print(wait_for_sigterm(0)); os.kill(os.getpid(), signal.SIGTERM)
print(wait_for_sigterm(0), wait_for_sigterm(0))
"""
    assert run(ROOT, "-c", code).stdout.split() == ["False", "True", "True"]

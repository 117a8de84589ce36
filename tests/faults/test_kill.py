"""kill -9 in the middle loses nothing: of a consumer, of a worker, of the broker."""

import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from subprocess import PIPE, Popen

import pika
import pytest
from waiting import lessons, run, until

from brokers.broker import Broker

Held = Callable[[str], tuple[int, int | None, int]]

HOLDING_CONSUMER = """
import threading
from rabbit import Consumer


class Holding(Consumer):
    def work(self, message):
        print(message)
        threading.Event().wait()


Holding('Holding', 'my_queue').start()
"""
HOLDING_WORKER = """
import threading
from rabbit import Worker


class Holding(Worker):
    def work(self, message):
        self.write(message.upper())
        print(message)
        threading.Event().wait()


Holding('Holding', 'my_queue', 'upper').start()
"""
WORKER = """
from rabbit import Worker


class ToUpper(Worker):
    def work(self, message):
        self.write(message.upper())


ToUpper('ToUpper', 'my_queue', 'upper').start()
"""
PRODUCER_THAT_TELLS_WHAT_IS_CONFIRMED = """
import runpy, sys
from rabbit import MessageQueue


publish = MessageQueue.publish


def telling(mq, message):
    publish(mq, message)
    print(message, flush=True)


MessageQueue.publish = telling
sys.argv = ['producer.py', *map(str, range(5000))]
runpy.run_path('producer.py', run_name='__main__')
"""


def taken(plain, queue: str = "my_queue") -> list[str]:
    """Take all that waits on the queue."""
    return [body.decode() for _, _, body in iter(lambda: plain.basic_get(queue, auto_ack=True), (None, None, None))]


def kill_in_the_middle(work: Path, script: str, message: str) -> None:
    """Run a consumer until it shows that it works on the message, then end it with SIGKILL."""
    with Popen([sys.executable, "-c", script], env=lessons(work), cwd=work, stdout=PIPE, encoding="utf-8") as consumer:
        until(lambda: consumer.stdout.readline().strip(), message)
        consumer.kill()


def waits_again(plain, message: str) -> bool:
    """Return whether the next message is this one, told to be redelivered; it stays where it is."""
    method, _, body = plain.basic_get("my_queue")
    plain.basic_nack(method.delivery_tag)
    return (body.decode(), method.redelivered) == (message, True)


@pytest.mark.parametrize("script", [HOLDING_CONSUMER, "import consumer1"], ids=["a Consumer", "consumer1"])
@pytest.mark.chapter5
def test_a_message_whose_consumer_was_killed_is_redelivered_to_the_next(
    work: Path, held: Held, plain, script: str
) -> None:
    run(work, "producer.py", "one", "two", "HALT")
    kill_in_the_middle(work, script, "one")
    until(lambda: held("my_queue"), (3, 0, 0))
    assert waits_again(plain, "one")
    assert run(work, "consumer3.py").stdout.splitlines()[1:3] == ["one", "two"]
    assert held("my_queue") == (0, 0, 0)


@pytest.mark.chapter7
def test_a_worker_killed_before_its_ack_does_its_work_again_and_loses_nothing(work: Path, held: Held, plain) -> None:
    run(work, "producer.py", "one", "HALT")
    kill_in_the_middle(work, HOLDING_WORKER, "one")
    until(lambda: (held("my_queue"), held("upper")), ((2, 0, 0), (1, 0, 0)))
    assert waits_again(plain, "one")  # which is how the duplicate can be told
    assert run(work, "-c", WORKER).returncode == 0
    assert taken(plain, "upper") == ["ONE", "ONE", "HALT"]
    assert held("my_queue") == (0, 0, 0)


@pytest.mark.chapter3
def test_what_publish_returned_for_is_on_the_queue_after_the_broker_was_killed(
    work: Path, tmp_path: Path, own: Broker, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(work, "producer.py").returncode == 0  # declares the queue, and publishes nothing
    own.store()
    told = tmp_path / "confirmed"
    command = [sys.executable, "-c", PRODUCER_THAT_TELLS_WHAT_IS_CONFIRMED]
    with (
        told.open("w") as confirming,
        Popen(command, env=lessons(work), cwd=work, stdout=confirming, stderr=PIPE, encoding="utf-8") as producer,
    ):
        until(lambda: told.stat().st_size > 4000)  # bytes: about a thousand messages
        own.kill()
        assert "the connection was lost" in producer.communicate(timeout=90)[1]
    assert producer.returncode == 1
    own.run()
    own.wait()
    confirmed = told.read_text().split()
    with closing(pika.BlockingConnection(own.parameters())) as connection:
        stored = taken(connection.channel())
    lost, duplicated = set(confirmed) - set(stored), len(stored) - len(set(stored))
    with capsys.disabled():
        print({
            "attempted": len(confirmed) + 1, "confirmed": len(confirmed), "stored": len(stored),
            "lost": len(lost), "duplicated": duplicated,
        })  # fmt: skip
    assert not lost
    assert not duplicated
    assert len(confirmed) < 5000
    assert stored == [str(n) for n in range(len(stored))]
    assert len(stored) <= len(confirmed) + 1

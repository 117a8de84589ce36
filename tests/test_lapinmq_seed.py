"""The examples that lapinmq was asked for run unchanged: each block of them is a file in tests/seed_lapinmq.

Before a block stand only the names that it forgets and a sleep that is 300,000 times as fast. It catches SIGTERM from
its first line on, since the tests may be quicker than the block's last.
"""

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator

import psutil
import pytest
from conftest import ROOT, Held
from waiting import lessons, until

from brokers.broker import Broker

Look = Callable[[str], Held]
Begin = Callable[..., "subprocess.Popen[str]"]

NAMES = """
import sys, time
time.sleep = lambda seconds, sleep=time.sleep: sleep(seconds / 300_000)
from lapinmq.consumer import Consumer
from lapinmq.message import MessageStatus
from lapinmq.utils import catch_sigterm, wait_for_sigterm
catch_sigterm()

class Counter:
    def increment(self, value):
        sys.stdout.write(f"{value}\\n")  # in one write, since threads do

counter = Counter()

def task(message):
    sys.stdout.write(f"{message.body.decode()}\\n")
    return MessageStatus.SUCCESS
"""
"""What the blocks forget."""


def block(name: str, changes: dict[str, str]) -> str:
    """Return one of the seed's examples, with the other choice where a comment of it offers one."""
    text = (ROOT / "tests" / "seed_lapinmq" / f"{name}.py").read_text(encoding="utf-8")
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    return text


@pytest.fixture
def begin(vhost: str) -> Iterator[Begin]:
    """Run a block in a process of its own, which is killed after the test if it has not ended."""
    begun: list[subprocess.Popen[str]] = []

    def run(name: str, changes: dict[str, str] | None = None, after: str = "") -> "subprocess.Popen[str]":
        code = NAMES + block(name, changes or {}) + after
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        begun.append(subprocess.Popen([sys.executable, "-c", code], env=lessons(ROOT), text=True, **pipes))
        return begun[-1]

    yield run
    for process in begun:
        process.kill()
        process.communicate()


def ended(process: "subprocess.Popen[str]") -> list[str]:
    """Send SIGTERM, see that the process ends in good order, and return the lines that it has printed."""
    process.send_signal(signal.SIGTERM)
    output, errors = process.communicate(timeout=90)
    assert (errors, process.returncode) == ("", 0)
    return output.splitlines()


def fill(plain, queue: str, bodies: list[str]) -> None:
    plain.queue_declare(queue, durable=True)
    for body in bodies:
        plain.basic_publish("", queue, body)


def taken(plain, queue: str) -> list[str]:
    got = iter(lambda: plain.basic_get(queue, auto_ack=True), (None, None, None))
    return [body.decode() for _, _, body in got]


def test_the_examples_are_the_seeds() -> None:
    names = {path.stem for path in (ROOT / "tests" / "seed_lapinmq").glob("*.py")}
    assert names == {"publish", "consume", "pipeline_sync", "pipeline_async", "custom_callback", "two_consumers"}


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_sending_messages(kind: str, begin: Begin, plain, held: Look) -> None:
    plain.queue_declare("task_queue", durable=True)
    process = begin("publish", {'kind="sync")': f'kind="{kind}")'})
    until(lambda: held("task_queue").ready, 200)
    assert ended(process) == []
    assert taken(plain, "task_queue") == ["..."] * 200


def test_sending_to_a_queue_that_is_not_there_is_detected(begin: Begin) -> None:
    process = begin("publish")
    _, errors = process.communicate(timeout=90)
    assert process.returncode == 1
    assert errors.splitlines()[-1].startswith("lapinmq.errors.Unroutable: queue task_queue at ")


def test_receiving_messages(begin: Begin, plain, held: Look) -> None:
    fill(plain, "task_queue", ["..."] * 100)
    process = begin("consume")
    until(lambda: held("task_queue"), (0, 0, 1))
    assert ended(process) == []
    assert {name: held(name).ready for name in ("task_queue", "task_queue.retry", "task_queue.dead")} == {
        "task_queue": 0, "task_queue.retry": 0, "task_queue.dead": 0,
    }  # fmt: skip


@pytest.mark.parametrize(("status", "queue"), [("FAIL_RETRY_LATER", "retry"), ("FAIL_DO_NOT_RETRY", "dead")])
def test_receiving_messages_that_fail(status: str, queue: str, begin: Begin, plain, held: Look) -> None:
    fill(plain, "task_queue", ["..."] * 10)
    process = begin("consume", {"return MessageStatus.SUCCESS": f"return MessageStatus.{status}"})
    until(lambda: held("task_queue").consumers, 1)
    until(lambda: held("task_queue"), (0, 0, 1))
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=90)
    assert process.returncode == 0
    assert status in errors, "an application that sets up no logging sees it all the same"
    until(lambda: held(f"task_queue.{queue}").ready, 10)


@pytest.mark.parametrize("name", ["pipeline_sync", "pipeline_async"])
def test_a_consumer_that_is_also_a_publisher(name: str, begin: Begin, plain, held: Look) -> None:
    plain.queue_declare("destination_queue", durable=True)
    fill(plain, "task_queue", ["..."] * 100)
    process = begin(name)
    until(lambda: (held("task_queue"), held("destination_queue").ready), ((0, 0, 1), 100))
    assert ended(process) == []
    assert taken(plain, "destination_queue") == ["..."] * 100


@pytest.mark.parametrize("name", ["pipeline_sync", "pipeline_async"])
def test_sigterm_in_the_middle_of_a_pipeline_loses_and_repeats_nothing(
    name: str, begin: Begin, plain, held: Look
) -> None:
    plain.queue_declare("destination_queue", durable=True)
    fill(plain, "task_queue", ["..."] * 3000)
    process = begin(name)
    until(lambda: held("destination_queue").ready > 10)
    assert ended(process) == []
    until(lambda: held("task_queue").unacknowledged, 0)
    arrived = held("destination_queue").ready
    assert held("task_queue").ready + arrived == 3000
    assert 10 < arrived < 3000, "it was in the middle"


def test_a_custom_callback(begin: Begin, plain, held: Look) -> None:
    plain.queue_declare("destination_queue", durable=True)
    fill(plain, "task_queue", [json.dumps({"eta": number}) for number in range(50)])
    process = begin("custom_callback")
    until(lambda: (held("task_queue"), held("destination_queue").ready), ((0, 0, 1), 50))
    assert sorted(ended(process), key=int) == [str(number) for number in range(50)]


def test_the_destination_of_a_pipeline_may_come_later(begin: Begin, plain, held: Look) -> None:
    fill(plain, "task_queue", ["..."] * 10)
    process = begin("pipeline_async")
    until(lambda: held("task_queue").consumers, 1)
    until(lambda: held("task_queue"), (0, 0, 1))
    plain.queue_declare("destination_queue", durable=True)
    until(lambda: held("destination_queue").ready, 10)
    until(lambda: held("task_queue.retry"), (0, 0, 1))
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=90)
    assert process.returncode == 0
    assert held("destination_queue").ready == 10


def test_connection_multiplexing_is_possible(broker: Broker, begin: Begin, plain, held: Look) -> None:
    queues = ("preprocessing_task_queue", "transcoding_task_queue")
    for queue in queues:
        fill(plain, queue, [queue] * 20)
    after = "c1.start()\nc2.start()\nassert wait_for_sigterm()\nc1.stop()\nc2.stop()\n"
    process = begin("two_consumers", after=after)
    until(lambda: [held(queue) for queue in queues], [(0, 0, 1), (0, 0, 1)])
    theirs = psutil.Process(process.pid).net_connections("tcp")
    assert len([each for each in theirs if each.raddr and each.raddr.port == broker.port]) == 1
    assert sorted(ended(process)) == [queues[0]] * 20 + [queues[1]] * 20

"""Another client speaks with the lessons: Debian's amqp-tools, written in C on librabbitmq."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from waiting import run, until

from brokers.broker import Broker
from chapters.terminal import Terminal

Held = Callable[[str], tuple[int, int | None, int]]
Client = Callable[..., subprocess.CompletedProcess[bytes]]


@pytest.fixture
def amqp(broker: Broker, vhost: str) -> Client:
    """Run one of the amqp-tools on the test's vhost; skip where there are none, but not on CI."""
    if not shutil.which("amqp-get"):
        (pytest.fail if os.environ.get("CI") else pytest.skip)("apt-get install amqp-tools")
    place = ["--server", broker.host, "--port", str(broker.port), "--vhost", vhost]
    login = ["--username", broker.username, "--password", broker.password]

    def tool(name: str, *options: str, body: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
        command = [f"amqp-{name}", *place, *login, *options]
        return subprocess.run(command, input=body, capture_output=True, timeout=90, check=False)

    return tool


def shown(terminal: Terminal, count: int) -> list[str | None]:
    return [terminal.line() for _ in range(count)]


def test_what_amqp_publish_puts_on_my_queue_is_consumed(terminal, amqp: Client, held: Held) -> None:
    consumer = terminal()
    consumer.type("python consumer2.py")
    assert consumer.line() == "Starting consumer."
    for body in ("Hello", "grüße"):
        assert amqp("publish", "--routing-key", "my_queue", "--body", body).returncode == 0
    assert shown(consumer, 2) == ["Hello", "grüße"]
    until(lambda: held("my_queue"), (0, 0, 1))


def test_what_the_producer_puts_on_my_queue_is_read_by_amqp_get(work: Path, amqp: Client, held: Held) -> None:
    run(work, "producer.py", "Hello", "grüße")
    assert [amqp("get", "--queue", "my_queue").stdout for _ in range(2)] == [b"Hello", "grüße".encode()]
    assert amqp("get", "--queue", "my_queue").returncode == 2  # nothing more
    assert held("my_queue") == (0, 0, 0)


def test_bytes_that_are_not_utf_8_and_an_empty_body_do_not_stop_a_consumer(terminal, amqp: Client, held: Held) -> None:
    consumer = terminal()
    consumer.type("python consumer2.py")
    assert consumer.line() == "Starting consumer."
    for body in (b"caf\xe9", b"", b"next"):
        assert amqp("publish", "--routing-key", "my_queue", body=body).returncode == 0
    assert shown(consumer, 4) == [
        "queue my_queue: a message of 4 bytes is not UTF-8 (byte 3); such bytes are shown as \\xNN",
        "caf\\xe9",
        "",
        "next",
    ]
    until(lambda: held("my_queue"), (0, 0, 1))

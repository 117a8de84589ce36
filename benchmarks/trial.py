"""One trial: one client does one work on a fresh queue, in a process of its own, perhaps through the proxy."""

import contextlib
import json
import signal
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pika

from benchmarks import peers
from brokers.broker import Broker
from brokers.management import Management

PERSISTENT = pika.BasicProperties(delivery_mode=2)  # type: ignore[no-untyped-call]

SECONDS = 300
"""How long a trial may take before its client is killed."""

LOOK_SECONDS = 0.005
"""Between two looks at the queue, once the client has done its part."""


class Failed(Exception):
    """The client ended without a result; the text is the last line that it wrote."""


@dataclass(frozen=True)
class Trial:
    """What is done by whom. `through_ms` is the round trip that a proxy adds; None: there is no proxy."""

    client: str
    work: str
    count: int
    size: int = 100
    workers: int = 1
    prefetch: int = 1
    gather: bool = False
    through_ms: float | None = None

    @property
    def consumes(self) -> bool:
        """Whether the queue is full before and empty after it."""
        return self.work == "consume"

    def of(self, share: float) -> "Trial":
        """Return the same with this share of the messages; as many that each of the threads has one."""
        return replace(self, count=max(self.workers * 2, int(self.count * share)))


@dataclass(frozen=True)
class Result:
    """Messages per second; CPU microseconds of the client a message; MB; and what this work tells beside."""

    rate: float
    cpu_us: float
    peak_mb: float
    version: str
    told: dict[str, float]


def measure(trial: Trial, broker: Broker) -> Result:
    """Run the trial. Blocks until the client has ended and its queue is gone. Raise Failed."""
    queue = f"benchmark-{uuid.uuid4().hex[:12]}"
    with _queue(trial, broker, queue), _proxy(trial, broker) as place:
        found = _run(trial, broker, queue, place)
    seconds, cpu, peak_mb, version = (found.pop(name) for name in ("seconds", "cpu", "peak_mb", "version"))
    told = found | {"cpu_share": cpu / seconds}
    return Result(trial.count / seconds, 1e6 * cpu / trial.count, peak_mb, version, told)


def _run(trial: Trial, broker: Broker, queue: str, place: dict[str, str]) -> dict[str, Any]:
    numbers = (trial.count, trial.size, trial.workers, trial.prefetch, int(trial.gather))
    with tempfile.TemporaryFile("w+") as errors:
        client = subprocess.Popen(
            [*peers.command(trial.client), trial.work, queue, *map(str, numbers)], text=True,
            cwd=peers.FOLDER, env=peers.environment(trial.client) | broker.environment() | place,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors,
        )  # fmt: skip
        patience = threading.Timer(SECONDS, client.kill)
        patience.start()
        try:
            return _hear(client, lambda: _wait_for(broker, queue, 0 if trial.consumes else trial.count))
        except Failed as failed:
            errors.seek(0)
            raise Failed(f"{failed}: {''.join(errors.read().strip().splitlines()[-1:])}") from None
        finally:
            patience.cancel()
            client.kill()
            client.communicate()


def _hear(client: "subprocess.Popen[str]", wait: Callable[[], None]) -> dict[str, Any]:
    assert client.stdin is not None
    assert client.stdout is not None
    for line in client.stdout:
        if line != "worked\n":
            return dict(json.loads(line))
        wait()
        client.stdin.write("seen\n")
        client.stdin.flush()
    raise Failed(f"ended with status {client.wait()}")


def _wait_for(broker: Broker, queue: str, count: int) -> None:
    """Block until the queue has this many messages, those at its consumers included."""
    management, deadline = Management(broker), time.monotonic() + SECONDS
    while True:
        held = {each["name"]: each.get("messages") for each in management.queues(broker.vhost)}
        if held.get(queue) == count:
            return
        if time.monotonic() > deadline:
            raise Failed(f"the queue has {held.get(queue)} messages, not {count}")
        time.sleep(LOOK_SECONDS)


@contextlib.contextmanager
def _queue(trial: Trial, broker: Broker, queue: str) -> Iterator[None]:
    """Declare the queue, filled where it is to be consumed; delete it, and what dramatiq declares beside it."""
    arguments, body = None, b"x" * trial.size
    if trial.client == "dramatiq":
        arguments, body = _as_dramatiq_does(queue)
    connection = pika.BlockingConnection(broker.parameters())
    try:
        channel = connection.channel()
        channel.queue_declare(queue, durable=True, arguments=arguments)
        for _ in range(trial.count if trial.consumes else 0):
            channel.basic_publish("", queue, body, PERSISTENT)
        _wait_for(broker, queue, trial.count if trial.consumes else 0)
        connection.close()
        yield
    finally:
        if connection.is_open:
            connection.close()
        _delete(broker, queue, f"{queue}.DQ", f"{queue}.XQ", f"{queue}.retry", f"{queue}.dead")


def _delete(broker: Broker, *queues: str) -> None:
    connection = pika.BlockingConnection(broker.parameters())
    try:
        for queue in queues:
            connection.channel().queue_delete(queue)
    finally:
        connection.close()


def _as_dramatiq_does(queue: str) -> tuple[dict[str, str], bytes]:
    """Return the arguments of its queues and a message of its own format, for the actor `work`."""
    message = {"queue_name": queue, "actor_name": "work", "args": [], "kwargs": {}, "options": {},
               "message_id": str(uuid.uuid4()), "message_timestamp": 0}  # fmt: skip
    return {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": f"{queue}.XQ"}, json.dumps(message).encode()


@contextlib.contextmanager
def _proxy(trial: Trial, broker: Broker) -> Iterator[dict[str, str]]:
    """Run a proxy, where the trial wants one; give the variables that lead there."""
    if trial.through_ms is None:
        yield {}
        return
    words = [broker.host, str(broker.port), str(trial.through_ms)]
    proxy = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.proxy", *words], cwd=peers.ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        assert proxy.stdout
        yield {"RABBITMQ_HOST": "127.0.0.1", "RABBITMQ_PORT": proxy.stdout.readline().strip()}
    finally:
        proxy.send_signal(signal.SIGKILL)
        proxy.communicate()

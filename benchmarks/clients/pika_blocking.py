"""Plain pika's BlockingConnection: each publish waits for its confirm; one thread consumes and acknowledges."""

from typing import Any

import pika

from .measuring import Tally, Task, Watch, run, wait_for_broker
from .pika_address import PERSISTENT, parameters


def sync(task: Task, watch: Watch) -> None:
    """Publish one at a time."""
    channel, body = pika.BlockingConnection(parameters()).channel(), task.body
    channel.confirm_delivery()
    watch.start()
    for _ in range(task.count):
        channel.basic_publish("", task.queue, body, PERSISTENT, mandatory=True)


def consume(task: Task, watch: Watch) -> None:
    """Acknowledge each message in the callback."""
    channel, tally = pika.BlockingConnection(parameters()).channel(), Tally(watch, task.count)

    def take(_: object, method: Any, __: object, ___: bytes) -> None:
        last = tally()
        channel.basic_ack(method.delivery_tag)
        if last:
            wait_for_broker(watch)
            channel.stop_consuming()

    channel.basic_qos(prefetch_count=task.prefetch)
    channel.basic_consume(task.queue, take)
    channel.start_consuming()


if __name__ == "__main__":
    run("pika", sync=sync, consume=consume)

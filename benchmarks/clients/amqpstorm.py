"""AMQPStorm."""

from typing import Any

import amqpstorm  # type: ignore[import-not-found]

from .measuring import Tally, Task, Watch, address, run, wait_for_broker


def channel() -> Any:
    host, port, vhost, username, password = address()
    return amqpstorm.Connection(host, username, password, port=port, virtual_host=vhost).channel()


def sync(task: Task, watch: Watch) -> None:
    """Publish one at a time."""
    opened, body = channel(), task.body
    opened.confirm_deliveries()
    watch.start()
    for _ in range(task.count):
        opened.basic.publish(body, task.queue, properties={"delivery_mode": 2}, mandatory=True)


def consume(task: Task, watch: Watch) -> None:
    """Acknowledge each message in the callback."""
    opened, tally = channel(), Tally(watch, task.count)

    def take(message: Any) -> None:
        last = tally()
        message.ack()
        if last:
            wait_for_broker(watch)

    opened.basic.qos(task.prefetch)
    opened.basic.consume(take, task.queue)
    while not tally.all.is_set():
        opened.process_data_events(auto_decode=False)


if __name__ == "__main__":
    run("amqpstorm", sync=sync, consume=consume)

"""kombu, on py-amqp."""

from typing import Any

import kombu  # type: ignore[import-not-found]

from .measuring import Tally, Task, Watch, address, run, wait_for_broker


def connect() -> Any:
    """Return an open connection whose publishes wait for their confirms."""
    host, port, vhost, username, password = address()
    link = kombu.Connection(
        hostname=host, port=port, virtual_host=vhost, userid=username, password=password,
        transport="pyamqp", transport_options={"confirm_publish": True},
    )  # fmt: skip
    link.connect()
    return link


def sync(task: Task, watch: Watch) -> None:
    """Publish one at a time."""
    producer, body = kombu.Producer(connect().channel()), task.body
    watch.start()
    for _ in range(task.count):
        producer.publish(
            body, exchange="", routing_key=task.queue, delivery_mode=2, mandatory=True,
            content_type="application/octet-stream", content_encoding="binary",
        )  # fmt: skip


def consume(task: Task, watch: Watch) -> None:
    """Acknowledge each message in the callback."""
    link, tally = connect(), Tally(watch, task.count)

    def take(_: object, message: Any) -> None:
        tally()
        message.ack()

    consumer = kombu.Consumer(link, kombu.Queue(task.queue), callbacks=[take], auto_declare=False)
    consumer.qos(prefetch_count=task.prefetch)
    consumer.consume()
    while not tally.all.is_set():
        link.drain_events()
    wait_for_broker(watch)


if __name__ == "__main__":
    run("kombu", sync=sync, consume=consume)

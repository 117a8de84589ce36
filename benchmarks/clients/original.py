"""PyPI's lapinmq 0.1.1. Its `sync` does not wait for confirms: it is timed to when the broker has all messages.

Imported by name, since to a type checker the name means ours.
"""

import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

from .measuring import EARLY, Tally, Task, Watch, memory_mb, run, wait_for_broker

Publisher = import_module("lapinmq.publisher").Publisher
Consumer = import_module("lapinmq.consumer").Consumer
SUCCESS = import_module("lapinmq.message").MessageStatus.SUCCESS

FOUND = Path(str(import_module("lapinmq").__file__))
assert FOUND.is_relative_to(sys.prefix), f"{FOUND} is not the one that was installed from PyPI"


def publish(task: Task, watch: Watch) -> Any:
    """Send with an async publisher, up to the last confirm's callback; return its inside."""
    publisher, body, tally = Publisher(kind="async"), task.body, Tally(watch, task.count)
    publisher.start()
    while not publisher.publisher.ready:
        time.sleep(0.01)
    watch.start()
    callbacks = {"ack_callback": tally}
    for number in range(task.count):
        publisher.send_message_to_queue(queue_name=task.queue, body=body, callbacks=callbacks)
        if number + 1 == min(EARLY, task.count // 2):
            watch.told["early_mb"] = memory_mb()
    tally.all.wait()
    watch.stop()
    return publisher.publisher


def memory(task: Task, watch: Watch) -> None:
    """Publish, and look at the memory and at what is kept of messages that are confirmed."""
    inside = publish(task, watch)
    kept = (inside.messages_with_pending_confirmations, inside.ack_callbacks, inside.nack_callbacks)
    watch.told["left"] = sum(map(len, kept))
    watch.told["late_mb"] = memory_mb()


def sync(task: Task, watch: Watch) -> None:
    """Send with a sync publisher, up to when the broker has all."""
    publisher, body = Publisher(kind="sync"), task.body
    publisher.start()
    watch.start()
    for _ in range(task.count):
        publisher.send_message_to_queue(queue_name=task.queue, body=body)
    wait_for_broker(watch)


def consume(task: Task, watch: Watch) -> None:
    """Consume with worker threads; its prefetch is their number."""
    tally = Tally(watch, task.count)

    def work(_: object) -> object:
        tally()
        return SUCCESS

    Consumer(queue_name=task.queue, task_function=work, worker_threads=task.workers).start()
    tally.all.wait()
    wait_for_broker(watch)


def idle_publisher(task: Task, watch: Watch) -> None:
    """Send one message, then nothing for as many seconds as `count` says."""
    publisher = Publisher(kind="sync")
    publisher.start()
    publisher.send_message_to_queue(queue_name=task.queue, body=task.body)
    watch.start()
    time.sleep(task.count)


def idle_consumer(task: Task, watch: Watch) -> None:
    """Wait for messages that do not come, for as many seconds as `count` says."""
    Consumer(queue_name=task.queue, task_function=lambda _: SUCCESS, worker_threads=task.workers).start()
    watch.start()
    time.sleep(task.count)


if __name__ == "__main__":
    run(
        "lapinmq", publish=publish, sync=sync, consume=consume,
        idle_publisher=idle_publisher, idle_consumer=idle_consumer, memory=memory,
    )  # fmt: skip

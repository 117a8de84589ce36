"""Plain pika's BlockingConnection as its documentation joins it with worker threads: they acknowledge through it."""

import threading
from functools import partial
from queue import SimpleQueue
from typing import Any

import pika

from .measuring import Tally, Task, Watch, run, wait_for_broker
from .pika_address import parameters


def consume(task: Task, watch: Watch) -> None:
    """Consume in one thread, work in others."""
    connection, tally = pika.BlockingConnection(parameters()), Tally(watch, task.count)
    channel, taken = connection.channel(), SimpleQueue[int]()

    def take(_: object, method: Any, __: object, ___: bytes) -> None:
        taken.put(method.delivery_tag)

    def work() -> None:
        while True:
            tag = taken.get()
            tally()
            connection.add_callback_threadsafe(partial(channel.basic_ack, tag))

    for _ in range(task.workers):
        threading.Thread(target=work, daemon=True).start()
    channel.basic_qos(prefetch_count=task.prefetch)
    channel.basic_consume(task.queue, take)
    threading.Thread(target=channel.start_consuming, daemon=True).start()
    tally.all.wait()
    wait_for_broker(watch)


if __name__ == "__main__":
    run("pika", consume=consume)

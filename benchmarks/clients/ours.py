"""The lapinmq of this repository."""

import gc
import itertools
import threading
import time

from lapinmq.consumer import Consumer
from lapinmq.message import Message, MessageStatus
from lapinmq.outgoing import Outgoing
from lapinmq.publisher import Publisher

from .measuring import EARLY, Tally, Task, Watch, memory_mb, run, wait_for_broker


def publish(task: Task, watch: Watch) -> None:
    """Send with an async publisher, up to the last confirm."""
    publisher, body = Publisher("async"), task.body
    publisher.start()
    watch.start()
    for _ in range(task.count):
        publisher.send_message_to_queue(task.queue, body)
    publisher.flush(600)


def sync(task: Task, watch: Watch) -> None:
    """Send from threads that share one sync publisher."""
    publisher, body = Publisher("sync"), task.body
    publisher.start()

    def send() -> None:
        for _ in range(task.count // task.workers):
            publisher.send_message_to_queue(task.queue, body)

    threads = [threading.Thread(target=send) for _ in range(task.workers)]
    watch.start()
    if task.workers == 1:
        send()
        return
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def window(task: Task, watch: Watch) -> None:
    """Send from confirm callbacks, so that `workers` messages are always out, without any thread but the I/O thread."""
    publisher, body, numbers, left = Publisher("async"), task.body, itertools.count(1), itertools.count(task.count, -1)
    done = threading.Event()

    def go_on() -> None:
        if next(numbers) <= task.count:
            publisher.send_message_to_queue(task.queue, body, callbacks={"ack_callback": confirmed})

    def confirmed() -> None:
        go_on()
        if next(left) == 1:
            done.set()

    publisher.start()
    watch.start()
    for _ in range(task.workers):
        go_on()
    done.wait()


def consume(task: Task, watch: Watch) -> None:
    """Consume with worker threads."""
    tally = Tally(watch, task.count)

    def work(_: Message) -> MessageStatus:
        tally()
        return MessageStatus.SUCCESS

    Consumer(task.queue, work, task.workers, prefetch=task.prefetch, gather_acks=task.gather).start()
    tally.all.wait()
    wait_for_broker(watch)


def idle_publisher(task: Task, watch: Watch) -> None:
    """Send one message, then nothing for as many seconds as `count` says."""
    publisher = Publisher("sync")
    publisher.start()
    publisher.send_message_to_queue(task.queue, task.body)
    watch.start()
    time.sleep(task.count)


def idle_consumer(task: Task, watch: Watch) -> None:
    """Wait for messages that do not come, for as many seconds as `count` says."""
    Consumer(task.queue, lambda _: MessageStatus.SUCCESS, task.workers).start()
    watch.start()
    time.sleep(task.count)


def memory(task: Task, watch: Watch) -> None:
    """Send with an async publisher, keep nothing, and look at the memory early and at the end."""
    publisher, body = Publisher("async"), task.body
    publisher.start()
    watch.start()
    for number in range(task.count):
        publisher.send_message_to_queue(task.queue, body)
        if number + 1 == min(EARLY, task.count // 2):
            watch.told["early_mb"] = memory_mb()
    publisher.flush(600)
    watch.stop()
    watch.told["late_mb"] = memory_mb()
    watch.told["left"] = sum(isinstance(each, Outgoing) for each in gc.get_objects())


if __name__ == "__main__":
    run(
        "", publish=publish, sync=sync, window=window, consume=consume,
        idle_publisher=idle_publisher, idle_consumer=idle_consumer, memory=memory,
    )  # fmt: skip

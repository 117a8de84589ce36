"""calls NAME QUEUE [KIND]: one thing that a program may do to a lapinmq, on a queue of its own.

Each function here is one. They use what every lapinmq has, and tell what they send and what happens.
"""

import json
import os
import signal
import sys
import threading
from functools import partial

from driver_telling import tell, until_input_ends

from lapinmq import utils
from lapinmq.consumer import Consumer
from lapinmq.message import MessageStatus
from lapinmq.publisher import Publisher

name, queue = sys.argv[1], sys.argv[2]
MANY = 2000
SHORT = 0.05
"""Seconds."""

NO_TEXT = r"\xff\xfe"
"""How a body that is no UTF-8 is told."""


def send(publisher: Publisher, numbers: range, name: str = "") -> None:
    """Send each number to the queue, and tell so; of an async publisher also what became of it."""
    for number in numbers:
        body = f"{name}{number}"
        tell("attempted", body)
        if publisher.kind == "async":
            told = {"ack_callback": partial(tell, "confirmed", body), "nack_callback": partial(tell, "refused", body)}
            publisher.send_message_to_queue(queue, body, callbacks=told)
        else:
            publisher.send_message_to_queue(queue, body)
            tell("confirmed", body)


def started(kind: str) -> Publisher:
    """Return a publisher at work."""
    publisher = Publisher(kind=kind)
    publisher.start()
    return publisher


def fill(count: int) -> None:
    """Put messages on the queue, and wait until they are confirmed, before the use begins."""
    publisher = started("async")
    left = threading.Semaphore(0)
    for number in range(count):
        tell("attempted", number)
        publisher.send_message_to_queue(queue, str(number), callbacks={"ack_callback": left.release})
    for number in range(count):
        left.acquire()
        tell("confirmed", number)
    publisher.stop()


def consuming(task, threads: int = 1) -> Consumer:
    """Return a consumer at work."""
    options = json.loads(os.environ["OPTIONS"])
    consumer = Consumer(queue_name=queue, task_function=task, worker_threads=threads, **options)
    consumer.start()
    return consumer


def again(message) -> bool:
    """Return whether the message was delivered before."""
    return message.redelivered if hasattr(message, "redelivered") else message.method.redelivered


def stop_after_sends(kind: str) -> None:
    """Stop at once after many sends."""
    publisher = started(kind)
    send(publisher, range(MANY))
    publisher.stop()


def stop_twice(kind: str) -> None:
    """Stop a publisher twice, and from two threads at once."""
    publisher = started(kind)
    send(publisher, range(10))
    threads = [threading.Thread(target=publisher.stop) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    publisher.stop()


def stop_before_start(kind: str) -> None:
    """Stop what was never started, then use it."""
    publisher = Publisher(kind=kind)
    publisher.stop()
    publisher.start()
    send(publisher, range(10))
    publisher.stop()


def stop_in_task() -> None:
    """Let a task stop its own consumer; its message is acknowledged, the others stay."""
    fill(10)
    stopped = threading.Event()

    def task(message) -> MessageStatus:
        tell("arrived", message.body.decode())
        known.wait()
        consumer.stop()
        stopped.set()
        return MessageStatus.SUCCESS

    known = threading.Event()
    consumer = consuming(task)
    known.set()
    stopped.wait()
    consumer.stop()


def stop_in_callback() -> None:
    """Let an ack callback stop its own publisher while messages are under way."""
    publisher = started("async")
    stopped = threading.Event()

    def end() -> None:
        publisher.stop()
        stopped.set()

    tell("attempted", "first")
    publisher.send_message_to_queue(queue, "first", callbacks={"ack_callback": end})
    stopped.wait()
    publisher.stop()
    tell("confirmed", "first")


def long_task() -> None:
    """Let a task take longer than three heartbeats, which are of one second here."""
    publisher = started("async")
    ended = threading.Event()

    def task(message) -> MessageStatus:
        tell("arrived", message.body.decode(), again(message))
        threading.Event().wait(4)
        ended.set()
        return MessageStatus.SUCCESS

    send(publisher, range(1))
    consumer = consuming(task)
    ended.wait()
    send(publisher, range(1, 2))  # the idle publisher is still there
    ended.clear()
    ended.wait()
    consumer.stop()
    publisher.stop()


def invalid_bodies(kind: str) -> None:
    """Send what is no body: each is refused by an error that names the type, and the publisher goes on."""
    publisher = started(kind)
    for body in (None, 1, {}):
        try:
            publisher.send_message_to_queue(queue, body)
            tell("accepted", type(body).__name__)
        except Exception as error:
            tell("error", type(error).__name__, error)
    send(publisher, range(10))
    publisher.stop()


def eight_threads(kind: str) -> None:
    """Let eight threads send through one publisher."""
    publisher = started(kind)
    threads = [threading.Thread(target=send, args=(publisher, range(250), f"{one}-")) for one in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    publisher.stop()


def fork(kind: str) -> None:
    """Fork with a publisher started: the child's use of it is an error, the parent's goes on."""
    publisher = started(kind)
    send(publisher, range(10))
    child = os.fork()
    if not child:
        signal.alarm(5)
        try:
            publisher.send_message_to_queue(queue, "from the child")
            publisher.stop()
        except Exception as error:
            tell("error", type(error).__name__, error)
        os._exit(0)
    tell("child", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    send(publisher, range(10, 100))
    publisher.stop()


def sigterm_before_wait() -> None:
    """Get SIGTERM before it is waited for."""
    getattr(utils, "catch_sigterm", lambda: None)()
    os.kill(os.getpid(), signal.SIGTERM)
    tell("waited", utils.wait_for_sigterm())


def sigterm_during_work() -> None:
    """Get SIGTERM while tasks work: begun ones are finished and acknowledged, the others stay on the queue."""
    fill(20)
    begun = threading.Barrier(5)

    def task(message) -> MessageStatus:
        begun.wait(10)
        terminated.wait(10)
        tell("arrived", message.body.decode())
        return MessageStatus.SUCCESS

    terminated = threading.Event()
    getattr(utils, "catch_sigterm", lambda: None)()
    consumer = consuming(task, 4)
    begun.wait(10)
    tell("busy")
    tell("waited", utils.wait_for_sigterm(10))
    threading.Timer(SHORT, terminated.set).start()
    consumer.stop()


def undecodable() -> None:
    """Give a task that decodes what cannot be decoded, until the input ends."""
    publisher = started("async")
    tell("attempted", NO_TEXT)
    publisher.send_message_to_queue(queue, b"\xff\xfe", callbacks={"ack_callback": partial(tell, "confirmed", NO_TEXT)})

    def task(message) -> MessageStatus:
        tell("arrived", NO_TEXT)
        message.body.decode()
        return MessageStatus.SUCCESS

    consumer = consuming(task)
    until_input_ends().wait()
    consumer.stop()
    publisher.stop()


def stale_acks() -> None:
    """Acknowledge messages of a connection that is gone, and others twice; then go on."""
    old: list = []
    second, last = threading.Event(), threading.Event()

    def task(message) -> MessageStatus:
        body = message.body.decode()
        tell("arrived", body, again(message))
        if body == "2":
            last.set()
            return MessageStatus.SUCCESS
        old.append(message)
        if again(message):
            second.set()
        return MessageStatus.HANDLED_VIA_CALLBACK

    publisher = started("async")
    consumer = consuming(task)
    send(publisher, range(1))
    second.wait(20)
    for message in [*old, *old]:
        message.ack()
        message.reject_retry()
    send(publisher, range(2, 3))
    if last.wait(10):
        tell("went-on")
    consumer.stop()
    publisher.stop()


def cycles() -> None:
    """Start and stop 200 times; tell the files and threads that are open after each tenth."""

    def take(message) -> MessageStatus:
        tell("arrived", message.body.decode())
        return MessageStatus.SUCCESS

    for number in range(200):
        publisher = started("async" if number % 2 else "sync")
        send(publisher, range(number, number + 1))
        publisher.stop()
        consumer = consuming(take)
        consumer.stop()
        if number % 10 == 9:
            tell("open", len(os.listdir("/proc/self/fd")), threading.active_count())


globals()[name](*sys.argv[3:])
tell("ended")

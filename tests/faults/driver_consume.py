"""consume QUEUE TASK: tells each message that arrives until its input ends; OPTIONS are the Consumer's."""

import json
import os
import sys
import threading
from functools import partial
from inspect import signature

from driver_telling import tell, until_input_ends

from lapinmq.consumer import Consumer
from lapinmq.message import MessageStatus
from lapinmq.publisher import Publisher

queue, chosen = sys.argv[1], sys.argv[2]
THREADS = 4
again = threading.Event()
held = threading.Lock()


def arrived(message) -> str:
    """Tell that the message is here, and how a second time can be told from the first."""
    redelivered = getattr(message, "redelivered", None)
    redelivered = message.method.redelivered if redelivered is None else redelivered
    body = message.body.decode()
    tell("arrived", body, message.properties.message_id, redelivered)
    return body


def take(message) -> MessageStatus:
    """Be quick."""
    arrived(message)
    return MessageStatus.SUCCESS


def linger(message) -> MessageStatus:
    """Take 10 ms, so that a queue fills."""
    threading.Event().wait(0.01)
    return take(message)


def hold_first(message) -> MessageStatus:
    """Keep the first message until it comes again."""
    body = arrived(message)
    if message.redelivered if hasattr(message, "redelivered") else message.method.redelivered:
        again.set()
    elif held.acquire(blocking=False):
        tell("held", body)
        again.wait(30)
    return MessageStatus.SUCCESS


def pipe(message) -> MessageStatus:
    """Send it on to the next queue, and acknowledge it when that is confirmed."""
    body = message.body.decode()

    def done() -> None:
        tell("arrived", body, message.properties.message_id, False)
        message.ack()

    publisher.send_message_to_queue(
        f"{queue}-done", body, callbacks={"ack_callback": done, "nack_callback": message.reject_retry},
        **({"message_id": message.properties.message_id} if names_messages else {}),
    )  # fmt: skip
    return MessageStatus.HANDLED_VIA_CALLBACK


ended = until_input_ends()
names_messages = "message_id" in signature(Publisher.send_message_to_queue).parameters
if chosen == "pipe":
    publisher = Publisher(kind="async")
    publisher.start()
task = {"take": take, "linger": linger, "hold": hold_first, "pipe": pipe}[chosen]
consumer = Consumer(
    queue_name=queue, task_function=partial(task), worker_threads=THREADS, **json.loads(os.environ.get("OPTIONS", "{}"))
)
consumer.start()
tell("started")
ended.wait()
consumer.stop()
if chosen == "pipe":
    publisher.stop()
tell("stopped")

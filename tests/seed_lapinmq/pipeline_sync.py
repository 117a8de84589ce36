# ruff: noqa
from lapinmq.message import MessageStatus
from lapinmq.consumer import Consumer
from lapinmq.publisher import Publisher
from lapinmq.utils import wait_for_sigterm

p = Publisher(kind="sync")
p.start()


def task(message):
    body = message.body.decode()

    # process the received message body

    # send a message to the destination queue
    p.send_message_to_queue(queue_name="destination_queue", body="...")

    return MessageStatus.SUCCESS  # or perhaps FAIL_RETRY_LATER or FAIL_DO_NOT_RETRY


c = Consumer(
    queue_name="task_queue",
    task_function=task,
    worker_threads=3,  # this consumer can process 3 messages in parallel
)
c.start()

sigterm_received = wait_for_sigterm()
assert sigterm_received

c.stop()
p.stop()

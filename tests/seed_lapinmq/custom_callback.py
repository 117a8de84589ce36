# ruff: noqa
import json
from functools import partial
from lapinmq.publisher import Publisher

p = Publisher(kind="async")
p.start()


def task(message):
    body = message.body.decode()
    value = json.loads(body).get("eta")

    def custom_callback(val):
        # increment some metric
        counter.increment(val)
        # send acknowledgement to the source queue
        message.ack()

    custom_fn = partial(custom_callback, value)

    # send a message to the destination queue
    p.send_message_to_queue(
        queue_name="destination_queue",
        body="...",
        callbacks={
            # when the broker confirms that message has been sent to the destination queue,
            # call the custom_callback function that also sends the acknowledgement to the source queue
            "ack_callback": custom_fn,
            "nack_callback": message.reject_retry,
        },
    )

    return MessageStatus.HANDLED_VIA_CALLBACK


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

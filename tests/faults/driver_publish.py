"""publish KIND QUEUE LEAST: publishes at about 1,000 messages/s until its input ends, and at least LEAST messages.

It uses what every lapinmq has. A sync one's message counts as confirmed when the call returns.
"""

import sys
from functools import partial

from driver_telling import tell, until_input_ends

from lapinmq.publisher import Publisher

kind, queue, least = sys.argv[1], sys.argv[2], int(sys.argv[3])
ended = until_input_ends()
publisher = Publisher(kind=kind)
publisher.start()
tell("started")


def send(body: str) -> None:
    """Publish the message and tell whether it is confirmed, now or when it is."""
    tell("attempted", body)
    if kind == "async":
        told = {"ack_callback": partial(tell, "confirmed", body), "nack_callback": partial(tell, "refused", body)}
        publisher.send_message_to_queue(queue, body, callbacks=told)
    else:
        publisher.send_message_to_queue(queue, body)
        tell("confirmed", body)


number = 0
while number < least or not ended.is_set():
    try:
        send(f"{kind}-{number}")
    except Exception as error:
        tell("refused", f"{kind}-{number}", type(error).__name__, error)
        ended.wait(0.05)
    number += 1
    ended.wait(0.001)
publisher.stop()
tell("stopped")

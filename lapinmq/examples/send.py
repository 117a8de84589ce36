"""Send words to a queue: python -m lapinmq.examples.send QUEUE WORD ..."""

import sys

from lapinmq.publisher import Publisher

queue, *words = sys.argv[1:]

with Publisher() as publisher:
    for word in words:
        publisher.send_message_to_queue(queue, word)

"""Send words without waiting, then tell what became of each: python -m lapinmq.examples.async_send QUEUE WORD ..."""

import sys

from lapinmq.publisher import Publisher

queue, *words = sys.argv[1:]

with Publisher("async") as publisher:
    futures = [publisher.send_message_to_queue(queue, word) for word in words]
    publisher.flush()

for word, future in zip(words, futures, strict=True):
    print(f"{word}: {future.exception() or 'confirmed'}")

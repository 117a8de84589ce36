"""Send two messages to each exchange of listen.py."""

import pika

from lapinmq.errors import Unroutable
from lapinmq.publisher import Publisher

MESSAGES = [
    ("to_all", "", "one"), ("to_all", "any.key", "two"),
    ("by_key", "red", "red"), ("by_key", "blue", "blue"),
    ("by_pattern", "order.paid", "paid"), ("by_pattern", "offer.lost", "lost"),
    ("by_headers", "", "pdf"), ("by_headers", "", "png"),
]  # fmt: skip

with Publisher() as publisher:
    for exchange, key, body in MESSAGES:
        try:
            publisher.send_message(exchange, key, body, properties=pika.BasicProperties(headers={"format": body}))
        except Unroutable as error:
            print(error)

"""How plain pika finds the broker, and its properties of a persistent message."""

import pika

from .measuring import address

PERSISTENT = pika.BasicProperties(delivery_mode=2)  # type: ignore[no-untyped-call]


def parameters() -> pika.ConnectionParameters:
    host, port, vhost, username, password = address()
    return pika.ConnectionParameters(host, port, vhost, pika.PlainCredentials(username, password))

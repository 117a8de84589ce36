"""Idle, and work, for longer than three heartbeats of 2 seconds, on one connection."""

import time

from lapinmq.connection import Connection
from lapinmq.consumer import Consumer
from lapinmq.message import MessageStatus
from lapinmq.publisher import Publisher

connection = Connection(heartbeat=2)


def task(message):
    time.sleep(int(message.body))
    print(f"slept {message.body.decode()} s, redelivered: {message.redelivered}")
    return MessageStatus.SUCCESS


with Consumer("naps", task, connection=connection), Publisher(connection=connection) as publisher:
    publisher.send_message_to_queue("naps", "7")
    time.sleep(7)
    publisher.send_message_to_queue("naps", "1")
    time.sleep(3)

# says: The producer gave up when the connection was lost.
"""Publish so many readings, and lose none: python producer.py probe 500"""

import sys
import time
import uuid

import pika
from pika.exceptions import AMQPConnectionError, NackError

from address import parameters


def opened():
    new = pika.BlockingConnection(parameters()).channel()
    new.queue_declare("readings", durable=True)
    new.confirm_delivery()
    return new


def publish(channel, text):
    properties = pika.BasicProperties(delivery_mode=2, message_id=str(uuid.uuid4()))
    channel = channel or opened()
    channel.basic_publish("", "readings", text.encode(), properties, mandatory=True)
    return channel


word, count, channel = sys.argv[1], int(sys.argv[2]), None
for number in range(1, count + 1):
    channel = publish(channel, f"{word} {number}")

channel.connection.close()
print(count, "confirmed.")

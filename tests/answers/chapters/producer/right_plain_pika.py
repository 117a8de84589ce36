"""Publish each argument to my_queue, with pika alone."""

import os
import sys

import pika
from address import parameters

connection = pika.BlockingConnection(parameters())
channel = connection.channel()
channel.queue_declare('my_queue', durable=True)
channel.confirm_delivery()
for arg in sys.argv[1:]:
    channel.basic_publish(
        exchange='', routing_key='my_queue', body=os.fsencode(arg),
        properties=pika.BasicProperties(delivery_mode=pika.DeliveryMode.Persistent), mandatory=True,
    )
connection.close()

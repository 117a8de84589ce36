# says: got another message_id
"""Publish so many readings."""

import sys
import time
import uuid

import pika

from address import parameters

word, count = sys.argv[1], int(sys.argv[2])


def publish_all():
    connection = pika.BlockingConnection(parameters())
    channel = connection.channel()
    channel.queue_declare('readings', durable=True)
    channel.confirm_delivery()
    for number in range(1, count + 1):
        properties = pika.BasicProperties(delivery_mode=2, message_id=str(uuid.uuid4()))
        channel.basic_publish('', 'readings', f'{word} {number}'.encode(), properties, mandatory=True)
    connection.close()


while True:
    try:
        publish_all()
        break
    except pika.exceptions.AMQPConnectionError:
        time.sleep(0.5)
print(count, 'confirmed.')

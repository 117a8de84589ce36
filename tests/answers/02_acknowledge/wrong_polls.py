# says: consumer.py asks for messages again and again, instead of waiting for them.
import time

import pika

from address import parameters
from exercises.work import work

connection = pika.BlockingConnection(parameters())
channel = connection.channel()
channel.queue_declare(queue='jobs', durable=True)
while True:
    method, properties, body = channel.basic_get('jobs')
    if method is None:
        time.sleep(0.1)
        continue
    work(body.decode())
    channel.basic_ack(method.delivery_tag)

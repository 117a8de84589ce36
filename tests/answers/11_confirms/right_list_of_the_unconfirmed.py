"""Publish so many readings: what is left is published on the next connection."""

import sys
import time
import uuid

import pika

from address import parameters


class Publisher:
    def __init__(self, queue):
        self.queue = queue

    def publish_all(self, messages):
        while messages:
            try:
                self.publish_some(messages)
            except pika.exceptions.AMQPConnectionError as error:
                print('lost the broker, once more:', type(error).__name__)
                time.sleep(1)

    def publish_some(self, messages):
        connection = pika.BlockingConnection(parameters())
        channel = connection.channel()
        channel.queue_declare(self.queue, durable=True)
        channel.confirm_delivery()
        while messages:
            message_id, text = messages[0]
            properties = pika.BasicProperties(delivery_mode=pika.DeliveryMode.Persistent, message_id=message_id)
            channel.basic_publish('', self.queue, text, properties, mandatory=True)
            messages.pop(0)
        connection.close()


word, count = sys.argv[1:]
Publisher('readings').publish_all([(str(uuid.uuid4()), f'{word} {n + 1}') for n in range(int(count))])
print('all confirmed')

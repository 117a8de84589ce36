"""Publish so many readings by pika's asynchronous connection: all at once, and confirms as they come."""

import sys
import time
import uuid

import pika

from address import parameters

word, count = sys.argv[1], int(sys.argv[2])
waiting = {str(uuid.uuid4()): f'{word} {n}' for n in range(1, count + 1)}


class Attempt:
    def __init__(self):
        self.sent = {}
        self.connection = pika.SelectConnection(
            parameters(), self.on_open, on_open_error_callback=self.on_lost, on_close_callback=self.on_lost
        )
        self.connection.ioloop.start()

    def on_open(self, connection):
        connection.channel(on_open_callback=self.on_channel)

    def on_channel(self, channel):
        self.channel = channel
        channel.queue_declare('readings', durable=True, callback=self.on_queue)

    def on_queue(self, frame):
        self.channel.confirm_delivery(self.on_confirm)
        for tag, (message_id, text) in enumerate(waiting.items(), 1):
            properties = pika.BasicProperties(delivery_mode=2, message_id=message_id)
            self.sent[tag] = message_id
            self.channel.basic_publish('', 'readings', text.encode(), properties, mandatory=True)

    def on_confirm(self, frame):
        tags = [t for t in self.sent if t == frame.method.delivery_tag or (frame.method.multiple and t <= frame.method.delivery_tag)]
        for tag in tags:
            message_id = self.sent.pop(tag)
            if isinstance(frame.method, pika.spec.Basic.Ack):
                del waiting[message_id]
        if not self.sent:
            self.connection.close()

    def on_lost(self, connection, reason):
        connection.ioloop.stop()


while waiting:
    Attempt()
    if waiting:
        time.sleep(0.5)
print(count, 'confirmed.')

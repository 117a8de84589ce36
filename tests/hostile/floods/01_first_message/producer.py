"""Publishes for ever."""
import pika
from address import parameters

channel = pika.BlockingConnection(parameters()).channel()
channel.queue_declare('greetings', durable=True)
while True:
    channel.basic_publish('', 'greetings', b'x' * 10_000)

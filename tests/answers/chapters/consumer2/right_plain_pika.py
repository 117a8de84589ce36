"""Print what arrives on my_queue and acknowledge it, with pika alone."""

import pika
from address import parameters


def show(channel, method, properties, body):
    print(body.decode())
    channel.basic_ack(delivery_tag=method.delivery_tag)


channel = pika.BlockingConnection(parameters()).channel()
channel.queue_declare("my_queue", durable=True)
channel.basic_qos(prefetch_count=1)
channel.basic_consume("my_queue", show)
print("Starting consumer.")
channel.start_consuming()
print("Consumer has terminated.")

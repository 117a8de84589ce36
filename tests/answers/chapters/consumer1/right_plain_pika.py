"""Print what arrives on my_queue and acknowledge nothing, with pika alone."""

import pika
from address import parameters


def show(channel, method, properties, body):
    print(body.decode())


channel = pika.BlockingConnection(parameters()).channel()
channel.queue_declare(queue="my_queue", durable=True)
channel.basic_consume(queue="my_queue", on_message_callback=show)
print("Starting consumer.")
channel.start_consuming()
print("Consumer has terminated.")

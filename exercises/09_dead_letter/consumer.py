"""Process the orders; what fails goes to the queue failed, by way of the dead-letter exchange: python consumer.py"""

import pika

from address import parameters
from exercises.orders import process

connection = pika.BlockingConnection(parameters())
channel = connection.channel()

# TODO: declare the dead-letter exchange dead and the queue failed, and bind them.
# TODO: tell the queue orders, by its arguments, where to send what it gives up on.
channel.queue_declare("orders", durable=True)
channel.basic_qos(prefetch_count=1)


def message_handler(channel, method, properties, body):
    process(body.decode())  # TODO: it raises ValueError for an order that can never succeed.
    channel.basic_ack(method.delivery_tag)


channel.basic_consume("orders", message_handler)
print("Waiting for orders.")
channel.start_consuming()

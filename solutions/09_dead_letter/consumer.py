"""Process the orders; what fails goes to the queue failed, by way of the dead-letter exchange: python consumer.py"""

import pika

from address import parameters
from exercises.orders import process

connection = pika.BlockingConnection(parameters())
channel = connection.channel()

channel.exchange_declare("dead", "fanout", durable=True)
channel.queue_declare("failed", durable=True)
channel.queue_bind("failed", "dead")
channel.queue_declare("orders", durable=True, arguments={"x-dead-letter-exchange": "dead"})
channel.basic_qos(prefetch_count=1)


def message_handler(channel, method, properties, body):
    try:
        process(body.decode())
    except ValueError as error:
        print(f"failed: {error}")
        channel.basic_reject(method.delivery_tag, requeue=False)
    else:
        channel.basic_ack(method.delivery_tag)


channel.basic_consume("orders", message_handler)
print("Waiting for orders.")
channel.start_consuming()

# says: The connection was lost during the work: nobody answered the broker's heartbeats.
"""Do long work, and connect again whenever the connection was lost."""

import pika
from address import parameters
from exercises.long_work import work


def message_handler(channel, method, properties, body):
    work(body.decode())
    channel.basic_ack(method.delivery_tag)


while True:
    try:
        channel = pika.BlockingConnection(parameters()).channel()
        channel.queue_declare('jobs', durable=True)
        channel.basic_qos(prefetch_count=1)
        channel.basic_consume('jobs', message_handler)
        channel.start_consuming()
    except pika.exceptions.AMQPError:
        continue

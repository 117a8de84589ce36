"""Do long work in a second thread, so that this one answers the broker's heartbeats: python consumer.py"""

import pika

from address import parameters
from exercises.long_work import work

connection = pika.BlockingConnection(parameters())
channel = connection.channel()
channel.queue_declare("jobs", durable=True)
channel.basic_qos(prefetch_count=1)


def message_handler(channel, method, properties, body):
    # TODO: this blocks the connection's thread. Work in another one, and have this one acknowledge.
    work(body.decode())
    channel.basic_ack(method.delivery_tag)


channel.basic_consume("jobs", message_handler)
print("Waiting for jobs.")
channel.start_consuming()

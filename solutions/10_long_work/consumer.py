"""Do long work in a second thread, so that this one answers the broker's heartbeats: python consumer.py"""

import threading

import pika

from address import parameters
from exercises.long_work import work

connection = pika.BlockingConnection(parameters())
channel = connection.channel()
channel.queue_declare("jobs", durable=True)
channel.basic_qos(prefetch_count=1)


def message_handler(channel, method, properties, body):
    threading.Thread(target=do, args=(method.delivery_tag, body.decode())).start()


def do(delivery_tag, message):
    work(message)
    connection.add_callback_threadsafe(lambda: channel.basic_ack(delivery_tag))


channel.basic_consume("jobs", message_handler)
print("Waiting for jobs.")
channel.start_consuming()

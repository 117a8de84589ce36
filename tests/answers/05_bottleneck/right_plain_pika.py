import threading

import pika

from address import parameters
from exercises.work import chop, fry, peel


def stage(source, target, work):
    connection = pika.BlockingConnection(parameters())
    channel = connection.channel()
    channel.confirm_delivery()
    channel.queue_declare(source, durable=True)
    channel.basic_qos(prefetch_count=1)
    if target:
        channel.queue_declare(target, durable=True)

    def callback(ch, method, properties, body):
        work(body.decode())
        if target:
            ch.basic_publish("", target, body, pika.BasicProperties(delivery_mode=2), mandatory=True)
        ch.basic_ack(method.delivery_tag)

    channel.basic_consume(source, callback)
    channel.start_consuming()


for args in [
    ("my_queue", "peeled", peel),
    ("peeled", "chopped", chop),
    ("peeled", "chopped", chop),
    ("peeled", "chopped", chop),
    ("chopped", "", fry),
]:
    threading.Thread(target=stage, args=args).start()

import multiprocessing

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
            ch.basic_publish('', target, body, pika.BasicProperties(delivery_mode=2), mandatory=True)
        ch.basic_ack(method.delivery_tag)

    channel.basic_consume(source, callback)
    channel.start_consuming()


KITCHEN = [
    (1, 'my_queue', 'peeled', peel),
    (3, 'peeled', 'chopped', chop),
    (1, 'chopped', '', fry),
]

if __name__ == '__main__':
    for count, *args in KITCHEN:
        for _ in range(count):
            multiprocessing.Process(target=stage, args=args).start()

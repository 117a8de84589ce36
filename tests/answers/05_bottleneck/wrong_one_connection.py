# says: The consumers of the slow stage do not work at the same time.
import threading

import pika

from address import parameters
from exercises.work import chop, fry, peel


def stage(source, target, work, count=1):
    connection = pika.BlockingConnection(parameters())

    def callback(ch, method, properties, body):
        work(body.decode())
        if target:
            ch.basic_publish('', target, body, pika.BasicProperties(delivery_mode=2))
        ch.basic_ack(method.delivery_tag)

    for _ in range(count):
        channel = connection.channel()
        channel.confirm_delivery()
        channel.queue_declare(source, durable=True)
        channel.basic_qos(prefetch_count=1)
        channel.basic_consume(source, callback)
    channel.start_consuming()


threading.Thread(target=stage, args=('my_queue', 'peeled', peel)).start()
threading.Thread(target=stage, args=('peeled', 'chopped', chop, 3)).start()
threading.Thread(target=stage, args=('chopped', '', fry)).start()

# says: Two stages share one connection.
import threading

import pika

from address import parameters

connection = pika.BlockingConnection(parameters())


def stage(source, target, work):
    channel = connection.channel()
    channel.queue_declare(source, durable=True)
    channel.basic_qos(prefetch_count=1)

    def callback(ch, method, properties, body):
        message = body.decode()
        result = message if message == 'HALT' else work(message)
        if target:
            ch.basic_publish('', target, result, pika.BasicProperties(delivery_mode=2))
        ch.basic_ack(method.delivery_tag)
        if message == 'HALT':
            ch.stop_consuming()

    channel.basic_consume(source, callback)
    return channel


stages = [stage('loud', '', print), stage('upper', 'loud', '{}!'.format), stage('my_queue', 'upper', str.upper)]
for channel in stages:
    threading.Thread(target=channel.start_consuming).start()

"""Print what arrives on my_queue, acknowledge it, and end on the poison pill, with pika alone."""

import pika
from address import parameters

connection = pika.BlockingConnection(parameters())
channel = connection.channel()
channel.queue_declare('my_queue', durable=True)
channel.basic_qos(prefetch_count=1)


def show(channel, method, properties, body):
    if body == b'HALT':
        print('Halting the consumer.')
        channel.basic_ack(method.delivery_tag)
        channel.stop_consuming()
        return
    print(body.decode())
    channel.basic_ack(method.delivery_tag)


channel.basic_consume('my_queue', show)
print('Starting consumer.')
channel.start_consuming()
connection.close()
print('Consumer has terminated.')

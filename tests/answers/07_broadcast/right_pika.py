"""Do the work on the queue jobs with pika alone; on HALT cancel, then get what is left, one by one."""

import pika
from address import parameters
from exercises.work import work

connection = pika.BlockingConnection(parameters())
channel = connection.channel()
channel.queue_declare('jobs', durable=True)
channel.basic_qos(prefetch_count=1)
channel.exchange_declare(exchange='halt', exchange_type='fanout', durable=True)
channel.queue_declare('', exclusive=True)
channel.queue_bind('', 'halt')  # the queue that was declared last


def do(channel, method, properties, body):
    work(body.decode())
    channel.basic_ack(method.delivery_tag)


def halt(channel, method, properties, body):
    channel.basic_ack(method.delivery_tag)
    if body == b'HALT':
        channel.stop_consuming()


channel.basic_consume('', halt)
channel.basic_consume('jobs', do)
channel.start_consuming()
while (got := channel.basic_get('jobs'))[0]:
    do(channel, *got)
connection.close()

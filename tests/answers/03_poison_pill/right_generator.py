import pika

from address import parameters
from exercises.work import work

with pika.BlockingConnection(parameters()) as connection:
    channel = connection.channel()
    channel.queue_declare('jobs', durable=True)
    for method, properties, body in channel.consume('jobs'):
        if body == b'HALT':
            channel.basic_ack(method.delivery_tag)
            channel.cancel()  # gives back what has come already
            break
        work(body.decode())
        channel.basic_ack(method.delivery_tag)
